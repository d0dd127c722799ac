/*
 * The archive of `evidence`: a tar whose bytes follow from its members alone, so that two that are made from the same
 * ledger are the same. Members have mode 0644 and no owner. The last one, SHA256SUMS, has the digest of each.
 *
 *   evidence_tar_open → evidence_tar_file | evidence_tar_text … → evidence_tar_end → evidence_tar_free
 *
 * Errors are SPOOL_ERROR_RETRY. The archive gets its name when it is whole and on disk, and replaces nothing. Until
 * then it has the temporary name of disk.h, which evidence_tar_free removes; what a kill leaves, the next one replaces.
 */
#ifndef ECOSGATE_GATEWAY_COMMANDS_EVIDENCE_TAR_H
#define ECOSGATE_GATEWAY_COMMANDS_EVIDENCE_TAR_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct evidence_tar;
typedef struct evidence_tar evidence_tar_t;

/* Begins the file, which must not exist. folder: what all members stand in. NULL on an error. */
struct evidence_tar *evidence_tar_open(const char *path, const char *folder, GError **error);
/* Adds the bytes of an open file from its beginning to its end. mtime: seconds UTC. */
bool evidence_tar_file(struct evidence_tar *tar, const char *name, int fd, int64_t mtime, GError **error);
/* Adds a text. */
bool evidence_tar_text(struct evidence_tar *tar, const char *name, const char *text, int64_t mtime, GError **error);
/* Adds SHA256SUMS, syncs the archive and gives it its name. */
bool evidence_tar_end(struct evidence_tar *tar, int64_t mtime, GError **error);
/* NULL is allowed. */
void evidence_tar_free(struct evidence_tar *tar);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(evidence_tar_t, evidence_tar_free)

/* The script of the archive that proves it (evidence_script.c). */
extern const char evidence_script[];

#endif
