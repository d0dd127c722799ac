/*
 * The quick check of the ledger after a writer that did not end by itself: it was killed, it crashed, or the power
 * failed. SQLite survives all three; a disk or a file system may not, and a page that was damaged then would show much
 * later, in the middle of work. So the next `run` looks.
 *
 *   gateway_open(GATEWAY_WRITER) → quick_check_begin → quick_check_new → work, quick_check_pass → quick_check_free →
 *   quick_check_end
 *
 * The mark is in the ledger itself: it is set in the commit that raises the generation, so it costs no sync of its own,
 * and it is as durable as the ledger. A mark file was the other design: two syncs more for each start.
 *
 * It reads the ledger once: 340 MB/s from memory, that is 3 s for the ledger of a million Devices, or as fast as the
 * disk reads. A small ledger is checked before any work. For that of 22 million Devices it takes half a minute and
 * more, in which no partner would get an answer; so a daemon works meanwhile, and a thread checks a snapshot. If thread
 * or work find damage, the daemon ends, and the mark says so: the next start checks before any work. Until then the
 * ledger may have been changed beside the damage, as it is when a page is damaged later.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_RECOVERY_QUICK_CHECK_H
#define ECOSGATE_GATEWAY_PIPELINE_RECOVERY_QUICK_CHECK_H

#include "gateway/gateway.h"

struct quick_check;

/* From this size of the ledger on a daemon does not wait for the check: 0.2 s from memory. */
enum { QUICK_CHECK_LONG = 64 << 20 };

/* Checks the ledger if the writer before has not ended by itself, and the check is not left to quick_check_pass. False:
 * it is damaged (SPOOL_ERROR_CORRUPT; the text says what to do), or it cannot be read. */
bool quick_check_begin(struct gateway *gateway, GError **error);

/* The check beside the work of a daemon. wake: an eventfd that becomes readable when the thread has ended; borrowed. */
struct quick_check *quick_check_new(struct gateway *gateway, int wake);
/* At the beginning of a pass: starts the thread if a check is due, and takes its result. False as of quick_check_begin;
 * without a thread it checks here. */
bool quick_check_pass(struct quick_check *check, GError **error);
/* Interrupts the thread and waits for its end. A check that is not over begins again with the next quick_check_new, or
 * at the next start. NULL is allowed. */
void quick_check_free(struct quick_check *check);

/* The writer ends, because of cause; NULL: by itself. Damage that was found while a check was due is recorded. Does
 * nothing if a check was due and was not made, or if it has begun no generation (A109). A failure is said only: the
 * next start checks once too often. */
void quick_check_end(struct gateway *gateway, const GError *cause);

#endif
