/*
 * The heartbeat of `run` (gateway/condition/heartbeat.h), which one process writes.
 *
 *   beat_begin(config, once) → beat_pass, beat(config, cause) after each pass, beat_file → beat_end()
 */
#ifndef ECOSGATE_GATEWAY_COMMANDS_RUN_BEAT_H
#define ECOSGATE_GATEWAY_COMMANDS_RUN_BEAT_H

#include "gateway/condition/heartbeat.h"
#include "gateway/config/config.h"

/* The program has begun; what is known of the last pass stays. */
void beat_begin(const struct config *config, bool once);
/* A pass has ended. cause: why it ended early; NULL: it did not. */
void beat(const struct config *config, const char *cause);
/* Counts a pass that took so long; the next beat tells it. */
void beat_pass(int64_t microseconds);
/* Reports of that moment (seconds UTC) are being built; 0: none. The next beat tells it. */
void beat_building(int64_t at);
/* A file for people or monitoring was written, or was not yet due. cause: why it cannot be written; NULL: it can, or
 * there is none. */
void beat_file(const struct config *config, enum heartbeat_kept which, const char *cause);
/* Frees the texts. */
void beat_end(void);

#endif
