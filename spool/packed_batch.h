/*
 * Files that are packed together: two syncs of the file system for all of them, where each file by itself takes three.
 *
 *   packed_batch_new → packer_finish … → packed_batch_settle … → packed_batch_free
 *
 * packer_finish leaves the packed file beside the plain one, without a sync. Settling syncs, removes the plain files,
 * and syncs again: afterwards the ledger may say that they are packed. A stop before that leaves both forms of some
 * files, of which the plain one counts; they are packed again. Nothing else may touch the jobs of these files before
 * the batch is settled or forgotten: whoever removes a packed file meanwhile would have both removed.
 *
 * Where a sync of the file system does not reach the disk (disk_fs_can_sync), each file is synced by itself at once.
 *
 * Errors are those of disk.h.
 */
#ifndef ECOSGATE_SPOOL_PACKED_BATCH_H
#define ECOSGATE_SPOOL_PACKED_BATCH_H

#include "spool/disk.h"

struct packed_batch;
typedef struct packed_batch packed_batch_t;

/* dir: a folder of the file system that the files stand on. Make the batch before the first of them is written:
 * settling reports every write to that file system which has failed since. */
struct packed_batch *packed_batch_new(const char *dir);
/* NULL is allowed. What is not settled stays in both forms. */
void packed_batch_free(struct packed_batch *batch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(packed_batch_t, packed_batch_free)

/* Puts the written file beside the plain one at path, which is longer by `saved` bytes. */
bool packed_batch_add(struct packed_batch *batch, struct disk_file *packed, const char *path, int64_t saved,
                      GError **error);
/* The plain file at path is gone. An earlier process may have removed it and not synced that: settling does. */
bool packed_batch_gone(struct packed_batch *batch, const char *path, GError **error);
/* True if it should be settled before more is added: both forms take room. */
bool packed_batch_is_full(const struct packed_batch *batch);
/* Removes the plain files, durably. Raises *files by their number, *saved by their bytes; on an error some of them may
 * be left. The batch is empty afterwards, in either case. */
bool packed_batch_settle(struct packed_batch *batch, int64_t *files, int64_t *saved, GError **error);
/* Empties the batch; the plain files stay. */
void packed_batch_forget(struct packed_batch *batch);

#endif
