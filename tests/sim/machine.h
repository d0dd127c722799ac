/*
 * The machine that a home is on: its clock, its disk, its power. A machine comes to be with the first call or process
 * for its home. All of its processes see the same.
 */
#ifndef ECOSGATE_TESTS_SIM_MACHINE_H
#define ECOSGATE_TESTS_SIM_MACHINE_H

#include "tests/sim/sim.h"

/* ---- clock ---- */

/* Sets the wall clock: it stands so many microseconds before the true time now (below 0: behind it). */
void machine_set_clock(struct sim *sim, const char *home, int64_t ahead);
/* From now on the wall clock gains so many microseconds a true second (below 0: loses them). */
void machine_set_drift(struct sim *sim, const char *home, int64_t gain);
/* What the machine's wall clock says now, in microseconds since 1970. */
int64_t machine_clock(struct sim *sim, const char *home);

/* ---- disk ---- */

/* Kinds of calls that change or open something below the home's folder or a folder that it uses. */
enum machine_call {
    CALL_OPEN = 1,   /* open, opendir */
    CALL_WRITE = 2,  /* write, pwrite */
    CALL_SYNC = 4,   /* fsync, fdatasync, syncfs */
    CALL_NAME = 8,   /* rename, link, unlink, mkdir, rmdir, the making of a file */
    CALL_SPACE = 16, /* fallocate, ftruncate */
    CALL_ANY = 31,   /* all of the above, which change something or open it */
    CALL_READ = 32,  /* read, pread */
};

enum machine_event {
    FAULT_ERROR,       /* the call does nothing and fails */
    FAULT_ERROR_LATE,  /* the call is carried out and says that it failed */
    FAULT_SHORT,       /* the call reads or writes half of its bytes; other calls fail */
    FAULT_KILL_BEFORE, /* the process ends before the call */
    FAULT_KILL_AFTER,  /* the process ends after the call */
    FAULT_POWER,       /* the power is cut before the call (power.h) */
    FAULT_FREEZE,      /* the machine stands still from the call on, or from a later one: never within a transfer */
    FAULT_SUSPEND,     /* the same, and its monotonic clock stands still with it */
};

struct machine_fault {
    unsigned calls; /* which calls are counted: a sum of enum machine_call */
    uint64_t first; /* the first counted call from now on that is hit, from 1 */
    uint64_t count; /* how many are hit; 0: all until machine_mend_disk. Other events hit once. */
    enum machine_event event;
    int errnum; /* of an error: ENOSPC, EIO, EMFILE … */
};

/* Adds a fault; at most eight are to come on a machine, further ones are dropped. */
void machine_fault(struct sim *sim, const char *home, const struct machine_fault *fault);
/* Takes all faults back. */
void machine_mend_disk(struct sim *sim, const char *home);
/* How many calls of any kind its processes have made so far: what a fault's `first` may be chosen from. */
uint64_t machine_calls(struct sim *sim, const char *home);
/* A freeze has hit it; processes_wake lets it go on (process.h). */
bool machine_is_frozen(struct sim *sim, const char *home);
/* That freeze is a suspension. */
bool machine_is_suspended(struct sim *sim, const char *home);
/* How often its processes have changed a name or bytes in drops. */
uint64_t machine_drop_changes(struct sim *sim, const char *home);
/* What the disk still has room for, as statvfs says it; bytes that are written do not change it. Writes fail with
 * ENOSPC only through faults. */
void machine_set_room(struct sim *sim, const char *home, uint64_t bytes);

/* ---- transfers ---- */

/* The probabilities, for each transfer of any machine, that the system has no thread for it, and that it hangs for a
 * second to half an hour before it does anything. */
void machine_set_threads(struct sim *sim, double none, double late);

/* How an SFTP server misbehaves: the probability of each quirk, for each request that it concerns. */
struct server_quirks {
    double twice;        /* a listing names an entry twice */
    double unlisted;     /* a listing leaves out an entry that is there */
    double hidden;       /* a look at a name that begins with '.' says that it is missing */
    double wrong_size;   /* a listing or a look tells a size that is not the file's */
    double lost_before;  /* no answer comes, and the request was not carried out: the connection breaks */
    double lost_after;   /* the same, but the request was carried out */
    double refused;      /* a request that changes something is refused */
    double refused_done; /* a rename is refused, and is carried out all the same */
    double not_done;     /* a rename is answered with success, and is not carried out */
    double slow;         /* a request takes up to a minute */
    double hang;         /* a request takes until the timeout, then the connection breaks */
    double gone;         /* the server is gone, for up to six hours */
    double other_key;    /* the server shows another host key, for up to a day */
    double full;         /* the server has no room */
};
/* Sets the quirks of the server that drops name by `host=` with transport=sftp (NULL: none). Such a drop needs user=
 * and known_hosts= too, of which nothing is read. Its folders are absolute paths of this machine. The calls there are
 * no steps of the gateway's disk, and a power cut takes nothing from them. Without faults (sim_faults) no server has
 * quirks. */
void server_set_quirks(struct sim *sim, const char *host, const struct server_quirks *quirks);

#endif
