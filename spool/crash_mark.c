/*
 * A signal handler that leaves one byte in a file and lets the process end as it would have without it. It may use only
 * what is safe in a handler (open, write, raise), so the path is built beforehand and stands in a static buffer.
 */
#include "spool/crash_mark.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Signals that the program itself causes: memory faults, abort, the trap of g_error. */
static const int fatal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP};

enum { STACK = 64 * 1024 };

static char watched[4096]; /* path of the job's .crashes; empty: nothing is watched */
static char stack[STACK];  /* the handler's own: the thread's stack may be what overflowed */
static pthread_t watcher;  /* the thread that judges */
static struct sigaction before[G_N_ELEMENTS(fatal)];

static char *mark_path(const struct spool *spool, enum job_state state, int64_t id)
{
    g_autofree char *dir = job_path(spool, state, id, NULL);

    return g_build_filename(dir ? dir : "", CRASH_MARK, NULL);
}

/* The handler. If anything fails here, the process ends by the same signal all the same. */
static void leave_mark(int signal_number)
{
    /* A crash in a transfer worker is not the doing of the file that is judged meanwhile. */
    bool ours = pthread_equal(pthread_self(), watcher) != 0;
    int fd = !ours ? -1 : open(watched, O_WRONLY | O_CREAT | O_APPEND | O_DSYNC | O_CLOEXEC | O_NOFOLLOW, 0640);

    if (fd >= 0 && write(fd, "x", 1) != 1)
        watched[0] = '\0';      /* one crash is not counted: the file is judged once more than usual */
    (void)raise(signal_number); /* SA_RESETHAND: the default action comes now */
}

void crash_mark_watch(const struct spool *spool, enum job_state state, int64_t id)
{
    const stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
    struct sigaction action = {.sa_handler = leave_mark, .sa_flags = (int)(SA_RESETHAND | SA_NODEFER | SA_ONSTACK)};
    g_autofree char *path = mark_path(spool, state, id);

    if (g_strlcpy(watched, path, sizeof watched) >= sizeof watched) {
        watched[0] = '\0'; /* open would refuse such a path too */
        return;
    }
    watcher = pthread_self();
    sigemptyset(&action.sa_mask);
    (void)sigaltstack(&alternate, NULL); /* without it only a stack overflow is not counted */
    for (size_t i = 0; i < G_N_ELEMENTS(fatal); i++)
        (void)sigaction(fatal[i], &action, &before[i]); /* cannot fail for these */
}

void crash_mark_unwatch(void)
{
    if (watched[0] == '\0')
        return;
    for (size_t i = 0; i < G_N_ELEMENTS(fatal); i++)
        (void)sigaction(fatal[i], &before[i], NULL); /* cannot fail for these */
    watched[0] = '\0';
}

bool crash_mark_count(const struct spool *spool, enum job_state state, int64_t id, int64_t *crashes, GError **error)
{
    g_autofree char *path = mark_path(spool, state, id);
    struct stat st;

    *crashes = 0;
    if (lstat(path, &st) == 0)
        *crashes = (int64_t)st.st_size;
    else if (errno != ENOENT) {
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "cannot look at %s: %s", path, g_strerror(errno));
        return false;
    }
    return true;
}

bool crash_mark_clear(const struct spool *spool, enum job_state state, int64_t id, GError **error)
{
    g_autofree char *path = mark_path(spool, state, id);

    return disk_unlink(STEP_MARK_CLEARED, path, error);
}
