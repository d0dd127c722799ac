/*
 * The inside of a run, for the simulator's own files; the world includes sim.h only.
 *
 *   sim = sim_new(&options);
 *   sim_run(sim, sim_calm_from(sim));      all events up to that time
 *   sim_free(sim);
 */
#ifndef ECOSGATE_TESTS_SIM_SIM_PRIVATE_H
#define ECOSGATE_TESTS_SIM_SIM_PRIVATE_H

#include "tests/sim/process.h"

/* Lines of the story that are printed, the newest. */
enum { SIM_STORY = 400 };

struct sim {
    struct sim_options options;
    char *folder;
    int lock; /* on the folder, while the run uses it; -1: its name is its own */
    int64_t begun, calm_from;
    GSequence *events;   /* struct event, in the order of their times and numbers */
    uint64_t scheduled;  /* events so far: the number of the next one */
    GHashTable *streams; /* name → struct random */
    GPtrArray *parts;    /* names that sim_has was asked for */
    GPtrArray *story;    /* the newest lines, SIM_STORY at least */
    guint told;          /* lines so far */
    char *promise;       /* that was broken first; NULL: none */
    GPtrArray *running;  /* struct process, in the order of their starts */
    int processes;       /* started so far */
};

/* Makes the run and its folder. Ends the program if that fails. */
struct sim *sim_new(const struct sim_options *options);
/* Kills what still runs and frees the run. The folder is removed unless `keep`. */
void sim_free(struct sim *sim, bool keep);
/* Runs all events up to that time, then sets the time to it. Returns early if a promise is broken. */
void sim_run(struct sim *sim, int64_t until);
/* Runs the next event if there is one before that time. */
bool sim_step(struct sim *sim, int64_t until);
/* Faults stop now. */
void sim_stop_faults(struct sim *sim);

/* After each event: wakes the processes that wait for what has changed (process.c). */
void processes_notice(struct sim *sim);
/* Kills all processes of a machine; processes_bury then calls their `ended`. */
void processes_stop(struct sim *sim, int machine);
void processes_bury(struct sim *sim, int machine);
/* Kills all processes of all machines, and tells nobody. */
void processes_end(struct sim *sim);

#endif
