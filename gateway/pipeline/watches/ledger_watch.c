/*
 * The incident is opened and closed like A105 (clock_watch.c), with one difference: in a ledger that is behind, its ID
 * must be above those that the lost ledger gave out, for it is reported once the ledger goes on.
 */
#include "gateway/pipeline/watches/ledger_watch.h"

#include "gateway/answers/incidents.h"
#include "gateway/clock.h"
#include "gateway/pipeline/outage.h"
#include "spool/ledger/ledger_incidents.h"
#include "spool/ledger/ledger_recovery.h"
#include "validators/catalogue.h"

#include <string.h>

static const char *code_id(void)
{
    return catalogue_entry(A109)->id;
}

/* ---- the incident ---- */

/* Raises the number of the next incident above those that the witness knows. A witness that cannot be read knows none.
 */
static bool raise_incident_number(struct gateway *gateway, GError **error)
{
    g_autoptr(witness_t) witness = NULL;

    if (!witness_read(gateway->config->witness, &witness, NULL) || witness == NULL ||
        witness_number(witness, "incident") == 0)
        return true;
    if (!ledger_begin(gateway->ledger, error))
        return false;
    if (ledger_number_raise(gateway->ledger, "incident", witness_number(witness, "incident"), error) &&
        ledger_commit(STEP_OUTAGE_NOTED, gateway->ledger, error))
        return true;
    ledger_rollback(gateway->ledger);
    return false;
}

/* What the incident says. It is reported to others, so that it names no paths; and no generations, which differ from
 * start to start. `status` gives the rest. */
static const char *told(enum ledger_fault_kind kind)
{
    static const char *const texts[] = {NULL,
                                        "the ledger is older than the newest one that is known; see 'ecosgate status'",
                                        "the ledger was restored from a backup; see 'ecosgate status'",
                                        "the ledger belongs to another spool or witness; see 'ecosgate status'",
                                        "the witness of the ledger cannot be used; see 'ecosgate status'"};

    return texts[kind];
}

static bool open_incident(struct gateway *gateway, GError **error)
{
    const char *subject = ledger_fault_subject(gateway->fault.kind);
    bool open = false;

    if (!ledger_incident_is_open(gateway->ledger, code_id(), subject, &open, error))
        return false;
    return (open || raise_incident_number(gateway, error)) &&
           outage_commit_incident(gateway, code_id(), subject, told(gateway->fault.kind), error);
}

bool ledger_watch_blocks(struct gateway *gateway, bool *blocked, GError **error)
{
    if (!gateway_check_ledger(gateway, error) ||
        !outage_commit_others_closed(gateway, code_id(), ledger_fault_subject(gateway->fault.kind), error))
        return false;
    *blocked = gateway->fault.kind != LEDGER_SOUND;
    if (*blocked)
        log_event(LOG(EVENT_LEDGER_BEHIND, .code = code_id()), "%s: %s", code_id(), gateway->fault.text);
    gateway->failed |= *blocked;
    if (!*blocked)
        log_over(LOG(EVENT_LEDGER_BEHIND, .code = code_id()));
    return !*blocked || open_incident(gateway, error);
}

/* ---- before anything leaves ---- */

bool ledger_watch_renew(struct gateway *gateway, GError **error)
{
    GError *cause = NULL;

    if (!gateway_check_ledger(gateway, error))
        return false;
    if (gateway->fault.kind == LEDGER_SOUND && !home_witness_keep(gateway, &cause))
        ledger_check_unwritable(&gateway->fault, cause);
    if (gateway->fault.kind == LEDGER_SOUND)
        return true;
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "nothing leaves (A109): %s", gateway->fault.text);
    return false;
}

/* ---- claims in drops ---- */

/* text NULL: forgets the claim. */
static bool put_claim(struct gateway *gateway, const char *drop, const char *text, GError **error)
{
    if (!ledger_begin(gateway->ledger, error))
        return false;
    if ((text != NULL ? ledger_claim_put(gateway->ledger, drop, text, error)
                      : ledger_claim_remove(gateway->ledger, drop, error)) &&
        ledger_commit(STEP_PICKUP_NOTED, gateway->ledger, error))
        return true;
    ledger_rollback(gateway->ledger);
    return false;
}

/* Is that very claim kept already? A foreign one is found in each pass. */
struct kept {
    const char *drop, *text;
    bool found;
};

static bool compare_claim(void *user, const char *drop, const char *text, GError **error)
{
    struct kept *kept = user;

    (void)error; /* nothing here can fail */
    kept->found |= strcmp(drop, kept->drop) == 0 && strcmp(text, kept->text) == 0;
    return true;
}

static bool keep_claim(struct gateway *gateway, const char *drop, const struct witness *claim, GError **error)
{
    g_autofree char *text = witness_print(claim);
    struct kept kept = {drop, text, false};

    return ledger_claims_each(gateway->ledger, compare_claim, &kept, error) &&
           (kept.found || put_claim(gateway, drop, text, error));
}

bool ledger_watch_drop_witness(struct gateway *gateway, const char *drop, const struct witness *claim, bool *behind,
                               GError **error)
{
    g_autofree char *ahead = NULL;
    bool foreign;

    if (!ledger_check_witness(gateway, claim, &foreign, &ahead, error))
        return false;
    *behind = ahead != NULL;
    return (ahead == NULL && !foreign) || keep_claim(gateway, drop, claim, error);
}

bool ledger_watch_replaces(struct gateway *gateway, const struct witness *claim, bool *replaced, GError **error)
{
    g_autofree char *ahead = NULL;
    bool foreign;

    *replaced = strcmp(claim->ledger, gateway->identity.ledger) != 0;
    if (!*replaced)
        return true;
    if (!ledger_check_witness(gateway, claim, &foreign, &ahead, error))
        return false;
    *replaced = !foreign;
    return true;
}

bool ledger_watch_forget_drop(struct gateway *gateway, const char *drop, GError **error)
{
    return put_claim(gateway, drop, NULL, error);
}
