/*
 * What `run` is told about its log, by its options, else by [log] of the configuration; and what the log is told of the
 * configuration.
 *
 *   run_log_parse(format, level, &log) → run_log_begin(&log, NULL)         before the configuration is read
 *                                      → run_log_begin(&log, config)       and whenever it was read
 */
#ifndef ECOSGATE_GATEWAY_COMMANDS_RUN_RUN_LOG_H
#define ECOSGATE_GATEWAY_COMMANDS_RUN_RUN_LOG_H

#include "gateway/config/config.h"

struct run_log {
    struct log_settings settings; /* as the options say, or the defaults */
    bool has_format, has_level;   /* the option is given: the configuration does not count */
};

/* Takes the options --log-format and --log-level; NULL: not given. False: a message has been printed. */
bool run_log_parse(const char *format, const char *level, struct run_log *log);
/* From now on the log has that form and level. config NULL: it is not read yet. */
void run_log_begin(const struct run_log *log, const struct config *config);
/* Once its keys are opened: tells of tokens that cannot be reached. */
void run_log_tell_away(const struct config *config);

#endif
