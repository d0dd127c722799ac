/*
 * The heartbeat: when the last pass of the writer ended, and how. It is the file `heartbeat` in the spool's folder, so
 * that commands and monitoring can tell a gateway that works from one that hangs.
 *
 *   heartbeat_write(config->spool, &heartbeat, &error)      by `run`, at the end of a pass
 *   heartbeat_read(config->spool, &heartbeat) … heartbeat_clear(&heartbeat)
 *
 * The file is renamed over the one before and never synced: it says whether the gateway is alive, and after a power
 * failure an old one says that rightly. Nothing is decided by it.
 */
#ifndef ECOSGATE_GATEWAY_CONDITION_HEARTBEAT_H
#define ECOSGATE_GATEWAY_CONDITION_HEARTBEAT_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define HEARTBEAT_FILE "heartbeat"

/* The passes of a program, by their time. Upper bounds in seconds: heartbeat_bounds. */
enum { HEARTBEAT_BOUNDS = 8 };
extern const double heartbeat_bounds[HEARTBEAT_BOUNDS];
struct heartbeat_passes {
    int64_t within[HEARTBEAT_BOUNDS + 1]; /* passes that took no longer than the bound and longer than the one before;
                                             the last: longer than all */
    int64_t microseconds;                 /* of all */
};

/* Files that are kept for people and monitoring. */
enum heartbeat_kept { HEARTBEAT_PAGE, HEARTBEAT_METRICS, HEARTBEAT_FILES };
struct heartbeat_file {
    char *cause;   /* why it could not be written last; NULL: it was, or none is configured */
    int64_t since; /* seconds UTC: since when it cannot be written */
};

struct heartbeat {
    int64_t at;                     /* seconds UTC: the end of the last pass; 0: none is known */
    int64_t begun;                  /* seconds UTC: since when that program runs */
    bool once;                      /* it was `run --once`, which ends by itself */
    int64_t building;               /* seconds UTC: the moment of the reports that it is building; 0: none */
    char *cause;                    /* why that pass ended early; NULL: it did not */
    struct heartbeat_passes passes; /* since `begun` */
    struct heartbeat_file files[HEARTBEAT_FILES];
};

/* Counts a pass. */
void heartbeat_count(struct heartbeat_passes *passes, int64_t microseconds);
/* Replaces the file. False: the disk's error; an older file stays. */
bool heartbeat_write(const char *spool, const struct heartbeat *heartbeat, GError **error);
/* Fills *heartbeat; at is 0 if there is no such file, or if it cannot be read. */
void heartbeat_read(const char *spool, struct heartbeat *heartbeat);
/* Frees the texts. */
void heartbeat_clear(struct heartbeat *heartbeat);

#endif
