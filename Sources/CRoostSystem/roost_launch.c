#define _GNU_SOURCE
#include "roost_system.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// Runs in the child between fork and exec: async-signal-safe calls only.
static void become(
    const char *path, char *const *arguments, char *const *environment, int descriptor, int report) {
    report = fcntl(report, F_DUPFD_CLOEXEC, 64);
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (null >= 0) dup2(null, 0);
    // dup2 with equal numbers would leave it closed on exec.
    if (descriptor == 3) fcntl(3, F_SETFD, 0);
    else dup2(descriptor, 3);
    syscall(SYS_close_range, 4, ~0u, 4 /* CLOSE_RANGE_CLOEXEC */);

    struct sigaction plain;
    memset(&plain, 0, sizeof plain);
    plain.sa_handler = SIG_DFL;
    // SIGHUP stays as it was: what nohup has ignored outlives its terminal after an upgrade too.
    for (int number = 1; number < 32; number++)
        if (number != SIGHUP) sigaction(number, &plain, NULL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve(path, arguments, environment);
    int failure = errno;
    ssize_t ignored = write(report, &failure, sizeof failure);
    (void)ignored;
    _exit(127);
}

pid_t roost_launch(
    const char *path, char *const *arguments, char *const *environment, int descriptor, int *failure) {
    *failure = 0;
    int report[2];
    if (pipe2(report, O_CLOEXEC) != 0) {
        *failure = errno;
        return -1;
    }
    pid_t pid = fork();
    if (pid == 0) become(path, arguments, environment, descriptor, report[1]);
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

int roost_lower_descriptor_limit(pid_t pid, unsigned long long soft) {
    struct rlimit limit;
    if (prlimit(pid, RLIMIT_NOFILE, NULL, &limit) != 0) return -1;
    if (limit.rlim_cur <= soft) return 0;
    limit.rlim_cur = (rlim_t)soft;
    return prlimit(pid, RLIMIT_NOFILE, &limit, NULL);
}
