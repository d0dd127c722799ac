/*
 * Counts the Devices that an instruction brings, and holds its batch if they cross a threshold (gateway/thresholds.h).
 *
 *   volume_new → volume_count for each accepted Device → volume_settle, in the transaction of the verdict → volume_free
 *   volume_watch, once a pass
 *
 * The whole batch is held, not the Devices above the limit: which of a file's Devices are the suspicious ones nobody
 * knows, an operator releases or withdraws batches, and their order within a batch would change.
 *
 * The counting costs two look-ups in memory for each Device. Of a file that names very many models (or Suppliers) those
 * after the first ones count together, as one subject with a limit of its own.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_JUDGING_VOLUME_H
#define ECOSGATE_GATEWAY_PIPELINE_JUDGING_VOLUME_H

#include "gateway/gateway.h"
#include "spool/ledger/ledger_devices.h"
#include "spool/ledger/ledger_jobs.h"
#include "validators/judge.h"

/* The Devices of one file. */
struct volume;
/* None yet; now: seconds UTC, the time of the verdict. volume_free. */
struct volume *volume_new(int64_t now);
/* NULL is allowed. */
void volume_free(struct volume *volume);

/* Counts a Device if its review accepted it. supplier: its Responsible Supplier, as the inventory says; 0: nobody. */
void volume_count(struct volume *volume, const struct ledger_item *item, uint64_t supplier);

/* The file is an accepted instruction. Adds its Devices to the ledger's counts; if they cross a threshold, its batch is
 * held and the incident A116 open. Call it after the verdict's row was added. False: an error of the ledger. */
bool volume_settle(struct gateway *gateway, const struct volume *volume, const struct ledger_job *job,
                   const struct verdict *verdict, GError **error);

/* Keeps an A116 open for each batch with open work that a threshold holds, and closes those of others: of batches that
 * were released or withdrawn, or whose Devices have ended. */
bool volume_watch(struct gateway *gateway, GError **error);

#endif
