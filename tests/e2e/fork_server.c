/*
 * A preloaded library that makes many runs of a program out of one start of it. For tests only.
 *
 * Most of a short run is the loading of two dozen libraries. This library stops the program when they are loaded and
 * before main. For each request it forks: the child calls main with the arguments and the environment of the request
 * and exits with its result. The program's own code is untouched, and every run begins with fresh memory.
 * tests/e2e/gate.py is the other side.
 *
 *   FORK_SERVER=FD   a socket (SOCK_SEQPACKET) that takes requests; without it the program runs as usual
 *   LEAKS=no         in the environment of a request: a sanitized run does not look for leaks at its end
 *
 * A request is one message: the number of arguments, the arguments, then the environment, each ended by a NUL; with it
 * come two descriptors, the run's standard output and standard error. Two messages answer it: the process number as
 * soon as it is known (a pid_t), and the end (struct ended). The server ends when the other side closes the socket.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include <dlfcn.h>
#include <fcntl.h>
#include <grp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

typedef int (*main_type)(int, char **, char **);
typedef int (*start_type)(main_type, int, char **, void (*)(void), void (*)(void), void (*)(void), void *);

enum { MOST_BYTES = 128 * 1024, MOST_STRINGS = 1024 };

struct request {
    size_t len;
    int out, err;
    char bytes[MOST_BYTES];
    int argc;
    char *argv[MOST_STRINGS]; /* NULL behind the last */
    char *envp[MOST_STRINGS]; /* NULL behind the last */
};

struct ended {
    int64_t status;  /* as wait(2) returns it */
    int64_t work;    /* microseconds of a processor */
    int64_t peak;    /* the most memory that it had, in KiB */
    int64_t written; /* bytes that it gave to calls that write, its children's included */
};

static main_type program;
static void *volatile sha256; /* kept and never read: what nobody points to would be a leak */
static struct request request;

/* Another preloaded library may remember the environment; the child has one of its own. */
void fault_forget(void) __attribute__((weak));

static bool receive(int fd)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(2 * sizeof(int))];
    } control;
    struct iovec bytes = {.iov_base = request.bytes, .iov_len = sizeof request.bytes - 1};
    struct msghdr message = {
        .msg_iov = &bytes, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    int fds[2];

    ssize_t len = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
    if (len <= 0)
        return false;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 || header == NULL ||
        header->cmsg_len != CMSG_LEN(sizeof fds))
        abort(); /* a test that asks for nonsense must not pass */
    memcpy(fds, CMSG_DATA(header), sizeof fds);
    request.len = (size_t)len;
    request.bytes[len] = '\0';
    request.out = fds[0];
    request.err = fds[1];
    return true;
}

static int64_t microseconds(struct timeval time)
{
    return time.tv_sec * (int64_t)1000000 + time.tv_usec;
}

/* Points argv and envp into the bytes. */
static void take_apart(void)
{
    char *at = request.bytes, *end = request.bytes + request.len;
    int envc = 0;

    request.argc = (int)strtol(at, NULL, 10);
    at += strlen(at) + 1;
    for (int i = 0; at < end; i++) {
        if (i >= MOST_STRINGS - 1)
            abort();
        if (i < request.argc)
            request.argv[i] = at;
        else
            request.envp[envc++] = at;
        at += strlen(at) + 1;
    }
    request.argv[request.argc] = NULL;
    request.envp[envc] = NULL;
}

/* The child: becomes a run of the program. dup3 and close are system calls here, so that no other preloaded library
 * counts them. */
static int run(int fd)
{
    (void)syscall(SYS_dup3, request.out, STDOUT_FILENO, 0);
    (void)syscall(SYS_dup3, request.err, STDERR_FILENO, 0);
    (void)syscall(SYS_close, request.out);
    (void)syscall(SYS_close, request.err);
    (void)syscall(SYS_close, fd);
    take_apart();
    environ = request.envp;
    if (fault_forget != NULL)
        fault_forget();
    return program(request.argc, request.argv, request.envp);
}

/* LeakSanitizer asks at the end of a run; without one nobody does. */
int __lsan_is_turned_off(void);

int __lsan_is_turned_off(void)
{
    const char *leaks = getenv("LEAKS");

    return leaks != NULL && strcmp(leaks, "no") == 0;
}

/* What the libraries do at their first use in each process and what is the same in all: the modules that look up a
 * group, and libcrypto's providers. */
static void warm(void)
{
    typedef void *(*fetch_type)(void *, const char *, const char *);
    void *found = dlsym(RTLD_DEFAULT, "EVP_MD_fetch");
    fetch_type fetch;

    (void)getgrnam("root");
    memcpy(&fetch, &found, sizeof fetch);
    if (fetch != NULL)
        sha256 = fetch(NULL, "SHA2-256", NULL);
}

/* What the kernel has counted of a process that has ended and is not reaped yet; 0: it does not tell. */
static int64_t written_by(pid_t child)
{
    char path[64], text[512] = "";
    siginfo_t info;

    if (waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT) != 0)
        return 0;
    (void)snprintf(path, sizeof path, "/proc/%d/io", (int)child); /* fits */
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd >= 0 ? syscall(SYS_read, fd, text, sizeof text - 1) : 0;
    if (fd >= 0)
        (void)syscall(SYS_close, fd);
    const char *found = got > 0 ? strstr(text, "wchar: ") : NULL;
    return found != NULL ? strtoll(found + strlen("wchar: "), NULL, 10) : 0;
}

static int serve(int argc, char **argv, char **envp)
{
    const char *number = getenv("FORK_SERVER");

    if (number == NULL)
        return program(argc, argv, envp);
    int fd = (int)strtol(number, NULL, 10);
    warm();
    while (receive(fd)) {
        pid_t child = fork();
        if (child == 0)
            return run(fd);
        (void)syscall(SYS_close, request.out);
        (void)syscall(SYS_close, request.err);
        int status = 0;
        struct rusage usage;
        if (child < 0 || send(fd, &child, sizeof child, 0) < 0)
            abort();
        int64_t written = written_by(child);
        if (wait4(child, &status, 0, &usage) != child)
            abort();
        struct ended ended = {.status = status,
                              .work = microseconds(usage.ru_utime) + microseconds(usage.ru_stime),
                              .peak = usage.ru_maxrss,
                              .written = written};
        (void)send(fd, &ended, sizeof ended, MSG_NOSIGNAL);
    }
    _exit(0);
}

int __libc_start_main(main_type, int, char **, void (*)(void), void (*)(void), void (*)(void), void *);

int __libc_start_main(main_type real_main, int argc, char **argv, void (*init)(void), void (*fini)(void),
                      void (*end)(void), void *stack)
{
    void *found = dlsym(RTLD_NEXT, "__libc_start_main");
    start_type start;

    if (found == NULL)
        abort();
    memcpy(&start, &found, sizeof start);
    program = real_main;
    return start(serve, argc, argv, init, fini, end, stack);
}
