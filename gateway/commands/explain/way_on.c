/* The ledger is asked what stands against a new instruction now (ledger_earlier_work), as the review will ask it: the
 * code of a work item only says what stood against it then. */
#include "gateway/commands/explain/way_on.h"

#include "formats/eui64.h"
#include "formats/instant.h"
#include "gateway/clock.h"
#include "gateway/commands/explain/explain.h"
#include "gateway/config/config.h"
#include "spool/ledger/ledger_devices.h"
#include "spool/ledger/ledger_estate.h"
#include "spool/ledger/ledger_incidents.h"
#include "spool/ledger/ledger_reference.h"
#include "spool/ledger/ledger_resolved.h"
#include "validators/catalogue.h"

#include <string.h>

/* What is known of the Device beside its work item. */
struct standing {
    struct ledger_earlier_work past;
    bool migrated;     /* a migration stands, of this work item or of another */
    bool contradicted; /* the inventory says TCoS credentials after it (D152) */
    bool ecos;         /* the inventory says ECoS credentials */
    char release[EUI64_TEXT_SIZE + sizeof "`ecosgate device release  --reason TEXT`"]; /* the commands */
    char end[EUI64_TEXT_SIZE + sizeof "`ecosgate device end  --as migrated --reason TEXT`"];
};

static bool look(struct gateway *gateway, uint64_t device, struct standing *known, GError **error)
{
    struct ledger *ledger = gateway->ledger;
    struct ledger_migrated migrated;
    g_autofree struct ledger_inventory *row = NULL;
    char id[EUI64_TEXT_SIZE];

    eui64_print(device, id);
    if (!ledger_earlier_work(ledger, device, clock_now(), &known->past, error) ||
        !ledger_migrated_before(ledger, device, G_MAXINT64, &migrated, error) ||
        !ledger_incident_is_open(ledger, "D152", id, &known->contradicted, error) ||
        !ledger_inventory_get(ledger, device, &row, error))
        return false;
    known->migrated = migrated.at != 0;
    known->ecos = row != NULL && strcmp(row->credentials, "ECOS") == 0;
    (void)g_snprintf(known->release, sizeof known->release, "`ecosgate device release %s --reason TEXT`", id);
    (void)g_snprintf(known->end, sizeof known->end, "`ecosgate device end %s --as migrated --reason TEXT`", id);
    return true;
}

/* A success counts, so that a new instruction is C108. */
static char *after_success(const struct gateway *gateway, const struct standing *known)
{
    bool open = retry_may_try(&gateway->config->retry, clock_now());

    if (known->migrated)
        return open ? g_strdup_printf("nothing if it holds ECoS credentials, as both sides have confirmed; if not, %s, "
                                      "then a new instruction (EMI)",
                                      known->release)
                    : g_strdup("nothing: both sides have confirmed that it holds ECoS credentials, and TCoS closes");
    return g_strdup_printf("the other side's EMT SUCCESS or EMC Y with the same credentials, which makes it MIGRATED; "
                           "until then another instruction would be rejected (C108); or, if it holds ECoS credentials, "
                           "%s%s%s",
                           known->end, open ? "; or, if nothing was replaced, " : "", open ? known->release : "");
}

/* One that was tried may have succeeded all the same. */
static char *after_closing(const struct ledger_work *work, int64_t closes)
{
    bool tried = work->has_session && work->session.try > 0;
    char date[INSTANT_TEXT_SIZE];

    instant_print(closes, date);
    return g_strdup_printf(
        "%s: TCoS closes at %s, and an instruction for it would be rejected (C122)",
        tried ? "only an EMT SUCCESS and an EMC Y with the same credentials, which make it MIGRATED" : "nothing", date);
}

/* Nothing but the code of its end, and a failed session, stand against a new instruction. */
static char *new_instruction(const struct ledger_work *work, const struct standing *known, const struct way_on *way)
{
    bool failed = known->past.next_eligible > clock_now();
    g_autofree char *sooner = failed ? g_strdup_printf("; or at once after %s, or when an INV shows another model, "
                                                       "firmware or hub",
                                                       known->release)
                                     : g_strdup("");
    const char *who = "";
    enum code code;

    if (known->ecos)
        return g_strdup("nothing if it holds ECoS credentials, as the inventory says; if not, DCC corrects the "
                        "inventory (INV); then a new instruction (EMI)");
    if (way->code != NULL && catalogue_find(way->code, &code)) {
        if (code == C108)
            return g_strdup_printf("a new instruction (EMI)%s", sooner);
        who = catalogue_resolver(code, work->item.device_type);
    }
    if (*who == '\0')
        return way->at == 0 ? g_strdup("a new instruction (EMI)")
                            : g_strdup_printf("a new instruction (EMI) at next_at or later; the cause passes by "
                                              "itself%s",
                                              sooner);
    return g_strdup_printf("%s resolves the cause; then a new instruction (EMI)%s%s",
                           g_str_has_prefix(who, "DCC incident") ? "DCC" : who,
                           way->at != 0 ? " at next_at or later" : "", sooner);
}

bool way_on_find(struct gateway *gateway, const struct ledger_work *work, struct way_on *way, GError **error)
{
    const struct retry_rules *retry = &gateway->config->retry;
    bool migrated = explain_state(work) == LEDGER_MIGRATED && !work->overruled;
    struct standing known = {0};

    way->text = NULL;
    if (work->item.has_device && !look(gateway, work->item.device, &known, error))
        return false;
    if (way->code != NULL && strcmp(way->code, "C115") == 0)
        way->at = 0; /* what is left of it, the ledger says */
    way->at = migrated ? 0 : MAX(way->at, known.past.next_eligible);
    if (migrated && known.contradicted)
        way->text = g_strdup_printf("DCC corrects the inventory (D152); or, if it holds TCoS credentials, %s, then a "
                                    "new instruction (EMI)",
                                    known.release);
    else if (!migrated && known.past.replaced)
        way->text = after_success(gateway, &known);
    else if (!migrated)
        way->text = retry_may_try(retry, MAX(way->at, clock_now())) ? new_instruction(work, &known, way)
                                                                    : after_closing(work, retry->tcos_closes);
    return true;
}
