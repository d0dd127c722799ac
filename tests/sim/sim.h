/*
 * One simulated run: virtual time, a queue of events, streams of random numbers, the story. Everything that happens is
 * an event; between two events no virtual time is used by the simulator itself. The processes of process.h run as
 * events too, one at a time, so a run depends on its seed alone.
 *
 *   sim_at(sim, sim_now(sim) + HOUR, act, user);        an actor's next act
 *   if (sim_has(sim, "suppliers")) …                    a part of the world that --without may switch off
 *   sim_say(sim, "supplier %s takes %s", mpid, name);   a line of the story
 *   sim_broken(sim, "once", "%s was ordered twice", device);
 *
 * Nothing that a run decides or prints may depend on process numbers, inodes, addresses or the machine's time.
 */
#ifndef ECOSGATE_TESTS_SIM_SIM_H
#define ECOSGATE_TESTS_SIM_SIM_H

#include "tests/sim/random.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct sim;

/* An event. */
typedef void sim_act(struct sim *sim, void *user);

/* Microseconds. */
#define SIM_SECOND INT64_C(1000000)
#define SIM_MINUTE (60 * SIM_SECOND)
#define SIM_HOUR (60 * SIM_MINUTE)
#define SIM_DAY (24 * SIM_HOUR)

enum sim_profile { SIM_CALM, SIM_ROUGH, SIM_HOSTILE, SIM_DENSE, SIM_RESTORES, SIM_OPERATORS, SIM_KILLS };

/* Days that a run goes on at least when faults have stopped: sessions, late results and operators' ends need them. */
enum { SIM_SETTLING = 12 };

/* What a run is asked for. */
struct sim_options {
    uint64_t seed;
    int64_t days;
    enum sim_profile profile;
    bool trace;                 /* print every yield, fault, request and line of the story */
    const char *const *without; /* names of parts that are switched off, NULL-terminated; NULL: none */
    const char *breaks;         /* a part that breaks the promise "asked" when it acts first; NULL: none */
};

/* True time in microseconds since 1970 UTC. A gateway's machine may think otherwise (machine.h). */
int64_t sim_now(const struct sim *sim);
/* When the run began, and when its faults stop (sim_faults). */
int64_t sim_begun(const struct sim *sim);
int64_t sim_calm_from(const struct sim *sim);
/* Calls act at that time; events of the same time come in the order of the calls. A time that is over counts as now. */
void sim_at(struct sim *sim, int64_t at, sim_act *act, void *user);

/* Adds a line to the story, with the virtual time before it. The story is printed when a promise is broken; with
 * --trace each line at once. */
void sim_say(struct sim *sim, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* A promise is broken: ends the run with exit status 1 after the present event. The first one counts. `promise` is a
 * short name, the same for each breach of that promise: --shrink compares it. */
void sim_broken(struct sim *sim, const char *promise, const char *format, ...) G_GNUC_PRINTF(3, 4);
/* True once sim_broken was called. */
bool sim_is_broken(const struct sim *sim);

/* The stream of that name, made at first use; borrowed from sim. */
struct random *sim_random(struct sim *sim, const char *name);
/* False if the part of that name is switched off (--without). Registers the name, so that --shrink can try that; no
 * comma may be in it. A part is an actor or a kind of fault: small enough to say something, large enough to be worth a
 * try. */
bool sim_has(struct sim *sim, const char *part);

enum sim_profile sim_profile(const struct sim *sim);
/* False in the last part of a run: no fault begins any more, so that everything must come to its end. */
bool sim_faults(const struct sim *sim);
/* The run's own folder, absolute: /dev/shm/ecosgate-sim.XXXXXX. Removed when the run is good. */
const char *sim_folder(const struct sim *sim);

#endif
