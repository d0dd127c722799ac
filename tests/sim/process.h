/*
 * Runs of the program: daemon, `run --once`, operators' commands. Each is a child of the simulator (fork) that calls
 * the program's own main with its folder as the working directory. Exactly one of them runs at any moment; it gives
 * control back where it sleeps, waits, sends a request to a drop of the transport `sim`, or where an event is due while
 * it works. A kill is the death of a real process.
 *
 * A home is a folder with ecosgate.conf, drops/ and spool/. All processes of one home run on one machine (machine.h).
 *
 *   process_start(sim, home, (const char *const[]){"run", NULL}, ended, user);
 */
#ifndef ECOSGATE_TESTS_SIM_PROCESS_H
#define ECOSGATE_TESTS_SIM_PROCESS_H

#include "tests/sim/sim.h"

struct process;

/* A process has ended: its exit status, or -1 if it was killed (by process_kill, a fault, a power cut). It may be asked
 * for its output until this returns, then it is freed. */
typedef void process_end(struct sim *sim, struct process *process, int status, void *user);

/* Starts the program with these arguments (without its name; NULL-terminated) in `home`, as an event of now. `ended`
 * may be NULL. Never NULL; the caller must not use it after `ended` was called. A process that ends by a signal that
 * nobody sent breaks the promise "crash". */
struct process *process_start(struct sim *sim, const char *home, const char *const *argv, process_end *ended,
                              void *user);
/* Starts the program and runs the simulation until it has ended. Returns its status as process_end gets it. Its output
 * is appended to `output`, if that is not NULL. Only within world_begin and world_judge, never within an event. */
int process_run(struct sim *sim, const char *home, const char *const *argv, GString *output);
/* SIGKILL, where it has given back control. `ended` is called before this returns. */
void process_kill(struct process *process);
/* Sends a signal (SIGTERM); the process goes on at once. Not to a process of a frozen machine. */
void process_signal(struct process *process, int signal);
/* SIGKILL to all processes of that home but this one: their `ended` is called. */
void processes_end_others(struct sim *sim, const char *home, struct process *kept);
/* Wakes a machine that a freeze has hit (machine.h): its processes go on. */
void processes_wake(struct sim *sim, const char *home);
/* What it has printed so far, standard output and standard error in the order they were written. Borrowed until the
 * next call for this process. */
const char *process_output(struct process *process);
/* Its home, as it was given; the first argument of the command. */
const char *process_home(const struct process *process);
/* Its number, which no other process of the run has. */
int process_number(const struct process *process);
/* How many processes of that home run. */
unsigned processes_of(struct sim *sim, const char *home);
/* The running process of that home that was started with that first argument; NULL: none. */
struct process *process_find(struct sim *sim, const char *home, const char *command);

#endif
