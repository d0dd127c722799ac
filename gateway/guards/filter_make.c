/*
 * Runs while ecosgate is built and writes the filters of system calls as C: the programs that libseccomp makes of the
 * lists below. So neither a process nor a start of the gateway pays for their making (0.3 ms), nor loads libseccomp.
 */
#include "gateway/guards/guards.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#ifdef HAVE_LIBSECCOMP
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#endif

#ifdef HAVE_LIBSECCOMP

#define N_OF(array) (sizeof(array) / sizeof *(array))

/* Memory, the end, and what the C library asks for meanwhile. None of them reaches anything outside of the process. */
static const int calls[] = {
    SCMP_SYS(brk),        SCMP_SYS(munmap),        SCMP_SYS(mremap),       SCMP_SYS(madvise),         SCMP_SYS(futex),
    SCMP_SYS(exit_group), SCMP_SYS(exit),          SCMP_SYS(rt_sigreturn), SCMP_SYS(getrandom),       SCMP_SYS(getpid),
    SCMP_SYS(gettid),     SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday), SCMP_SYS(restart_syscall),
};

static const int calls_of_sanitizers[] = {
    SCMP_SYS(sigaltstack), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(sched_yield),
    SCMP_SYS(write),       SCMP_SYS(readlink),     SCMP_SYS(getuid),         SCMP_SYS(prctl),
};

/* What a session takes besides, once it has its sockets. */
static const int calls_of_connected[] = {
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(readv),
    SCMP_SYS(writev),
    SCMP_SYS(close),
    SCMP_SYS(fstat),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(getsockname),
    SCMP_SYS(getpeername),
    SCMP_SYS(getsockopt),
    SCMP_SYS(setsockopt),
    SCMP_SYS(sendto),
    SCMP_SYS(sendmsg),
    SCMP_SYS(recvfrom),
    SCMP_SYS(recvmsg),
    SCMP_SYS(shutdown),
    SCMP_SYS(nanosleep),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(clock_getres),
    SCMP_SYS(time),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getgid),
    SCMP_SYS(getegid),
    SCMP_SYS(getppid),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rseq),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(landlock_create_ruleset),
    SCMP_SYS(landlock_restrict_self), /* takes away */
};

/* And until then: files that Landlock lets it read, sockets, and what name services ask for. */
static const int calls_of_sessions[] = {
    SCMP_SYS(pread64),    SCMP_SYS(lseek),         SCMP_SYS(open),       SCMP_SYS(openat),     SCMP_SYS(stat),
    SCMP_SYS(lstat),      SCMP_SYS(newfstatat),    SCMP_SYS(statx),      SCMP_SYS(statfs),     SCMP_SYS(fstatfs),
    SCMP_SYS(access),     SCMP_SYS(faccessat),     SCMP_SYS(faccessat2), SCMP_SYS(readlink),   SCMP_SYS(readlinkat),
    SCMP_SYS(getdents64), SCMP_SYS(getcwd),        SCMP_SYS(fcntl),      SCMP_SYS(dup),        SCMP_SYS(select),
    SCMP_SYS(pselect6),   SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl),  SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait),
    SCMP_SYS(eventfd2),   SCMP_SYS(pipe2),         SCMP_SYS(connect),    SCMP_SYS(bind),       SCMP_SYS(sendmmsg),
    SCMP_SYS(recvmmsg),   SCMP_SYS(uname),         SCMP_SYS(sysinfo),    SCMP_SYS(mmap),       SCMP_SYS(mprotect),
    SCMP_SYS(seccomp), /* takes away */
};

static void allow_with(scmp_filter_ctx context, int call, struct scmp_arg_cmp compared)
{
    (void)seccomp_rule_add_array(context, SCMP_ACT_ALLOW, call, 1, &compared); /* a call that is missing is refused */
}

static void allow_all(scmp_filter_ctx context, const int *allowed, size_t n)
{
    for (size_t i = 0; i < n; i++)
        (void)seccomp_rule_add_array(context, SCMP_ACT_ALLOW, allowed[i], 0, NULL); /* as above */
}

/* Memory that is never run. */
static void allow_data(scmp_filter_ctx context)
{
    allow_with(context, SCMP_SYS(mmap), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    allow_with(context, SCMP_SYS(mprotect), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
}

static void allow_cell(scmp_filter_ctx context)
{
    allow_all(context, calls, N_OF(calls));
    allow_all(context, calls_of_sanitizers, GUARD_SANITIZED ? N_OF(calls_of_sanitizers) : 0);
    allow_with(context, SCMP_SYS(write), SCMP_A0(SCMP_CMP_EQ, CELL_SOCKET));
    allow_with(context, SCMP_SYS(pread64), SCMP_A0(SCMP_CMP_EQ, CELL_PAYLOAD));
    allow_with(context, SCMP_SYS(fstat), SCMP_A0(SCMP_CMP_EQ, CELL_PAYLOAD));
    allow_with(context, SCMP_SYS(newfstatat), SCMP_A0(SCMP_CMP_EQ, CELL_PAYLOAD)); /* fstat of the C library */
    allow_data(context);
}

static void allow_connected(scmp_filter_ctx context)
{
    allow_all(context, calls, N_OF(calls));
    allow_all(context, calls_of_sanitizers, GUARD_SANITIZED ? N_OF(calls_of_sanitizers) : 0);
    allow_all(context, calls_of_connected, N_OF(calls_of_connected));
    allow_with(context, SCMP_SYS(fcntl), SCMP_A1(SCMP_CMP_EQ, F_GETFL));
    allow_with(context, SCMP_SYS(fcntl), SCMP_A1(SCMP_CMP_EQ, F_SETFL));
    allow_data(context);
}

static void allow_session(scmp_filter_ctx context)
{
    static const int families[] = {AF_INET, AF_INET6, AF_UNIX, AF_NETLINK}; /* the last two: name services, ssh-agent */

    allow_connected(context);
    allow_all(context, calls_of_sessions, N_OF(calls_of_sessions));
    for (size_t i = 0; i < N_OF(families); i++)
        allow_with(context, SCMP_SYS(socket), SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i]));
    allow_with(context, SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_EQ, FIONREAD));
    allow_with(context, SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_EQ, FIONBIO));
    allow_with(context, SCMP_SYS(prlimit64), SCMP_A0(SCMP_CMP_EQ, 0));
    allow_with(context, SCMP_SYS(clone), SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
    (void)seccomp_rule_add(context, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0); /* its flags cannot be seen: clone is
                                                                                   * taken in its place */
}

/* Prints the instructions of a file, and returns their number; 0: it cannot be read. */
static unsigned print(FILE *file)
{
    struct sock_filter at;
    unsigned n = 0;

    for (rewind(file); fread(&at, sizeof at, 1, file) == 1; n++)
        printf("    {0x%x, %u, %u, 0x%x},\n", at.code, at.jt, at.jf, at.k);
    return n;
}

static unsigned print_filter(uint32_t otherwise, void (*allow)(scmp_filter_ctx context))
{
    scmp_filter_ctx context = seccomp_init(otherwise);
    FILE *file = tmpfile();
    unsigned n = 0;

    if (context != NULL && file != NULL) {
        allow(context);
        (void)seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* else a line of comparisons: right, slower */
        if (seccomp_export_bpf(context, fileno(file)) == 0)
            n = print(file);
    }
    if (file != NULL)
        (void)fclose(file); /* only read */
    seccomp_release(context);
    return n;
}

static unsigned print_cell(void)
{
    return print_filter(SCMP_ACT_KILL_PROCESS, allow_cell);
}

static unsigned print_session(void)
{
    return print_filter(SCMP_ACT_ERRNO(EPERM), allow_session);
}

static unsigned print_connected(void)
{
    return print_filter(SCMP_ACT_ERRNO(EPERM), allow_connected);
}

#else

/* A C array has a member. */
static unsigned print_cell(void)
{
    puts("    {0, 0, 0, 0},");
    return 0;
}

static unsigned print_session(void)
{
    return print_cell();
}

static unsigned print_connected(void)
{
    return print_cell();
}

#endif

/* Writes one filter. False: there is none, though there should be. */
static bool write_filter(const char *name, unsigned (*print_it)(void))
{
    printf("static const struct sock_filter %s[] = {\n", name);
    unsigned n = print_it();
    printf("};\nconst struct guard_filter guard_filter_%s = {%s, %u};\n", name, name, n);
#ifdef HAVE_LIBSECCOMP
    return n > 0;
#else
    return true;
#endif
}

int main(void)
{
    puts("#include \"gateway/guards/guards.h\"\n");
    if (!write_filter("cell", print_cell) || !write_filter("session", print_session) ||
        !write_filter("connected", print_connected))
        return EXIT_FAILURE;
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
