/*
 * The page that the simulator and its processes share (MAP_SHARED): clocks, faults, streams, and where each process
 * stands. One process runs at any moment, so nothing here needs a lock.
 *
 * The functions are for both sides. In a process `shared_self` is its slot; in the simulator it is NULL.
 */
#ifndef ECOSGATE_TESTS_SIM_SHARED_H
#define ECOSGATE_TESTS_SIM_SHARED_H

#include "tests/sim/kinds.h"
#include "tests/sim/machine.h"
#include "tests/sim/random.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    SHARED_MACHINES = 16,
    SHARED_SLOTS = 64,
    SHARED_STREAMS = 128,
    SHARED_SERVERS = 64,
    SHARED_FAULTS = 8,
    SHARED_PATH = 256, /* bytes of a home's path, of a name */
};

/* Descriptors that a process keeps; its other ones are the program's own. */
enum { SHARED_GO = 250, SHARED_DONE = 251, SHARED_TRACE = 252, SHARED_KEPT = 253 };

struct shared_machine {
    char home[SHARED_PATH]; /* "": not used */
    int64_t ahead;          /* microseconds that the wall clock stands before the true time, at drift_from */
    int64_t drift;          /* microseconds that it gains a second */
    int64_t drift_from;     /* true time */
    int64_t started;        /* true time */
    uint64_t room;          /* bytes */
    uint64_t calls;
    bool frozen, suspended; /* its processes get no turn; its monotonic clock stands still with them */
    int64_t frozen_at;      /* true time */
    int64_t asleep;         /* microseconds that it was suspended so far */
    uint64_t drop_changes;  /* names and bytes that its processes have changed in drops */
    int faults;
    struct machine_fault fault[SHARED_FAULTS];
    uint64_t passed[SHARED_FAULTS]; /* calls that the fault has counted */
};

struct shared_server {
    char host[SHARED_PATH]; /* "": not used */
    struct server_quirks quirks;
    int64_t gone_until, other_key_until; /* true time */
};

struct shared_stream {
    char name[SHARED_PATH];
    struct random random;
};

/* Why a process has given control back. */
enum shared_reason {
    SHARED_SLEEPS, /* until `until` */
    SHARED_WAITS,  /* the same, or until something changes in a drop or among the orders */
    SHARED_BUSY,   /* an event is due while it works; it goes on at `until` */
};

/* A process. */
struct shared_slot {
    int number;  /* of the process, from 1, never used twice in a run */
    int machine; /* index */
    enum shared_reason reason;
    int64_t until;  /* true time */
    uint64_t seen;  /* shared->changes when it gave control back */
    bool killed;    /* a fault has killed it */
    bool power;     /* that fault was a power cut */
    bool ended;     /* its main has returned */
    int status;     /* what that returned */
    char label[32]; /* for the trace: "7 run" */
};

struct shared {
    uint64_t seed;
    int64_t now;      /* true time, microseconds */
    int64_t next;     /* when the next event is due */
    int64_t stop;     /* the simulator stops here: no process goes on beyond it by itself */
    uint64_t changes; /* counts what may wake a daemon: names and bytes in drops, orders */
    uint64_t noticed; /* changes, when the simulator looked last who is woken by them */
    bool faults;      /* sim_faults */
    bool record;      /* power_record */
    bool trace;
    double no_thread, late_task; /* machine_set_threads */
    uint64_t seen[KINDS];        /* kinds_seen */
    char folder[SHARED_PATH];
    struct shared_machine machines[SHARED_MACHINES];
    struct shared_server servers[SHARED_SERVERS];
    struct shared_stream streams[SHARED_STREAMS];
    struct shared_slot slots[SHARED_SLOTS];
};

extern struct shared *shared;           /* NULL: no run has begun, or it is over */
extern struct shared_slot *shared_self; /* NULL in the simulator */

/* Makes the page. */
void shared_begin(uint64_t seed, const char *folder);
void shared_end(void);

/* The machine of that home, made at first use; its index. Ends the program if there are too many. */
int shared_machine(const char *home);
/* The server of that name, made at first use. */
struct shared_server *shared_server(const char *host);
/* The stream of that name, made at first use. For draws of processes; the simulator uses sim_random. */
struct random *shared_random(const char *name);
/* The machine of the running process; NULL in the simulator. */
struct shared_machine *shared_own_machine(void);

/* The clocks of the running process, in microseconds. In the simulator the true time. */
int64_t shared_wall(void);
int64_t shared_wall_of(const struct shared_machine *machine);
int64_t shared_since_start(void);
/* Microseconds that the running process's machine was suspended so far: what its monotonic clock lacks. */
int64_t shared_asleep(void);

/* In a process: gives control back, and returns when it may go on. Does nothing in the simulator. */
void shared_yield(enum shared_reason reason, int64_t until);
/* From now on the process may work some seconds of a processor until it waits. */
void shared_begin_work(void);
/* So many microseconds of work have passed; gives control back if an event is due. */
void shared_pass(int64_t microseconds);
/* Gives control back for so many microseconds. */
void shared_sleep(int64_t microseconds);
/* Ends the running process as kill -9 does. */
_Noreturn void shared_die(bool power);

/* A line of the trace: "2023-07-03T06:00:00.123456Z [7 run] …". Costs little without --trace. */
void shared_trace(const char *format, ...) G_GNUC_PRINTF(1, 2);
/* The true time as text; the buffer takes 32 bytes. */
const char *shared_time(int64_t at, char *buffer);

#endif
