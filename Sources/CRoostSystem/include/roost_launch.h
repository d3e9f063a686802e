// Starting a process that is to outlive this one, and limits of those that are not to.
#ifndef ROOST_LAUNCH_H
#define ROOST_LAUNCH_H

#include <sys/types.h>

/// Starts `path` with `descriptor` as its 3, /dev/null as 0, the 1 and 2 of this process, and nothing else inherited.
/// It is no child that is killed with its parent. Returns the pid, or -1 with the errno of what failed in `*failure`.
pid_t roost_launch(
    const char *path, char *const *arguments, char *const *environment, int descriptor, int *failure);

/// Lowers the soft limit of open files of another process to `soft`, if it is higher. prlimit(2).
int roost_lower_descriptor_limit(pid_t pid, unsigned long long soft);

#endif
