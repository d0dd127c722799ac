/*
 * The quick check of the ledger after a writer that did not end by itself: it was killed, it crashed, or the power
 * failed. SQLite survives all three; a disk or a file system may not, and a page that was damaged then would show much
 * later, in the middle of work. So the next `run` looks.
 *
 *   gateway_open(GATEWAY_WRITER) → quick_check_begin → quick_check_attach → work, quick_check_pass →
 *   quick_check_detach → quick_check_stop → quick_check_end
 *
 * The mark is in the ledger itself: it is set in the commit that raises the generation, so it costs no sync of its own,
 * and it is as durable as the ledger. A mark file was the other design: two syncs more for each start.
 *
 * It reads the ledger once: 340 MB/s from memory, that is 3 s for the ledger of a million Devices, or as fast as the
 * disk reads. A small ledger is checked before any work. For that of 22 million Devices it takes half a minute and
 * more, in which no partner would get an answer; so a daemon works meanwhile, and a thread checks a snapshot. If thread
 * or work find damage, the daemon ends, and the mark says so: the next start checks before any work. Until then the
 * ledger may have been changed beside the damage, as it is when a page is damaged later.
 *
 * A reload makes another pipeline over the same open ledger: the check goes on, and wakes the new pipeline. If every
 * reload began it again, a host that reloads often would never see its end. Where a pass failed and the ledger is
 * opened anew, the check begins again: without the lock another process may have replaced the file.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_RECOVERY_QUICK_CHECK_H
#define ECOSGATE_GATEWAY_PIPELINE_RECOVERY_QUICK_CHECK_H

#include "gateway/gateway.h"

/* From this size of the ledger on a daemon does not wait for the check: 0.2 s from memory. */
enum { QUICK_CHECK_LONG = 64 << 20 };

/* Checks the ledger if the writer before has not ended by itself, and the check is not left to quick_check_pass. False:
 * it is damaged (SPOOL_ERROR_CORRUPT; the text says what to do), or it cannot be read. */
bool quick_check_begin(struct gateway *gateway, GError **error);

/* The check beside the work of a daemon; it has gateway->check. wake: an eventfd of a pipeline, borrowed until
 * quick_check_detach, that becomes readable when the thread has ended. Says so if a check goes on. */
void quick_check_attach(struct gateway *gateway, int wake);
/* The pipeline ends, and its descriptor is not written to any more; the check goes on. */
void quick_check_detach(struct gateway *gateway);
/* At the beginning of a pass: starts the thread if a check is due, and takes its result. If the snapshot cannot be
 * opened or no thread started, it says why and checks here. False as of quick_check_begin. */
bool quick_check_pass(struct gateway *gateway, GError **error);
/* Is a thread checking the ledger? */
bool quick_check_runs(const struct gateway *gateway);
/* Interrupts the thread and waits for its end, before the ledger is closed. A check that is not over begins again with
 * the next pass, or at the next start. */
void quick_check_stop(struct gateway *gateway);

/* The writer ends, because of cause; NULL: by itself. Damage that was found while a check was due is recorded. Does
 * nothing if a check was due and was not made, or if it has begun no generation (A109). A failure is said only: the
 * next start checks once too often. */
void quick_check_end(struct gateway *gateway, const GError *cause);

#endif
