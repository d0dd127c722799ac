/* The work on Devices, from the EMD to the EMO: orders, results, ends. */
#include "tests/sim/oracle_private.h"

#include "tests/sim/when.h"

#include <string.h>

static unsigned clamp_try(const char *text)
{
    return MIN(oracle_number(text), TRIES);
}

/* Ids in hex are the same whatever the case and the separators (formats/FILES.md, 7). */
static char *plain_key(const char *key)
{
    GString *plain = g_string_new(NULL);

    if (g_str_has_prefix(key, "0x"))
        key += 2;
    for (; *key != '\0'; key++)
        if (g_ascii_isxdigit(*key))
            g_string_append_c(plain, g_ascii_toupper(*key));
    return g_string_free(plain, FALSE);
}

/* ---- orders ---- */

/* A lost ledger had ordered the same try. */
static bool repeats_lost_try(const struct oracle *oracle, const struct item *item, const struct order *order)
{
    for (unsigned i = 0; i < item->orders->len; i++) {
        const struct order *other = &g_array_index(item->orders, struct order, i);
        if (other->try == order->try && oracle_was_lost(oracle, other->at, order->at))
            return true;
    }
    return false;
}

static void check_tries(struct oracle *oracle, const struct item *item)
{
    unsigned ordered[TRIES + 1] = {0};

    for (unsigned i = 0; i < item->orders->len; i++) {
        const struct order *order = &g_array_index(item->orders, struct order, i);
        unsigned n = ++ordered[order->try];
        if (n > 1 + item->unattempted_told[order->try])
            oracle_broken(oracle, item, repeats_lost_try(oracle, item, order) ? "generation" : "once",
                          "%s of %s: try %u was ordered %u times, last by %s", item->id, item->device, order->try, n,
                          order->file);
        if (order->try > 1 && item->failed_told[order->try - 1] == 0)
            oracle_broken(oracle, item, "once", "%s of %s: %s orders try %u, nobody has said that try %u failed",
                          item->id, item->device, order->file, order->try, order->try - 1);
    }
}

int64_t oracle_agreed_at(const struct item *item)
{
    if (item->tcos.at == 0 || item->ecos.at == 0 || strcmp(item->tcos.key, item->ecos.key) != 0)
        return 0;
    return MAX(item->tcos.at, item->ecos.at);
}

/* All orders of an item are of one session, which lasts a day. */
static void check_session(struct oracle *oracle, const struct item *item, const struct order *order)
{
    for (unsigned i = 0; i < item->orders->len && oracle->restores == 0; i++) {
        const struct order *other = &g_array_index(item->orders, struct order, i);
        if (order->session_end != other->session_end || order->session_end > other->at + SIM_DAY + oracle->clock_ahead)
            oracle_broken(oracle, item, "session",
                          "%s of %s: %s and %s name different ends, or one after more than a day", item->id,
                          item->device, order->file, other->file);
    }
}

/* The order was made after the gateway knew of the success. Within one pass all has one time: there the success must
 * have been in its drop before that second. A clock that was wrong may stand still for hours afterwards. */
static bool is_after(const struct oracle *oracle, const struct order *order, const struct statement *success)
{
    bool in_pass = order->at == success->at && success->put_at < order->at && !oracle->clock_wrong;

    return success->at != 0 && success->put_at < order->taken_at && !oracle_was_lost(oracle, success->at, order->at) &&
           (order->at > success->at || in_pass);
}

static void check_order(struct oracle *oracle, const struct item *item, const struct order *order)
{
    const struct device_facts *device = oracle_device(oracle, item->device);

    if (is_after(oracle, order, &item->tcos) || is_after(oracle, order, &item->ecos))
        oracle_broken(oracle, item, "success", "%s of %s: %s orders it after a side's success was acknowledged",
                      item->id, item->device, order->file);
    check_session(oracle, item, order);
    oracle_check_supply(oracle, item, order);
    oracle_check_hours(oracle, item, order);
    for (unsigned i = 0; i < device->items->len; i++) {
        const struct item *other = device->items->pdata[i];
        int64_t agreed = oracle_agreed_at(other);
        bool lost =
            oracle_was_lost(oracle, other->tcos.at, order->at) || oracle_was_lost(oracle, other->ecos.at, order->at);
        if (other != item && agreed != 0 && !lost && order->at > agreed && device->overruled_at < agreed)
            oracle_broken(oracle, item, "success", "%s orders %s as %s, which has migrated as %s", order->file,
                          item->device, item->id, other->id);
    }
}

static void check_item(struct oracle *oracle, const struct item *item)
{
    if (item->device == NULL)
        return;
    check_tries(oracle, item);
    for (unsigned i = 0; i < item->orders->len; i++)
        check_order(oracle, item, &g_array_index(item->orders, struct order, i));
}

static void check_device(struct oracle *oracle, const struct item *item)
{
    const struct device_facts *device = oracle_device(oracle, item->device);

    for (unsigned i = 0; i < device->items->len; i++)
        check_item(oracle, device->items->pdata[i]);
}

static void name_device(struct oracle *oracle, struct item *item, const char *device)
{
    if (item->device == NULL) {
        item->device = g_strdup(device);
        g_ptr_array_add(oracle_device(oracle, device)->items, item);
    } else if (strcmp(item->device, device) != 0) {
        oracle_broken(oracle, item, "once", "%s is about %s and about %s", item->id, item->device, device);
    }
}

void oracle_look_at_order(struct oracle *oracle, const struct document *document, const char *name)
{
    int64_t at = oracle_time_of(document);

    for (unsigned i = 0; i < document->n; i++) {
        const struct record *record = &document->records[i];
        if (record->kind != 'D')
            continue;
        struct item *item = oracle_item(oracle, record_get(record, "WorkItemId"));
        struct order order = {.try = clamp_try(record_get(record, "Try")),
                              .at = at,
                              .taken_at = sim_now(oracle->sim),
                              .session_end = when_parse(record_get(record, "SessionEnd")),
                              .file = g_strdup(name)};
        name_device(oracle, item, record_get(record, "DeviceID"));
        g_array_append_val(item->orders, order);
        if (order.session_end <= at)
            oracle_broken(oracle, item, "session", "%s of %s: %s orders it after its session's end", item->id,
                          item->device, name);
        check_item(oracle, item);
        oracle_keeps_ordered(oracle, item, &g_array_index(item->orders, struct order, item->orders->len - 1));
        oracle_suspect_order(oracle, item);
    }
}

/* ---- results and confirmations ---- */

/* The first one that counts. After a restore that is the one which was told again. */
static void keep_statement(const struct oracle *oracle, struct statement *statement, const struct verdict *verdict,
                           const char *key)
{
    if (statement->at != 0 && !oracle_was_lost(oracle, statement->at, verdict->at))
        return;
    g_free(statement->key);
    statement->at = verdict->at;
    statement->put_at = verdict->inbound->put_at;
    statement->key = plain_key(key);
}

static void hear_success(struct item *item, int side, const char *key, int64_t now)
{
    g_hash_table_add(item->keys[side], plain_key(key));
    if (item->said_at == 0)
        item->said_at = now;
}

static void hear_result(const struct oracle *oracle, struct item *item, const struct record *record,
                        const struct verdict *verdict)
{
    const char *result = record_get(record, "Result");
    unsigned try = clamp_try(record_get(record, "Try"));
    bool success = strcmp(result, "SUCCESS") == 0;

    if (verdict != NULL) {
        const struct known_result known = {try, verdict->at};
        g_array_append_val(item->known, known);
        if (success)
            keep_statement(oracle, &item->tcos, verdict, record_get(record, "ReplacingKeyId"));
        return;
    }
    if (success)
        hear_success(item, 0, record_get(record, "ReplacingKeyId"), sim_now(oracle->sim));
    item->unattempted_told[try] += strcmp(result, "NOT_ATTEMPTED") == 0;
    item->failed_told[try] += strcmp(result, "FAILED") == 0 || strcmp(result, "TIMEOUT") == 0;
}

static void hear_confirmation(const struct oracle *oracle, struct item *item, const struct record *record,
                              const struct verdict *verdict)
{
    bool yes = strcmp(record_get(record, "Confirmed"), "Y") == 0;

    if (verdict == NULL && yes)
        hear_success(item, 1, record_get(record, "KeyId"), sim_now(oracle->sim));
    else if (yes)
        keep_statement(oracle, &item->ecos, verdict, record_get(record, "KeyId"));
}

void oracle_hear(struct oracle *oracle, const struct document *document, const struct verdict *verdict)
{
    bool result = strcmp(document->type, "EMT") == 0;

    if (!result && strcmp(document->type, "EMC") != 0)
        return;
    for (unsigned i = 0; i < document->n; i++) {
        const struct record *record = &document->records[i];
        unsigned number = oracle_number(record_get(record, "RecordNumber"));
        if (record->kind != 'D' || (verdict != NULL && g_hash_table_contains(verdict->wrong, GUINT_TO_POINTER(number))))
            continue;
        struct item *item = oracle_item(oracle, record_get(record, "WorkItemId"));
        if (result)
            hear_result(oracle, item, record, verdict);
        else
            hear_confirmation(oracle, item, record, verdict);
        if (verdict != NULL && item->device != NULL)
            check_device(oracle, item);
    }
}

/* ---- responses ---- */

static void look_at_row(struct oracle *oracle, struct verdict *verdict, const struct record *record,
                        const struct record *asked)
{
    const char *outcome = record_get(record, "Outcome"), *id = record_get(record, "WorkItemId");
    bool accepted = strcmp(outcome, "ACCEPTED") == 0;
    struct item *item = NULL;

    if (*id != '\0')
        item = oracle_item(oracle, id);
    if (item != NULL && (!verdict->lost || item->verdict == NULL)) {
        item->verdict = verdict;
        item->accepted = accepted;
        item->accepted_at = accepted ? verdict->at : 0;
        (void)g_strlcpy(item->outcome, accepted ? "" : outcome, sizeof item->outcome);
        if (accepted && asked != NULL)
            (void)g_strlcpy(item->mpxn, record_get(asked, "MPxN"), sizeof item->mpxn);
        if (*record_get(record, "DeviceID") != '\0')
            name_device(oracle, item, record_get(record, "DeviceID"));
    }
    g_ptr_array_add(verdict->items, item);
    const char *code = record_get(record, "Code");
    if (strcmp(code, "C103") == 0 || strcmp(code, "C115") == 0) {
        struct refusal *refusal = g_new0(struct refusal, 1);
        refusal->verdict = verdict;
        (void)g_strlcpy(refusal->code, code, sizeof refusal->code);
        (void)g_strlcpy(refusal->device, record_get(record, "DeviceID"), sizeof refusal->device);
        g_ptr_array_add(oracle->refusals, refusal);
    }
    if (accepted && (item == NULL || asked == NULL ||
                     g_ascii_strcasecmp(record_get(record, "DeviceID"), record_get(asked, "DeviceID")) != 0))
        sim_broken(oracle->sim, "sum", "record %u of the EMD to %s accepts %s, the instruction names %s",
                   verdict->items->len, verdict->inbound->name, record_get(record, "DeviceID"),
                   asked != NULL ? record_get(asked, "DeviceID") : "none");
}

static const struct record *record_number(const struct document *document, unsigned number)
{
    for (unsigned i = 0; document != NULL && i < document->n; i++)
        if (document->records[i].kind == 'D' && --number == 0)
            return &document->records[i];
    return NULL;
}

void oracle_look_at_response(struct oracle *oracle, struct verdict *verdict, const struct document *document)
{
    unsigned rejected = 0, accepted = 0, deferred = 0;

    if (verdict->responded || strcmp(verdict->outcome, "RJ") == 0)
        sim_broken(oracle->sim, "sum", "%s has the verdict %s and gets the EMD %s", verdict->inbound->name,
                   verdict->outcome, document->name);
    verdict->responded = true;
    g_ptr_array_set_size(verdict->items, 0);
    for (unsigned i = 0; i < document->n; i++) {
        const struct record *record = &document->records[i];
        if (record->kind != 'D')
            continue;
        look_at_row(oracle, verdict, record, record_number(verdict->document, verdict->items->len + 1));
        rejected += strcmp(record_get(record, "Outcome"), "REJECTED") == 0;
        accepted += strcmp(record_get(record, "Outcome"), "ACCEPTED") == 0;
        deferred += strcmp(record_get(record, "Outcome"), "DEFERRED") == 0;
    }
    bool part = strcmp(verdict->outcome, "PA") == 0;
    if (rejected != verdict->rejected || accepted + rejected + deferred != verdict->parsed ||
        (rejected + deferred > 0) != part)
        sim_broken(oracle->sim, "sum", "%s: EMA %s, %u records, %u rejected; EMD %u accepted, %u rejected, %u deferred",
                   verdict->inbound->name, verdict->outcome, verdict->parsed, verdict->rejected, accepted, rejected,
                   deferred);
}

/* ---- outcomes ---- */

static bool is_end(const char *outcome)
{
    static const char *const ends[] = {"MIGRATED", "FAILED", "REJECTED", "DEFERRED", NULL};
    return g_strv_contains(ends, outcome);
}

static bool sides_agree(const struct item *item)
{
    GHashTableIter iter;
    gpointer key;

    g_hash_table_iter_init(&iter, item->keys[0]);
    while (g_hash_table_iter_next(&iter, &key, NULL))
        if (g_hash_table_contains(item->keys[1], key))
            return true;
    return false;
}

static void check_outcome(struct oracle *oracle, const struct item *item, const char *outcome)
{
    bool migrated = strcmp(outcome, "MIGRATED") == 0, ended = is_end(item->outcome);

    if (ended && strcmp(item->outcome, outcome) != 0 && (!migrated || !item->accepted) && oracle->restores == 0)
        oracle_broken(oracle, item, "outcome", "%s of %s was %s and is %s now", item->id, item->device, item->outcome,
                      outcome);
    if (migrated && !sides_agree(item) && oracle_device(oracle, item->device)->ended_at == 0)
        oracle_broken(oracle, item, "outcome", "%s of %s is MIGRATED; the sides never stated the same key", item->id,
                      item->device);
}

static void keep_outcome(struct item *item, const struct record *record)
{
    const char *outcome = record_get(record, "Outcome");
    int64_t at = when_parse(record_get(record, "EndedAt"));

    if (!is_end(outcome) || !item->accepted)
        return;
    if (item->ended_at == 0)
        item->ended_at = at;
    if (strcmp(outcome, "FAILED") == 0) {
        item->was_failed = true;
        item->eligible_at = when_parse(record_get(record, "NextEligible"));
    }
    if (strcmp(outcome, "MIGRATED") == 0)
        item->migrated_at = at;
}

void oracle_look_at_outcome(struct oracle *oracle, struct verdict *verdict, const struct document *document)
{
    unsigned n = 0, number = oracle_number(record_get(document_first(document, 'H'), "FileSequence"));
    bool ended = true, counts = number >= verdict->newest;
    int64_t last = 0;

    for (unsigned i = 0; i < document->n; i++) {
        const struct record *record = &document->records[i];
        const char *outcome = record_get(record, "Outcome"), *id = record_get(record, "WorkItemId");
        if (record->kind != 'D')
            continue;
        struct item *item = n < verdict->items->len ? verdict->items->pdata[n] : NULL;
        n++;
        ended &= is_end(outcome);
        last = MAX(last, when_parse(record_get(record, "EndedAt")));
        if (item == NULL || item->device == NULL)
            continue;
        if (strcmp(item->id, id) != 0)
            oracle_broken(oracle, item, "outcome", "row %u of %s is about %s, that of the EMD about %s", n,
                          document->name, id, item->id);
        if (!counts)
            continue;
        check_outcome(oracle, item, outcome);
        keep_outcome(item, record);
        (void)g_strlcpy(item->outcome, outcome, sizeof item->outcome);
        (void)g_strlcpy(item->code, record_get(record, "Code"), sizeof item->code);
    }
    verdict->newest = MAX(verdict->newest, number);
    if (verdict->outcome_at == 0 || oracle_time_of(document) < verdict->outcome_at) {
        verdict->outcome_at = oracle_time_of(document);
        verdict->outcome_open = !ended;
    }
    if (ended && !verdict->rounded) {
        verdict->rounded = true;
        verdict->rounded_at = oracle_time_of(document);
        verdict->ended_at = last;
    }
    if (n != verdict->items->len)
        sim_broken(oracle->sim, "sum", "%s has %u rows, the EMD has %u", document->name, n, verdict->items->len);
}

/* ---- the end ---- */

/* What both sides have stated needs no operator. */
static void judge_agreement(struct oracle *oracle, const struct item *item)
{
    int64_t agreed = oracle_agreed_at(item), ended = oracle_device(oracle, item->device)->ended_at;

    if (agreed == 0)
        return;
    if (strcmp(item->outcome, "MIGRATED") != 0)
        oracle_broken(oracle, item, "outcome", "%s of %s is %s; both sides have stated its success", item->id,
                      item->device, item->outcome);
    else if (ended > agreed + SIM_HOUR)
        oracle_broken(oracle, item, "outcome",
                      "%s of %s: an operator had to end it, although both sides had stated its "
                      "success",
                      item->id, item->device);
}

static void judge_item(struct oracle *oracle, const struct item *item)
{
    const struct verdict *verdict = item->verdict;

    if (verdict == NULL && item->orders->len > 0)
        oracle_broken(oracle, item, "sum", "%s of %s was ordered, no EMD has accepted it", item->id, item->device);
    if (verdict == NULL || !item->accepted)
        return;
    bool tried = strcmp(item->outcome, "MIGRATED") == 0 || strcmp(item->outcome, "FAILED") == 0;
    if (!is_end(item->outcome))
        oracle_broken(oracle, item, "unanswered", "%s of %s has not ended: its outcome is \"%s\"", item->id,
                      item->device, item->outcome);
    else if (tried && item->orders->len == 0)
        oracle_broken(oracle, item, "outcome", "%s of %s is %s and was never ordered", item->id, item->device,
                      item->outcome);
    if (oracle->restores > 0)
        return;
    judge_agreement(oracle, item);
}

void oracle_judge_items(struct oracle *oracle)
{
    for (unsigned i = 0; i < oracle->verdicts->len; i++) {
        const struct verdict *verdict = oracle->verdicts->pdata[i];
        bool instruction = strcmp(verdict->inbound->type, "EMI") == 0 && strcmp(verdict->outcome, "RJ") != 0;
        if (instruction && !verdict->lost && (!verdict->responded || !verdict->rounded))
            sim_broken(oracle->sim, "unanswered", "%s: %s", verdict->inbound->name,
                       verdict->responded ? "no EMO shows all Devices ended" : "there is no EMD");
    }
    for (unsigned i = 0; i < oracle->order_of_items->len; i++)
        judge_item(oracle, oracle->order_of_items->pdata[i]);
}
