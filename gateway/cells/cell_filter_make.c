/*
 * Runs while ecosgate is built and writes the filter of system calls of cells as C: the program that libseccomp makes
 * of the list below. So neither a cell nor a start of the gateway pays for its making (0.3 ms), nor loads libseccomp.
 */
#include "gateway/cells/cell_guard.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#ifdef HAVE_LIBSECCOMP
#include <seccomp.h>
#include <sys/mman.h>
#endif

#ifdef HAVE_LIBSECCOMP

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED true /* the sanitizer has calls of its own */
#else
#define SANITIZED false
#endif

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

static void allow_with(scmp_filter_ctx context, int call, struct scmp_arg_cmp compared)
{
    (void)seccomp_rule_add_array(context, SCMP_ACT_ALLOW, call, 1, &compared); /* a call that is missing is refused */
}

static void allow_calls(scmp_filter_ctx context)
{
    for (size_t i = 0; i < N_OF(calls); i++)
        (void)seccomp_rule_add_array(context, SCMP_ACT_ALLOW, calls[i], 0, NULL); /* as above */
    for (size_t i = 0; SANITIZED && i < N_OF(calls_of_sanitizers); i++)
        (void)seccomp_rule_add_array(context, SCMP_ACT_ALLOW, calls_of_sanitizers[i], 0, NULL);
    allow_with(context, SCMP_SYS(write), SCMP_A0(SCMP_CMP_EQ, CELL_SOCKET));
    allow_with(context, SCMP_SYS(pread64), SCMP_A0(SCMP_CMP_EQ, CELL_PAYLOAD));
    allow_with(context, SCMP_SYS(fstat), SCMP_A0(SCMP_CMP_EQ, CELL_PAYLOAD));
    allow_with(context, SCMP_SYS(newfstatat), SCMP_A0(SCMP_CMP_EQ, CELL_PAYLOAD)); /* fstat of the C library */
    allow_with(context, SCMP_SYS(mmap), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    allow_with(context, SCMP_SYS(mprotect), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
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

static unsigned print_filter(void)
{
    scmp_filter_ctx context = seccomp_init(SCMP_ACT_KILL_PROCESS);
    FILE *file = tmpfile();
    unsigned n = 0;

    if (context != NULL && file != NULL) {
        allow_calls(context);
        (void)seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* else a line of comparisons: right, slower */
        if (seccomp_export_bpf(context, fileno(file)) == 0)
            n = print(file);
    }
    if (file != NULL)
        (void)fclose(file); /* only read */
    seccomp_release(context);
    return n;
}

#else

/* A C array has a member. */
static unsigned print_filter(void)
{
    puts("    {0, 0, 0, 0},");
    return 0;
}

#endif

int main(void)
{
    puts("#include \"gateway/cells/cell_guard.h\"\n");
    puts("const struct sock_filter cell_filter[] = {");
    unsigned n = print_filter();
    printf("};\nconst unsigned short cell_filter_len = %u;\n", n);
#ifdef HAVE_LIBSECCOMP
    if (n == 0)
        return EXIT_FAILURE;
#endif
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
