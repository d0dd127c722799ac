/*
 * The words that an argument or an option can be: which of them was meant by one that is none, and which completion
 * offers (complete.c).
 */
#ifndef ECOSGATE_GATEWAY_COMMANDS_WORDS_H
#define ECOSGATE_GATEWAY_COMMANDS_WORDS_H

#include "gateway/config/config.h"

/* All states of a job. This list and the lists below end with NULL and are static. */
const char *const *words_job_states(void);
/* All states of a Device. */
const char *const *words_device_states(void);
/* All codes, "B208". */
const char *const *words_codes(void);
/* All reports, "MGMT-PAGE". */
const char *const *words_reports(void);

/* All types of files that come in, "EMI". */
const char *const *words_incoming_types(void);
/* All types of files that go out, "EMA", "MGMT-PAGE". */
const char *const *words_outgoing_types(void);
/* Both. */
const char *const *words_types(void);
/* AC, WN, PA, RJ. */
const char *const *words_verdicts(void);
/* Of incidents: a, b, c, d. */
const char *const *words_categories(void);

/* "ready, active, done". g_free. */
char *words_joined(const char *const *words);

/* "; did you mean mcc?" of a name that is no drop of the configuration; "": none is near. g_free. */
char *words_drop_meant(const struct config *config, const char *name);

/* The same of a short code that is no party's. g_free. */
char *words_party_meant(const struct identity *identity, const char *org);

/* Prints that the configuration has no drop of that name. */
void words_no_drop(const char *command, const struct config *config, const char *name);

#endif
