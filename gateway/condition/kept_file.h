/*
 * A file that the gateway keeps up to date for others: the live page, and the metrics. It is written at most every so
 * many seconds, and takes at most one hundredth of the time. One that cannot be written is said once and stops nothing;
 * `status` and `health` know it from the heartbeat.
 *
 *   kept_file_write(&file, &kind, &gateway, last) after each pass … kept_file_clear(&file)
 *
 * The file is renamed over the one before and never synced: a newer one comes within seconds. What a crash leaves is
 * the temporary file, which the next writing replaces.
 */
#ifndef ECOSGATE_GATEWAY_CONDITION_KEPT_FILE_H
#define ECOSGATE_GATEWAY_CONDITION_KEPT_FILE_H

#include "gateway/gateway.h"
#include "gateway/log/log.h"
#include "spool/file_rights.h"
#include "spool/step.h"

/* What is written, and where. */
struct kept_file_kind {
    const char *name;          /* "the live page", for messages */
    enum log_event_id event;   /* that it cannot be written */
    const char *path;          /* NULL: nothing is written */
    enum step step;            /* that its rename passes */
    int64_t seconds;           /* between two writings, at least */
    struct file_rights rights; /* that it has, whatever the umask */
    /* *text: what is to stand in it; g_free. False: it cannot be made. */
    bool (*make)(struct gateway *gateway, char **text, GError **error);
};

/* What is remembered between two writings. Zeroed: nothing was written yet. */
struct kept_file {
    int64_t next; /* monotonic microseconds: not written before */
    char *cause;  /* why it could not be written last; NULL: it was, or there is none */
};

/* Writes the file if it is time; `last` is the end of a run, when it always is. */
void kept_file_write(struct kept_file *file, const struct kept_file_kind *kind, struct gateway *gateway, bool last);
/* Frees what it holds. */
void kept_file_clear(struct kept_file *file);

#endif
