/*
 * How the last `spool verify` ended: the file `verified` in the spool's folder, for monitoring. Nothing is decided by
 * it, and it is never synced.
 */
#ifndef ECOSGATE_GATEWAY_CONDITION_VERIFIED_H
#define ECOSGATE_GATEWAY_CONDITION_VERIFIED_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct verified {
    int64_t at;     /* seconds UTC: when it came to its end; 0: it never did, or nobody knows */
    int64_t faults; /* that it found */
};

/* Replaces the file. False: the disk's error, which a user without the right to write there gets, too. */
bool verified_write(const char *spool, const struct verified *verified, GError **error);
/* Fills *verified; all 0 if there is no such file. */
void verified_read(const char *spool, struct verified *verified);

#endif
