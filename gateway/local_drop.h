/*
 * The in-folder of a drop on a local disk: which names are files that are whole, and their removal.
 * Links, pipes and folders are never opened. Names are raw bytes from outside.
 */
#ifndef ECOSGATE_GATEWAY_LOCAL_DROP_H
#define ECOSGATE_GATEWAY_LOCAL_DROP_H

#include "gateway/config.h"
#include "spool/ledger.h"

/* By the rule `marker` a file counts as whole once there is one of its name and this. */
#define LOCAL_DROP_MARKER ".done"

/* Files seen at earlier looks, by the rule `stable`. */
struct settling;
struct settling *settling_new(void);
void settling_free(struct settling *settling);

struct local_file {
    const char *name; /* borrowed */
    int fd;
    struct ledger_source identity;
};

enum local_look {
    LOCAL_NOT_A_FILE, /* temporary name, link, pipe, folder, gone again, unreadable, marker missing,
                       * still open for writing */
    LOCAL_SETTLING,   /* not whole yet; look again after *wait microseconds */
    LOCAL_WHOLE,      /* *file is open: local_drop_close */
};

enum local_look local_drop_open(const struct drop *drop, const char *name, struct settling *settling,
                                struct local_file *file, int64_t *wait);
/* Neither size nor time changed since it was opened. */
bool local_drop_is_unchanged(const struct local_file *file);
bool local_drop_same_file(const struct ledger_source *a, const struct ledger_source *b);
void local_drop_close(struct local_file *file);

/* Removes the file (and first its marker) if it is still the very one of that identity; another file
 * under the name, or none, is left as it is. */
bool local_drop_remove(const struct drop *drop, const char *name, const struct ledger_source *identity,
                       GError **error);

#endif
