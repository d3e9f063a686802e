// The system calls that Swift cannot make by itself: `syscall` is variadic, and CMSG_* are macros.
// Every function returns -1 and sets errno on failure, like the call it stands for.
#ifndef ROOST_SYSTEM_H
#define ROOST_SYSTEM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// Sleeps while `*word == expected`, at most `timeout_ns` nanoseconds (negative: without end). futex(2), FUTEX_WAIT,
/// shared between processes.
int roost_futex_wait(uint32_t *word, uint32_t expected, int64_t timeout_ns);
/// Wakes at most `count` sleepers of `word`. futex(2), FUTEX_WAKE.
int roost_futex_wake(uint32_t *word, int count);
/// A descriptor that becomes readable when the process ends. pidfd_open(2).
int roost_pidfd_open(pid_t pid);
/// Anonymous memory with a descriptor, sealed against being resized, so that no holder can make another one fault.
int roost_sealed_memory(const char *name, size_t size);
/// A counter to sleep on, for a process with an event loop: closed on exec, never waits. eventfd(2).
int roost_eventfd(void);
/// Has the allocator keep up to `2 * size` bytes of freed memory at the end of each heap, and blocks up to `size` in it,
/// instead of giving them back to the kernel and having them zeroed again. mallopt(3), "dynamic mmap threshold": what the
/// environment says (MALLOC_TRIM_THRESHOLD_) goes before it.
void roost_keep_freed_memory(size_t size);

/// Gives the pages of freed blocks back to the kernel, wherever in the heaps they lie: malloc_trim(3).
void roost_return_freed_memory(void);
/// Bytes of freed blocks that the allocator keeps, whether their pages were given back or not. mallinfo2(3).
size_t roost_freed_memory(void);
/// An unlinked file in `directory`, for reading and writing.
int roost_spool_file(const char *directory);

/// Sends one message with at most one descriptor (`-1`: none) without waiting. Returns the bytes sent.
ssize_t roost_send_with_descriptor(int socket, const void *bytes, size_t count, int descriptor);
/// Sends one message with at most 16 descriptors without waiting. Returns the bytes sent.
ssize_t roost_send_with_descriptors(
    int socket, const void *bytes, size_t count, const int *descriptors, int descriptor_count);
/// Takes one message and at most one descriptor; `*descriptor` is -1 when none came, -2 when one came
/// for which this process had no number left (EMFILE). Does not wait when `wait` is 0.
ssize_t roost_receive_with_descriptor(int socket, void *bytes, size_t count, int *descriptor, int wait);

/// Starts `path` with the given descriptors at 3, 4, … and nothing else inherited but 0 (/dev/null), 1 and 2.
/// `directory` becomes the working directory unless NULL. The child is killed when the thread that called this ends.
/// Returns the pid; the reason of a failed exec is written to `*failure` (an errno), with -1 returned.
pid_t roost_spawn(
    const char *path, char *const *arguments, char *const *environment, const char *directory,
    int output, int error, const int *descriptors, int descriptor_count, int *failure);

/// Waits until the process of `pidfd` ended and takes its status: the exit status, or minus the signal number.
int roost_reap(int pidfd, int *status);

/// Starts `path` with `descriptor` as its 3, /dev/null as 0, the 1 and 2 of this process, and nothing else inherited.
/// It is no child that is killed with its parent. Returns the pid, or -1 with the errno of what failed in `*failure`.
pid_t roost_launch(
    const char *path, char *const *arguments, char *const *environment, int descriptor, int *failure);

/// Lowers the soft limit of open files of another process to `soft`, if it is higher. prlimit(2).
int roost_lower_descriptor_limit(pid_t pid, unsigned long long soft);

/// Whether the kernel sees every change below `path`: 1 for its own file systems, 0 where others write too (NFS, SMB,
/// folders shared with a virtual machine) and where it cannot be told. statfs(2).
int roost_is_local_file_system(const char *path);
/// Makes this process the parent of descendants whose own parent ends. prctl(2), PR_SET_CHILD_SUBREAPER.
int roost_adopt_orphans(void);
/// A child that has ended and is not reaped, and stays so; 0 when there is none.
pid_t roost_ended_child(void);

#endif
