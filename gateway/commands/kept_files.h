/*
 * The files that `run` keeps up to date for others: the live page, and the metrics (gateway/condition/kept_file.h).
 *
 *   kept_files_write(&files, &gateway, false) after each pass, true at the end of --once … kept_files_clear(&files)
 */
#ifndef ECOSGATE_GATEWAY_COMMANDS_KEPT_FILES_H
#define ECOSGATE_GATEWAY_COMMANDS_KEPT_FILES_H

#include "gateway/condition/kept_file.h"

struct kept_files {
    struct kept_file page, metrics;
};

/* Writes those that are configured and for which it is time, and tells the heartbeat what cannot be written. */
void kept_files_write(struct kept_files *files, struct gateway *gateway, bool last);
/* Frees what it holds. */
void kept_files_clear(struct kept_files *files);

#endif
