/*
 * The rules one after the other, from those that hold for every drop to the drop's own. `closed` falls back to `stable`
 * where the system does not say who has a file open (a file system of another machine).
 */
#include "gateway/pipeline/pickup/completeness.h"

#include "spool/ledger/ledger.h"

#include <string.h>

enum { MICROSECONDS = 1000000 };

const char *pickup_decision_name(enum pickup_decision decision)
{
    static const char *const names[] = {"take", "wait", "fault", "leave"};

    return names[decision];
}

static void decide(struct completeness_result *result, enum pickup_decision decision, const char *reason)
{
    *result = (struct completeness_result){.decision = decision, .reason = g_strdup(reason)};
}

bool completeness_is_own(const struct drop_entry *entry, const struct config *config,
                         struct completeness_result *result)
{
    if (!entry->regular || !config_is_own_name(config, entry->name))
        return false;
    decide(result, PICKUP_LEAVE,
           "its name is one that this gateway writes, and such a file is never answered; remove it, and find out who "
           "puts the gateway's files into this folder");
    return true;
}

bool completeness_is_stray(const struct drop_entry *entry, struct completeness_result *result)
{
    if (!g_str_has_prefix(entry->name, FILENAME_TAKEN_PREFIX))
        return false;
    decide(result, PICKUP_FAULT,
           "a gateway gave this file its present name in order to remove it, but the ledger does not know of it; look "
           "with 'ecosgate spool show' whether the job of that number has it, then remove it; if not, give it the name "
           "after that number back");
    return true;
}

static void decide_stable(const struct drop *drop, int64_t unchanged, struct completeness_result *result)
{
    int64_t left = drop->stable_seconds * MICROSECONDS - unchanged;

    if (left <= 0) {
        decide(result, PICKUP_TAKE, "its size and time are stable");
        return;
    }
    *result = (struct completeness_result){
        .decision = PICKUP_WAIT,
        .wait = left,
        .reason =
            g_strdup_printf("its size and time must stay the same for %" G_GINT64_FORMAT " s", drop->stable_seconds)};
}

/* By what the entry is and by the drop's rule, whoever may read it. */
static void decide_by_rule(const struct drop *drop, const struct drop_entry *entry, bool marked, int64_t unchanged,
                           struct completeness_result *result)
{
    if (g_str_has_prefix(entry->name, FILENAME_GATEWAY_PREFIX))
        decide(result, PICKUP_LEAVE, "a file that the gateway itself keeps here");
    else if (filename_is_temporary(entry->name, drop->temporary))
        decide(result, PICKUP_LEAVE, "a temporary name; it is picked up once the sender renames it");
    else if (entry->fault != NULL)
        decide(result, PICKUP_FAULT, entry->fault);
    else if (!entry->regular)
        decide(result, PICKUP_LEAVE, "not a regular file: links, pipes and folders are never opened");
    else if (drop->signatures && g_str_has_suffix(entry->name, SIGNATURE_SUFFIX))
        decide(result, PICKUP_LEAVE, "the signature of another file, with which it is taken");
    else if (drop->complete == COMPLETE_AT_ONCE)
        decide(result, PICKUP_TAKE, "the rule at-once: every file is complete");
    else if (drop->complete == COMPLETE_MARKER && g_str_has_suffix(entry->name, DROP_MARKER))
        decide(result, PICKUP_LEAVE, "the marker of another file");
    else if (drop->complete == COMPLETE_MARKER)
        decide(result, marked ? PICKUP_TAKE : PICKUP_WAIT,
               marked ? "its marker is there" : "its marker, the same name with " DROP_MARKER ", is missing");
    else if (drop->complete == COMPLETE_CLOSED && entry->written)
        decide(result, PICKUP_WAIT, "a process has it open for writing");
    else if (drop->complete == COMPLETE_CLOSED && !entry->unsure)
        decide(result, PICKUP_TAKE, "no process has it open for writing");
    else
        decide_stable(drop, unchanged, result);
}

void completeness_decide(const struct drop *drop, const struct drop_entry *entry, bool marked, int64_t unchanged,
                         struct completeness_result *result)
{
    decide_by_rule(drop, entry, marked, unchanged, result);
    if (result->decision == PICKUP_TAKE && entry->forbidden != NULL) {
        g_free(result->reason);
        decide(result, PICKUP_FAULT, entry->forbidden);
    }
}

void completeness_decide_signature(const struct drop *drop, const struct drop_entry *entry, int64_t unchanged,
                                   struct completeness_result *result)
{
    bool untold = drop->complete == COMPLETE_CLOSED && entry->unsure && !entry->written;

    if (entry->fault != NULL)
        decide(result, PICKUP_WAIT, entry->fault);
    else if (!entry->regular)
        decide(result, PICKUP_WAIT, "it is not a regular file");
    else if (entry->forbidden != NULL)
        decide(result, PICKUP_WAIT, entry->forbidden);
    else if (drop->complete == COMPLETE_CLOSED && entry->written)
        decide(result, PICKUP_WAIT, "a process has it open for writing");
    else if (drop->complete == COMPLETE_STABLE || untold)
        decide_stable(drop, unchanged, result);
    else
        decide(result, PICKUP_TAKE, "it is whole");
}

char *completeness_awaits(const struct party *party)
{
    return g_strdup_printf("it waits until the profiles of %s can be used (A119): %s", party->org, party->stopped);
}

bool completeness_is_copy(const struct source_identity *fetched, const struct drop_entry *entry)
{
    return source_identity_same(fetched, &entry->identity) ||
           source_identity_may_be(fetched, &entry->identity, entry->modified);
}

char *completeness_in_custody(int64_t job)
{
    return g_strdup_printf(
        "in the spool already, as job %08" G_GINT64_FORMAT "; its copy in the drop is still to be removed", job);
}

char *completeness_behind(const char *ahead)
{
    return g_strdup_printf(
        "it waits behind %s, which has a lower number of the same sender and type and cannot be taken", ahead);
}

bool completeness_waits_behind(const struct filename *file, const struct filename *fault)
{
    int64_t ahead = (int64_t)file->sequence - fault->sequence, most = filename_sequence_max(file);

    if (file->type == NULL || file->type != fault->type || file->eui64 != fault->eui64 ||
        strcmp(file->org, fault->org) != 0 || file->sequence == 0 || fault->sequence == 0)
        return false;
    return ABS(ahead) > most / 2 ? ahead < 0 : ahead > 0;
}
