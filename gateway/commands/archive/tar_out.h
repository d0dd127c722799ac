/*
 * The archives of `evidence` and `archive`: a tar whose bytes follow from its members alone, so that two that are made
 * from the same ledger are the same. Members have mode 0644 and no owner. The last one, SHA256SUMS, has the digest of
 * each.
 *
 *   tar_out_open → tar_out_file | tar_out_text … → tar_out_end → tar_out_publish → tar_out_free
 *
 * Errors are SPOOL_ERROR_RETRY. The archive gets its name when it is whole and on disk, and replaces nothing. Until
 * then it has the temporary name of disk.h, which tar_out_free removes; what a kill leaves, the next one replaces.
 */
#ifndef ECOSGATE_GATEWAY_COMMANDS_ARCHIVE_TAR_OUT_H
#define ECOSGATE_GATEWAY_COMMANDS_ARCHIVE_TAR_OUT_H

#include "spool/step.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct tar_out;
typedef struct tar_out tar_out_t;

enum tar_out_form { TAR_OUT_PLAIN, TAR_OUT_ZSTD };

/* Begins the file, which must not exist. folder: what all members stand in. NULL on an error. */
struct tar_out *tar_out_open(const char *path, const char *folder, enum tar_out_form form, GError **error);
/* Adds the bytes of an open file from its beginning to its end. mtime: seconds UTC. */
bool tar_out_file(struct tar_out *tar, const char *name, int fd, int64_t mtime, GError **error);
/* Adds a text. */
bool tar_out_text(struct tar_out *tar, const char *name, const char *text, int64_t mtime, GError **error);
/* Adds SHA256SUMS, which ends the archive. */
bool tar_out_end(struct tar_out *tar, int64_t mtime, GError **error);
/* Syncs the archive and gives it its name. */
bool tar_out_publish(struct tar_out *tar, GError **error);
/* The other way, for who reads the archive first: syncs it, and leaves it under its temporary name, which is given out
 * (g_free) and from then on the caller's. NULL on an error. */
char *tar_out_keep(enum step step, struct tar_out *tar, GError **error);
/* NULL is allowed. */
void tar_out_free(struct tar_out *tar);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(tar_out_t, tar_out_free)

/* The script of the archive that proves it (evidence_script.c). */
extern const char evidence_script[];

#endif
