/*
 * What the files of this folder share: how an order is committed, and the functions of order_table.c's rows. Each of
 * these carries out one order: first its effect on disk, if it has one, then one commit that holds the order's id, its
 * result and its effect on the ledger. A refusal is a result. False: spool or ledger failed, and the order stays.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_ORDERS_ORDER_PRIVATE_H
#define ECOSGATE_GATEWAY_PIPELINE_ORDERS_ORDER_PRIVATE_H

#include "gateway/pipeline/orders/orders.h"
#include "spool/ledger/ledger_verdicts.h"
#include "spool/ledger/ledger_work.h"

#include <sys/stat.h>

/* What an order changes in the ledger. */
struct order_change {
    bool (*make)(struct gateway *gateway, const struct order *order, const void *subject, GError **error);
    const struct order *order;
    const void *subject; /* what `make` needs besides the order */
};

/* Why no order can be carried out that asks what the newest ledger knows: this one is behind it (A109). NULL: it is the
 * newest. g_free. */
char *order_refuse_behind(const struct gateway *gateway);

/* One commit: the order's id and result and, if the result is ORDER_DONE, its change. */
bool order_commit(struct gateway *gateway, const struct ledger_action *action, const struct order_change *change,
                  GError **error);
/* Commits that the order is refused, and why. */
bool order_refuse(struct gateway *gateway, const struct order *order, const char *refusal, GError **error);

/* Why files of the folder of orders may have been written by others than their owner; NULL: only the owner can have
 * written them. g_free. */
char *order_rights_of_folder(const char *dir);
/* The same of one file. */
char *order_rights_of_file(const struct stat *st);
/* The refusal of the order for such a fault. g_free. */
char *order_rights_refusal(const struct order *order, const char *fault);

/* Hold, release, requeue, reject. */
bool order_job(struct gateway *gateway, const struct order *order, GError **error);
/* Closes an incident, and gives up what waits for it: the file of an A117, the files of an A118. */
bool order_incident_close(struct gateway *gateway, const struct order *order, GError **error);
/* Lets outgoing files be delivered once more, all of them or none. */
bool order_redeliver(struct gateway *gateway, const struct order *order, GError **error);
/* Records an archive with its jobs, whose folders then leave the spool in slices (archiving.h). */
bool order_archive(struct gateway *gateway, const struct order *order, GError **error);
/* Puts folders of returning/ back into their places: jobs that come back from an archive. */
bool order_archive_restore(struct gateway *gateway, const struct order *order, GError **error);
/* Begins a new numbering of a sender and type. */
bool order_sequence_set(struct gateway *gateway, const struct order *order, GError **error);
/* Lets the next look at a drop replace the claim of another gateway. */
bool order_drop_take(struct gateway *gateway, const struct order *order, GError **error);

/* Pauses or resumes dispatch: no work order is made while it is paused. */
bool order_dispatch_pause(struct gateway *gateway, const struct order *order, GError **error);
/* Pauses or resumes a drop, in one direction or in both. */
bool order_drop_pause(struct gateway *gateway, const struct order *order, GError **error);

/* Holds or releases the work items of an instruction. */
bool order_batch_hold(struct gateway *gateway, const struct order *order, GError **error);
/* Holds the live work item of a Device. order_device_release ends that. */
bool order_device_hold(struct gateway *gateway, const struct order *order, GError **error);

/* A Device that is held is so no longer, and nothing else is done. A withheld Device is ordered like others again, and
 * its ended work stands as before. Of another one the ended work stands no longer against an instruction, and its
 * incidents are closed. If there is nothing of all that, the order is refused (gateway/DEVICES.md, Resolved). */
bool order_device_release(struct gateway *gateway, const struct order *order, GError **error);

/* Ends the work on a Device of which one side has not spoken, or of which the sides disagree, also if that work had
 * ended before a side stated its success (gateway/DEVICES.md, States). The commit holds what follows from it, too:
 * incidents, the outcome of its instruction. In any other state the order is refused, and the result names `why`, which
 * says what moves the Device on. */
bool order_device_end(struct gateway *gateway, const struct order *order, GError **error);

/* Withdraws the live work items of a batch, as far as they can be; the result counts them. Refused if none can be. */
bool order_batch_withdraw(struct gateway *gateway, const struct order *order, GError **error);
/* Withdraws the live work item of a Device. */
bool order_device_withdraw(struct gateway *gateway, const struct order *order, GError **error);

/* Begins the removal of personal data, which goes on in passes (gateway/pipeline/retention/purge.h). */
bool order_purge(struct gateway *gateway, const struct order *order, GError **error);

/* *verdict: of the batch that the order names; g_free. *refusal: why no work of it can be held or withdrawn; NULL: it
 * can; g_free. */
bool order_find_batch(struct gateway *gateway, const struct order *order, struct ledger_verdict **verdict,
                      char **refusal, GError **error);
/* *work: the live work item of the Device that the order names; g_free. *refusal: why there is none; NULL: there is
 * one; g_free. */
bool order_find_live(struct gateway *gateway, const struct order *order, struct ledger_work **work, char **refusal,
                     GError **error);

/* Rejects the job for an order about something else, whose commit holds both. *rejected: false if the job cannot be
 * rejected: then nothing is done and nothing committed. */
bool order_job_reject(struct gateway *gateway, const struct order *order, int64_t job, bool *rejected, GError **error);

#endif
