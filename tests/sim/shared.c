/* Calls of the system are made with syscall(2) where tests/sim/intercept_*.c replace them. */
#include "tests/sim/shared.h"

#include "tests/sim/worker.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* How long a process that works goes on after an event was due, at most; microseconds. */
enum { QUANTUM = 2000 };

struct shared *shared;
struct shared_slot *shared_self;

/* The disk of a new machine: far from any reserve. */
static const uint64_t ROOM = UINT64_C(100) << 30;

void shared_begin(uint64_t seed, const char *folder)
{
    void *page = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (page == MAP_FAILED)
        g_error("no memory for the shared page");
    shared = page;
    shared->seed = seed;
    (void)g_strlcpy(shared->folder, folder, sizeof shared->folder);
}

void shared_end(void)
{
    (void)munmap(shared, sizeof *shared);
    shared = NULL;
}

/* ---- what has a name ---- */

int shared_machine(const char *home)
{
    for (int i = 0; i < SHARED_MACHINES; i++) {
        struct shared_machine *machine = &shared->machines[i];
        if (strcmp(machine->home, home) == 0)
            return i;
        if (machine->home[0] != '\0')
            continue;
        (void)g_strlcpy(machine->home, home, sizeof machine->home);
        machine->started = shared->now - SIM_DAY;
        machine->room = ROOM;
        return i;
    }
    g_error("more than %d machines", SHARED_MACHINES);
}

struct shared_server *shared_server(const char *host)
{
    for (int i = 0; i < SHARED_SERVERS; i++) {
        struct shared_server *server = &shared->servers[i];
        if (strcmp(server->host, host) == 0)
            return server;
        if (server->host[0] == '\0') {
            (void)g_strlcpy(server->host, host, sizeof server->host);
            return server;
        }
    }
    g_error("more than %d servers", SHARED_SERVERS);
}

struct random *shared_random(const char *name)
{
    for (int i = 0; i < SHARED_STREAMS; i++) {
        struct shared_stream *stream = &shared->streams[i];
        if (strcmp(stream->name, name) == 0)
            return &stream->random;
        if (stream->name[0] == '\0') {
            (void)g_strlcpy(stream->name, name, sizeof stream->name);
            random_seed(&stream->random, shared->seed, name);
            return &stream->random;
        }
    }
    g_error("more than %d streams", SHARED_STREAMS);
}

struct shared_machine *shared_own_machine(void)
{
    return shared_self != NULL ? &shared->machines[shared_self->machine] : NULL;
}

/* ---- clocks ---- */

int64_t shared_wall_of(const struct shared_machine *machine)
{
    return shared->now + machine->ahead + (shared->now - machine->drift_from) / SIM_SECOND * machine->drift;
}

int64_t shared_wall(void)
{
    const struct shared_machine *machine = shared_own_machine();

    return machine != NULL ? shared_wall_of(machine) : shared->now;
}

int64_t shared_since_start(void)
{
    const struct shared_machine *machine = shared_own_machine();

    return machine != NULL ? shared->now - machine->started : shared->now;
}

int64_t shared_asleep(void)
{
    const struct shared_machine *machine = shared_own_machine();

    return machine != NULL ? machine->asleep : 0;
}

/* ---- giving control back ---- */

/* A program that works so long without waiting for anything has lost its way: SIGVTALRM ends it, which the simulator
 * calls a crash. A pass needs some milliseconds. */
void shared_begin_work(void)
{
    const struct itimerval limit = {.it_value = {.tv_sec = 20}};

    (void)setitimer(ITIMER_VIRTUAL, &limit, NULL);
}

/* Nothing happens before that time but that this process goes on: it need not give control back. A run of a month
 * sleeps 30,000 times, and each turn costs two changes of the process. */
static bool goes_on_alone(enum shared_reason reason, int64_t until)
{
    return reason != SHARED_BUSY && until < shared->next && until <= shared->stop && shared->changes == shared->noticed;
}

/* Gives control back until it comes again. */
static void wait_for_turn(void)
{
    char byte = 0;
    ssize_t n;

    do
        n = syscall(SYS_write, SHARED_DONE, &byte, 1);
    while (n < 0 && errno == EINTR);
    do
        n = syscall(SYS_read, SHARED_GO, &byte, 1);
    while (n < 0 && errno == EINTR);
    if (n != 1)
        _exit(EXIT_FAILURE); /* the simulator is gone */
}

void shared_yield(enum shared_reason reason, int64_t until)
{
    if (shared_self == NULL || worker_stop(until))
        return;
    shared_self->reason = reason;
    shared_self->until = until;
    shared_self->seen = shared->changes;
    if (reason != SHARED_BUSY)
        shared_trace("%s until %+" G_GINT64_FORMAT " us", reason == SHARED_SLEEPS ? "sleeps" : "waits",
                     until - shared->now);
    int kept = errno;
    if (goes_on_alone(reason, until))
        shared->now = MAX(shared->now, until);
    else
        wait_for_turn();
    if (reason != SHARED_BUSY)
        shared_begin_work();
    errno = kept;
}

void shared_pass(int64_t microseconds)
{
    if (shared_self == NULL)
        return;
    shared->now += microseconds;
    worker_call();
    if (shared->now >= shared->next && !worker_runs())
        shared_yield(SHARED_BUSY, shared->now + (int64_t)random_below(shared_random("schedule"), QUANTUM));
}

void shared_sleep(int64_t microseconds)
{
    if (shared_self != NULL)
        shared_yield(SHARED_SLEEPS, shared->now + microseconds);
}

void shared_die(bool power)
{
    shared_self->killed = true;
    shared_self->power = power;
    for (;;)
        (void)syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
}

/* ---- the trace ---- */

const char *shared_time(int64_t at, char *buffer)
{
    time_t seconds = (time_t)(at / SIM_SECOND);
    struct tm parts;

    (void)gmtime_r(&seconds, &parts);
    size_t len = strftime(buffer, 32, "%Y-%m-%dT%H:%M:%S", &parts);
    (void)snprintf(buffer + len, 32 - len, ".%06dZ", (int)(at % SIM_SECOND));
    return buffer;
}

void shared_trace(const char *format, ...)
{
    char line[1024], at[32];
    va_list list;

    if (shared == NULL || !shared->trace)
        return;
    int kept = errno;
    int len = snprintf(line, sizeof line, "%s [%s] ", shared_time(shared->now, at),
                       shared_self != NULL ? shared_self->label : "sim");
    va_start(list, format);
    int more = vsnprintf(line + len, sizeof line - (size_t)len - 1, format, list);
    va_end(list);
    len = MIN(len + more, (int)sizeof line - 2);
    line[len++] = '\n';
    if (syscall(SYS_write, SHARED_TRACE, line, (size_t)len) != len)
        _exit(EXIT_FAILURE); /* nobody reads the trace any more */
    errno = kept;
}
