/*
 * What `doctor` finds at one drop, probe by probe, in the order of finding. The probes of a kind of drop are
 * in doctor_local.c and doctor_sftp.c; they take a struct doctor and say what they see. What they make in a
 * drop has names that begin with DOCTOR_PREFIX, which nobody picks up, and is gone again at their end.
 */
#ifndef ECOSGATE_GATEWAY_COMMANDS_DOCTOR_H
#define ECOSGATE_GATEWAY_COMMANDS_DOCTOR_H

#include "gateway/config.h"

#include <jansson.h>
#include <stdbool.h>

#define DOCTOR_PREFIX ".ecosgate-doctor-"

enum doctor_result {
    DOCTOR_GOOD,
    DOCTOR_NOTE, /* the gateway can do its work, an operator may want to know */
    DOCTOR_BAD,  /* the drop is unfit */
};

struct doctor {
    const struct drop *drop;
    json_t *rows; /* {"drop", "probe", "result", "text"} */
    bool unfit;
    char *token; /* in the names that the probes make */
};

/* Text made safe to show. */
void doctor_say(struct doctor *doctor, const char *probe, enum doctor_result result, const char *format, ...)
    G_GNUC_PRINTF(4, 5);
/* BAD, with the error's text; frees it. */
void doctor_fail(struct doctor *doctor, const char *probe, GError *error);
/* Room, and the difference of the drop's clock (seconds UTC) from ours. */
void doctor_say_space(struct doctor *doctor, uint64_t bytes);
void doctor_say_clock(struct doctor *doctor, int64_t theirs);
/* How files are found whole and what becomes of them, for the line about the strategy; g_free. */
char *doctor_pickup_text(const struct drop *drop);

void doctor_probe_local(struct doctor *doctor);
void doctor_probe_sftp(struct doctor *doctor);

#endif
