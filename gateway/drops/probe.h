/*
 * What the command `doctor` finds at one drop, one finding at a time. A transport's `probe` member gets a struct probe
 * and calls its `tell` for each finding; the command prints it. So transports know nothing of commands.
 *
 * What a probe makes in `in` has a name that begins with PROBE_PREFIX, which the gateway never picks up. In `out` it
 * has a temporary name, which recipients ignore. It is removed at the end of the probe.
 */
#ifndef ECOSGATE_GATEWAY_DROPS_PROBE_H
#define ECOSGATE_GATEWAY_DROPS_PROBE_H

#include "gateway/drops/transport.h"

#define PROBE_PREFIX ".ecosgate-doctor-"
#define PROBE_UPLOAD "ecosgate-doctor-" /* of names in `out` that get the form of temporary names (upload_name=) */

enum probe_result {
    PROBE_GOOD,
    PROBE_NOTE, /* the gateway can do its work; an operator may want to know */
    PROBE_BAD,  /* the drop is unfit */
};

/* Gets each finding: `name` of the probe ("list", "write", …), and a text of one line. */
typedef void probe_tell(void *user, const char *name, enum probe_result result, const char *text);

struct probe {
    const struct drop *drop;
    const char *token; /* 16 random hex digits: part of the names that the probe makes, and what it writes into them */
    probe_tell *tell;
    void *user; /* of tell */
};

/* Tells one finding. Bytes that are not UTF-8 are replaced. */
void probe_say(const struct probe *probe, const char *name, enum probe_result result, const char *format, ...)
    G_GNUC_PRINTF(4, 5);
/* Tells PROBE_BAD with the error's text, and frees the error. */
void probe_fail(const struct probe *probe, const char *name, GError *error);
/* Tells that a file got these rights. */
void probe_say_rights(const struct probe *probe);
/* Tells how much room is left; less than 1 MiB is PROBE_BAD. */
void probe_say_space(const struct probe *probe, uint64_t bytes);
/* Tells how far the drop's clock is ahead of ours. `theirs` is seconds UTC, 0: unknown. */
void probe_say_clock(const struct probe *probe, int64_t theirs);
/* How files of the drop are found to be whole, and what becomes of them (`after`: "removed" or "moved"), for the
 * finding "strategy". g_free. */
char *probe_pickup_text(const struct drop *drop, const char *after);

#endif
