/*
 * A process is started, and goes on, by a byte that it reads from its pipe `go`; it gives control back by a byte in its
 * pipe `done`. When it ends in any way, the kernel closes its end of `done`, and the read here returns nothing. So a
 * kill needs no agreement. Each process closes the ends of the others: the kernel would not close them otherwise.
 */
#include "tests/sim/sim_private.h"

#include "tests/sim/disk_calls.h"
#include "tests/sim/gateway_main.h"
#include "tests/sim/power.h"
#include "tests/sim/shared.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The simulator's own descriptors stand from here on, above those that a process keeps. */
enum { OWN_DESCRIPTORS = 300 };

struct process {
    struct sim *sim;
    struct shared_slot *slot;
    char *home;
    char **argv; /* with the program's name */
    process_end *ended;
    void *user;
    pid_t pid;      /* 0: not forked yet */
    int go, done;   /* -1 before the fork */
    bool stopped;   /* it is dead, and its end is not told yet */
    char *out_path; /* what it prints goes here */
    char *output;   /* as process_output has read it */
    uint64_t turns; /* how often it was told to go on: an event of an earlier turn is void */
};

/* An event that lets a process go on. */
struct turn {
    int number; /* of the process, which may have ended */
    uint64_t turns;
};

static void on_turn(struct sim *sim, void *user);

static void schedule(struct process *process, int64_t at)
{
    struct turn *turn = g_new(struct turn, 1);

    *turn = (struct turn){process->slot->number, process->turns};
    sim_at(process->sim, at, on_turn, turn);
}

/* ---- start ---- */

static struct shared_slot *free_slot(void)
{
    for (int i = 0; i < SHARED_SLOTS; i++)
        if (shared->slots[i].number == 0)
            return &shared->slots[i];
    g_error("more than %d processes at a time", SHARED_SLOTS);
}

struct process *process_start(struct sim *sim, const char *home, const char *const *argv, process_end *ended,
                              void *user)
{
    struct process *process = g_new0(struct process, 1);
    g_autofree char *words = g_strjoinv(" ", (char **)argv);

    process->sim = sim;
    process->slot = free_slot();
    *process->slot = (struct shared_slot){.number = ++sim->processes, .machine = shared_machine(home)};
    (void)snprintf(process->slot->label, sizeof process->slot->label, "%d %.20s", sim->processes, argv[0]);
    process->home = g_strdup(home);
    process->argv = g_new0(char *, g_strv_length((char **)argv) + 2);
    process->argv[0] = g_strdup("ecosgate");
    for (guint i = 0; argv[i] != NULL; i++)
        process->argv[i + 1] = g_strdup(argv[i]);
    process->ended = ended;
    process->user = user;
    process->go = process->done = -1;
    process->out_path = g_strdup_printf("%s/output-%d", sim->folder, sim->processes);
    g_ptr_array_add(sim->running, process);
    shared_trace("starts %d in %s: ecosgate %s", sim->processes, strrchr(home, '/') + 1, words);
    schedule(process, shared->now);
    return process;
}

/* The child: becomes a run of the program. */
static _Noreturn void become(const struct process *process, int go, int done)
{
    int out = open(process->out_path, O_WRONLY | O_CREAT | O_APPEND, 0600);

    if (out < 0 || dup2(out, STDOUT_FILENO) < 0 || dup2(out, STDERR_FILENO) < 0 || dup2(go, SHARED_GO) < 0 ||
        dup2(done, SHARED_DONE) < 0 || chdir(process->home) != 0)
        _exit(EXIT_FAILURE);
    (void)close_range(SHARED_KEPT, ~0U, 0);
    (void)close_range(STDERR_FILENO + 1, SHARED_GO - 1, 0);
    disk_forget();
    shared_self = process->slot;
    shared_begin_work();
    int status = ecosgate_main((int)g_strv_length(process->argv), process->argv);
    (void)fflush(NULL); /* the program's own check of its output came before */
    shared_self->status = status;
    shared_self->ended = true;
    _exit(EXIT_SUCCESS); /* nothing that the simulator registered runs here, and no leak is looked for */
}

/* Two descriptors above those of processes. */
static void make_pipe(int ends[2])
{
    int low[2];

    if (pipe2(low, O_CLOEXEC) != 0)
        g_error("no pipe is left: %s", g_strerror(errno));
    for (int i = 0; i < 2; i++) {
        ends[i] = fcntl(low[i], F_DUPFD_CLOEXEC, OWN_DESCRIPTORS);
        (void)close(low[i]);
        if (ends[i] < 0)
            g_error("no descriptor is left: %s", g_strerror(errno));
    }
}

static void begin(struct process *process)
{
    int go[2], done[2];

    make_pipe(go);
    make_pipe(done);
    (void)fflush(NULL); /* or the child would print it once more */
    process->pid = fork();
    if (process->pid < 0)
        g_error("no process is left: %s", g_strerror(errno));
    if (process->pid == 0)
        become(process, go[0], done[1]);
    (void)close(go[0]);
    (void)close(done[1]);
    process->go = go[1];
    process->done = done[0];
}

/* ---- end ---- */

static void free_process(struct process *process)
{
    (void)g_ptr_array_remove(process->sim->running, process);
    process->slot->number = 0;
    (void)unlink(process->out_path);
    g_strfreev(process->argv);
    g_free(process->home);
    g_free(process->out_path);
    g_free(process->output);
    g_free(process);
}

/* What the kernel says, as process_end has it. A crash breaks a promise. */
static int find_status(struct process *process)
{
    int status = 0;

    if (process->pid == 0)
        return -1;
    while (waitpid(process->pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (process->slot->killed)
        return -1;
    if (process->slot->ended)
        return process->slot->status;
    if (WIFSIGNALED(status))
        sim_broken(process->sim, "crash", "process %s ended by signal %d (%s): %s", process->slot->label,
                   WTERMSIG(status), g_strsignal(WTERMSIG(status)), process_output(process));
    else
        sim_broken(process->sim, "crash", "process %s called exit(%d): %s", process->slot->label, WEXITSTATUS(status),
                   process_output(process));
    return -1;
}

/* The process has ended, or dies now. */
static void finish(struct process *process)
{
    struct sim *sim = process->sim;
    int status = find_status(process);

    if (process->go >= 0) {
        (void)close(process->go);
        (void)close(process->done);
    }
    if (status < 0)
        shared_trace("process %s was killed", process->slot->label);
    else
        shared_trace("process %s ended with %d", process->slot->label, status);
    (void)g_ptr_array_remove(sim->running, process);
    if (process->ended != NULL)
        process->ended(sim, process, status, process->user);
    free_process(process);
}

/* Kills it without telling anybody. */
static void stop(struct process *process)
{
    process->slot->killed = true;
    process->stopped = true;
    if (process->pid == 0)
        return;
    (void)kill(process->pid, SIGKILL);
    (void)find_status(process);
    process->pid = 0;
}

void process_kill(struct process *process)
{
    stop(process);
    finish(process);
}

void processes_stop(struct sim *sim, int machine)
{
    for (guint i = 0; i < sim->running->len; i++) {
        struct process *process = sim->running->pdata[i];
        if (process->slot->machine == machine)
            stop(process);
    }
}

void processes_bury(struct sim *sim, int machine)
{
    g_autoptr(GPtrArray) dead = g_ptr_array_new();

    /* `ended` may start others. */
    for (guint i = 0; i < sim->running->len; i++) {
        struct process *process = sim->running->pdata[i];
        if (process->slot->machine == machine && process->stopped)
            g_ptr_array_add(dead, process);
    }
    for (guint i = 0; i < dead->len; i++)
        finish(dead->pdata[i]);
}

void processes_end_others(struct sim *sim, const char *home, struct process *kept)
{
    g_autoptr(GPtrArray) others = g_ptr_array_new();

    /* `ended` may start others. */
    for (guint i = 0; i < sim->running->len; i++) {
        struct process *process = sim->running->pdata[i];
        if (process != kept && strcmp(process->home, home) == 0)
            g_ptr_array_add(others, process);
    }
    for (guint i = 0; i < others->len; i++)
        process_kill(others->pdata[i]);
}

void processes_end(struct sim *sim)
{
    while (sim->running->len > 0) {
        struct process *process = sim->running->pdata[0];
        process->ended = NULL;
        process_kill(process);
    }
}

/* ---- going on ---- */

/* Lets the process go on until it gives control back; false: it has ended. */
static bool go_on(struct process *process)
{
    char byte = 0;
    ssize_t n;

    if (process->pid == 0)
        begin(process);
    else if (write(process->go, &byte, 1) != 1)
        return false;
    do
        n = read(process->done, &byte, 1);
    while (n < 0 && errno == EINTR);
    return n == 1;
}

static struct process *find_number(struct sim *sim, int number)
{
    for (guint i = 0; i < sim->running->len; i++) {
        struct process *process = sim->running->pdata[i];
        if (process->slot->number == number)
            return process;
    }
    return NULL;
}

static bool is_frozen(const struct process *process)
{
    return shared->machines[process->slot->machine].frozen;
}

static void on_turn(struct sim *sim, void *user)
{
    struct turn turn = *(struct turn *)user;
    struct process *process = find_number(sim, turn.number);

    g_free(user);
    if (process == NULL || process->stopped || process->turns != turn.turns || is_frozen(process))
        return;
    process->turns++;
    if (go_on(process))
        schedule(process, process->slot->until);
    else if (process->slot->power)
        power_cut(sim, process->home);
    else
        finish(process);
}

void processes_notice(struct sim *sim)
{
    shared->noticed = shared->changes;
    for (guint i = 0; i < sim->running->len; i++) {
        struct process *process = sim->running->pdata[i];
        struct shared_slot *slot = process->slot;
        if (slot->reason != SHARED_WAITS || slot->seen == shared->changes || process->pid == 0 || is_frozen(process))
            continue;
        slot->seen = shared->changes;
        process->turns++; /* the event that would have ended its wait is void */
        schedule(process, shared->now);
    }
}

void process_signal(struct process *process, int signal)
{
    if (process->pid == 0 || is_frozen(process))
        return;
    shared_trace("signal %d to %s", signal, process->slot->label);
    (void)kill(process->pid, signal);
    if (process->slot->reason != SHARED_WAITS)
        return; /* it notices when it works on or has slept enough */
    process->turns++;
    schedule(process, shared->now);
}

void processes_wake(struct sim *sim, const char *home)
{
    int machine = shared_machine(home);
    struct shared_machine *of = &shared->machines[machine];
    int64_t slept = of->frozen && of->suspended ? shared->now - of->frozen_at : 0;

    of->frozen = false;
    of->asleep += slept;
    for (guint i = 0; i < sim->running->len; i++) {
        struct process *process = sim->running->pdata[i];
        const struct shared_slot *slot = process->slot;
        if (slot->machine != machine || process->stopped)
            continue;
        process->turns++;
        schedule(process, process->pid == 0 || slot->reason == SHARED_WAITS ? shared->now : slot->until + slept);
    }
}

/* ---- questions ---- */

/* The address sanitizer warns of swapcontext, with the number of the real process. The story must not have it. */
static void remove_warning(char *output)
{
    char *warning = strstr(output, "WARNING: ASan doesn't fully support makecontext");

    if (warning == NULL)
        return;
    char *line = g_strrstr_len(output, warning - output, "\n");
    char *end = strchr(warning, '\n');
    char *from = line != NULL ? line + 1 : output, *rest = end != NULL ? end + 1 : strchr(warning, '\0');
    memmove(from, rest, strlen(rest) + 1);
}

const char *process_output(struct process *process)
{
    g_free(process->output);
    if (!g_file_get_contents(process->out_path, &process->output, NULL, NULL))
        process->output = g_strdup("");
    remove_warning(process->output);
    return process->output;
}

const char *process_home(const struct process *process)
{
    return process->home;
}

int process_number(const struct process *process)
{
    return process->slot->number;
}

unsigned processes_of(struct sim *sim, const char *home)
{
    unsigned n = 0;

    for (guint i = 0; i < sim->running->len; i++)
        n += strcmp(((const struct process *)sim->running->pdata[i])->home, home) == 0;
    return n;
}

struct process *process_find(struct sim *sim, const char *home, const char *command)
{
    for (guint i = 0; i < sim->running->len; i++) {
        struct process *process = sim->running->pdata[i];
        if (strcmp(process->home, home) == 0 && strcmp(process->argv[1], command) == 0)
            return process;
    }
    return NULL;
}

/* What process_run waits for. */
struct waited {
    bool ended;
    int status;
    GString *output;
};

static void on_waited(struct sim *sim, struct process *process, int status, void *user)
{
    struct waited *waited = user;

    (void)sim;
    waited->ended = true;
    waited->status = status;
    if (waited->output != NULL)
        g_string_append(waited->output, process_output(process));
}

int process_run(struct sim *sim, const char *home, const char *const *argv, GString *output)
{
    struct waited waited = {.status = -1, .output = output};

    (void)process_start(sim, home, argv, on_waited, &waited);
    shared->stop = INT64_MAX;
    while (!waited.ended && sim_step(sim, INT64_MAX))
        ;
    return waited.status;
}
