/*
 * The words that an argument or an option can be: which of them was meant by one that is none, and which completion
 * offers (complete.c).
 */
#ifndef ECOSGATE_GATEWAY_COMMANDS_WORDS_H
#define ECOSGATE_GATEWAY_COMMANDS_WORDS_H

#include "gateway/config.h"

/* All states of a job. This list and the next three end with NULL and are static. */
const char *const *words_job_states(void);
/* All states of a Device. */
const char *const *words_device_states(void);
/* All codes, "B208". */
const char *const *words_codes(void);
/* All reports, "MGMT-PAGE". */
const char *const *words_reports(void);

/* "ready, active, done". g_free. */
char *words_joined(const char *const *words);

/* Prints that the configuration has no drop of that name. */
void words_no_drop(const char *command, const struct config *config, const char *name);

#endif
