#define _GNU_SOURCE
#include "roost_system.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int roost_futex_wait(uint32_t *word, uint32_t expected, int64_t timeout_ns) {
    struct timespec timeout = {timeout_ns / 1000000000, timeout_ns % 1000000000};
    return (int)syscall(SYS_futex, word, FUTEX_WAIT, expected, timeout_ns < 0 ? NULL : &timeout, NULL, 0);
}

int roost_futex_wake(uint32_t *word, int count) {
    return (int)syscall(SYS_futex, word, FUTEX_WAKE, count, NULL, NULL, 0);
}

void roost_keep_freed_memory(size_t size) {
    // The thresholds follow the largest block that was mapped and freed.
    void *volatile block = malloc(size);
    free(block);
}

void roost_return_freed_memory(void) { malloc_trim(0); }

size_t roost_freed_memory(void) {
#if __GLIBC_PREREQ(2, 33)
    return mallinfo2().fordblks;
#else
    return (unsigned)mallinfo().fordblks;
#endif
}

int roost_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

int roost_sealed_memory(const char *name, size_t size) {
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0) return -1;
    if (ftruncate(fd, (off_t)size) != 0 || fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
        int saved = errno;
        close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

int roost_spool_file(const char *directory) {
    int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT && errno != EINVAL)) return fd;
    // Some file systems know no O_TMPFILE: make a file with a name and take the name away.
    char path[4096];
    if (snprintf(path, sizeof path, "%s/roost-spool-XXXXXX", directory) >= (int)sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0) unlink(path);
    return fd;
}

ssize_t roost_send_with_descriptor(int socket, const void *bytes, size_t count, int descriptor) {
    return roost_send_with_descriptors(socket, bytes, count, &descriptor, descriptor >= 0 ? 1 : 0);
}

ssize_t roost_send_with_descriptors(
    int socket, const void *bytes, size_t count, const int *descriptors, int descriptor_count) {
    struct iovec part = {(void *)bytes, count};
    union { struct cmsghdr header; char space[CMSG_SPACE(16 * sizeof(int))]; } control;
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (descriptor_count < 0 || descriptor_count > 16) {
        errno = EINVAL;
        return -1;
    }
    if (descriptor_count > 0) {
        size_t size = (size_t)descriptor_count * sizeof(int);
        memset(&control, 0, sizeof control);
        message.msg_control = control.space;
        message.msg_controllen = CMSG_SPACE(size);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(size);
        memcpy(CMSG_DATA(header), descriptors, size);
    }
    ssize_t sent;
    do sent = sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (sent < 0 && errno == EINTR);
    return sent;
}

ssize_t roost_receive_with_descriptor(int socket, void *bytes, size_t count, int *descriptor, int wait) {
    struct iovec part = {bytes, count};
    // Room for several: a stranger who sends more than one must not leave the others open in us.
    union { struct cmsghdr header; char space[CMSG_SPACE(16 * sizeof(int))]; } control;
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof control.space};
    *descriptor = -1;
    ssize_t received;
    do received = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | (wait ? 0 : MSG_DONTWAIT));
    while (received < 0 && errno == EINTR);
    if (received < 0) return -1;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        size_t many = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t index = 0; index < many; index++) {
            int taken;
            memcpy(&taken, CMSG_DATA(header) + index * sizeof(int), sizeof(int));
            if (*descriptor < 0) *descriptor = taken;
            else close(taken);
        }
    }
    if (*descriptor < 0 && (message.msg_flags & MSG_CTRUNC)) *descriptor = -2;
    return received;
}

// Closes every descriptor from 3 on that is not among `kept`, which is sorted by this: a parent that has used up its
// numbers leaves none to a child that still has copies of them all.
static void close_others(int *kept, int count) {
    for (int index = 1; index < count; index++) {
        int moved = kept[index], place = index;
        for (; place > 0 && kept[place - 1] > moved; place--) kept[place] = kept[place - 1];
        kept[place] = moved;
    }
    int from = 3;
    for (int index = 0; index < count; index++) {
        if (kept[index] < from) continue;
        if (kept[index] > from) syscall(SYS_close_range, from, kept[index] - 1, 0);
        from = kept[index] + 1;
    }
    syscall(SYS_close_range, from, ~0u, 0);
}

// Runs in the child between fork and exec: async-signal-safe calls only.
static void become(
    const char *path, char *const *arguments, char *const *environment, const char *directory,
    int output, int error, const int *descriptors, int descriptor_count, int report, pid_t parent) {
    int kept[19] = {output, error, report};
    for (int index = 0; index < descriptor_count; index++) kept[3 + index] = descriptors[index];
    close_others(kept, 3 + descriptor_count);
    // Lift everything that is wanted above the numbers it will get, then put it in its place.
    int lifted[16];
    int high = 64;
    report = fcntl(report, F_DUPFD_CLOEXEC, high);
    int null = open("/dev/null", O_RDONLY);
    null = fcntl(null, F_DUPFD_CLOEXEC, high);
    output = fcntl(output, F_DUPFD_CLOEXEC, high);
    error = fcntl(error, F_DUPFD_CLOEXEC, high);
    for (int index = 0; index < descriptor_count; index++)
        lifted[index] = fcntl(descriptors[index], F_DUPFD_CLOEXEC, high);
    dup2(null, 0);
    dup2(output, 1);
    dup2(error, 2);
    for (int index = 0; index < descriptor_count; index++) dup2(lifted[index], 3 + index);
    syscall(SYS_close_range, 3 + descriptor_count, ~0u, 4 /* CLOSE_RANGE_CLOEXEC */);

    struct sigaction plain;
    memset(&plain, 0, sizeof plain);
    plain.sa_handler = SIG_DFL;
    for (int number = 1; number < 32; number++) sigaction(number, &plain, NULL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    // A group of its own: Ctrl-C in the terminal reaches the front, which then drains; it must not cut the workers.
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int failure = 0;
    if (getppid() != parent) _exit(127);
    if (directory && chdir(directory) != 0) failure = errno;
    if (!failure) {
        execve(path, arguments, environment);
        failure = errno;
    }
    ssize_t ignored = write(report, &failure, sizeof failure);
    (void)ignored;
    _exit(127);
}

pid_t roost_spawn(
    const char *path, char *const *arguments, char *const *environment, const char *directory,
    int output, int error, const int *descriptors, int descriptor_count, int *failure) {
    *failure = 0;
    if (descriptor_count > 16) {
        *failure = EINVAL;
        return -1;
    }
    int report[2];
    if (pipe2(report, O_CLOEXEC) != 0) {
        *failure = errno;
        return -1;
    }
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0) {
        close(report[0]);
        become(path, arguments, environment, directory, output, error, descriptors, descriptor_count, report[1],
               parent);
    }
    if (pid < 0) *failure = errno;
    close(report[1]);
    if (pid > 0) {
        ssize_t got;
        do got = read(report[0], failure, sizeof *failure);
        while (got < 0 && errno == EINTR);
        if (got == (ssize_t)sizeof *failure && *failure != 0) {
            waitpid(pid, NULL, 0);
            pid = -1;
        }
    }
    close(report[0]);
    return pid;
}

int roost_reap(int pidfd, int *status) {
    siginfo_t information;
    memset(&information, 0, sizeof information);
    int result;
    do result = waitid(P_PIDFD, (id_t)pidfd, &information, WEXITED);
    while (result != 0 && errno == EINTR);
    if (result != 0) return -1;
    *status = information.si_code == CLD_EXITED ? information.si_status : -information.si_status;
    return 0;
}

int roost_is_local_file_system(const char *path) {
    struct statfs info;
    if (statfs(path, &info) != 0) return errno == ENOENT;
    switch ((uint32_t)info.f_type) {
    case 0x6969:      // NFS
    case 0x517B:      // SMB
    case 0xFF534D42:  // CIFS
    case 0xFE534D42:  // SMB 2
    case 0x01021997:  // 9P: WSL's /mnt, virtual machines
    case 0x786F4256:  // VirtualBox's shared folders
    case 0x65735546:  // FUSE, virtiofs: sshfs, Docker Desktop
    case 0x5346414F:  // AFS
    case 0x00C36400:  // Ceph
        return 0;
    default:
        return 1;
    }
}
int roost_adopt_orphans(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }

int roost_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

pid_t roost_ended_child(void) {
    siginfo_t information;
    memset(&information, 0, sizeof information);
    int result;
    do result = waitid(P_ALL, 0, &information, WEXITED | WNOHANG | WNOWAIT);
    while (result != 0 && errno == EINTR);
    return result == 0 ? information.si_pid : 0;
}
