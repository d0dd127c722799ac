/*
 * Everything about an order that depends on its verb or on what it names: the only place that lists verbs and keys.
 */
#include "formats/instant.h"
#include "gateway/answers/incident_id.h"
#include "gateway/pipeline/orders/order_private.h"
#include "gateway/pipeline/recovery/recover.h"
#include "spool/ledger/ledger_numbering.h"

#include <stddef.h>
#include <string.h>

/* ---- what orders are about, for people ---- */

static char *about_job(const struct order *order)
{
    return g_strdup_printf("job %08" G_GINT64_FORMAT, order->job);
}

/* "… and 3 more": takes the text. */
static char *and_more(char *first, const struct order *order)
{
    guint n = order->list != NULL ? g_strv_length(order->list) : 1;

    if (n < 2)
        return first;
    char *text = g_strdup_printf("%s and %u more", first, n - 1);
    g_free(first);
    return text;
}

static char *about_incident(const struct order *order)
{
    char id[INCIDENT_ID_SIZE];

    return and_more(g_strdup_printf("incident %s", incident_id(order->incident, id)), order);
}

static char *about_file(const struct order *order)
{
    return and_more(g_strdup(order->file), order);
}

static char *about_numbers(const struct order *order)
{
    return g_strdup_printf("%s of %s, last number %06" G_GINT64_FORMAT, order->type, order->sender, order->number);
}

static char *about_drop(const struct order *order)
{
    return g_strdup_printf("drop %s", order->drop);
}

static char *about_ledger(const struct order *order)
{
    (void)order; /* there is one ledger */
    return g_strdup("ledger");
}

static char *about_dispatch(const struct order *order)
{
    (void)order; /* there is one */
    return g_strdup("dispatch");
}

static char *about_batch(const struct order *order)
{
    return g_strdup_printf("batch %s", order->batch);
}

static char *about_device(const struct order *order)
{
    return g_strdup_printf("Device %s", order->device);
}

static char *about_archive(const struct order *order)
{
    return g_strdup_printf("archive %s", order->archive);
}

static char *about_purge(const struct order *order)
{
    char text[INSTANT_TEXT_SIZE];

    instant_print(order->before, text);
    return g_strdup_printf("personal data before %s", text);
}

/* ---- the verbs ---- */

#define NUMBERS                                                                                                        \
    {                                                                                                                  \
        "sender", "type", "number"                                                                                     \
    }
#define LEAVING "a running gateway removes their folders from the spool in slices"
#define NEXT_PURGE "what is left of it: 'ecosgate purge --before DATE --dry-run'"
#define NEXT_LOOK "the next look of 'ecosgate run' at the drop replaces the claim"

/* The verbs stand in ledgers and in order files that wait: none may change. */
static const struct order_kind kinds[ORDER_VERB_COUNT] = {
    [ORDER_HOLD] = {"hold", "spool hold", {"job"}, about_job, order_job, NULL},
    [ORDER_RELEASE] = {"release", "spool release", {"job"}, about_job, order_job, NULL},
    [ORDER_REQUEUE] = {"requeue", "spool requeue", {"job"}, about_job, order_job, NULL},
    [ORDER_REJECT] = {"reject", "spool reject", {"job"}, about_job, order_job, NULL},
    [ORDER_CLOSE] = {"close", "incident close", {"incident"}, about_incident, order_incident_close, NULL},
    [ORDER_REDELIVER] = {"redeliver", "redeliver", {"file"}, about_file, order_redeliver, NULL},
    [ORDER_SEQUENCE] = {"sequence", "sequence set", NUMBERS, about_numbers, order_sequence_set, NULL},
    [ORDER_SEQUENCE_FORGET] = {"sequence forget", "sequence set --forget-lost", NUMBERS, about_numbers,
                               order_sequence_set, NULL},
    [ORDER_ARCHIVE] = {"archive", "archive", {"archive", "digest", "before"}, about_archive, order_archive, LEAVING},
    [ORDER_RESTORE_ARCHIVE] =
        {"restore archive", "archive restore", {"archive", "digest"}, about_archive, order_archive_restore, NULL},
    [ORDER_TAKE] = {"take", "claim take", {"drop", "claim"}, about_drop, order_drop_take, NEXT_LOOK},
    [ORDER_RECOVER] = {"recover", "recover", {NULL}, about_ledger, recover_carry_out, NULL},
    [ORDER_RELEASE_DEVICE] = {"release device", "device release", {"device"}, about_device, order_device_release, NULL},
    [ORDER_END_DEVICE] = {"end device", "device end", {"device", "as"}, about_device, order_device_end, NULL},
    [ORDER_PAUSE_DISPATCH] = {"pause dispatch", "dispatch pause", {NULL}, about_dispatch, order_dispatch_pause, NULL},
    [ORDER_RESUME_DISPATCH] =
        {"resume dispatch", "dispatch resume", {NULL}, about_dispatch, order_dispatch_pause, NULL},
    [ORDER_PAUSE_DROP] = {"pause drop", "drop pause", {"drop", "direction"}, about_drop, order_drop_pause, NULL},
    [ORDER_HOLD_BATCH] = {"hold batch", "batch hold", {"job", "batch"}, about_batch, order_batch_hold, NULL},
    [ORDER_RELEASE_BATCH] = {"release batch", "batch release", {"job", "batch"}, about_batch, order_batch_hold, NULL},
    [ORDER_WITHDRAW_BATCH] =
        {"withdraw batch", "batch withdraw", {"job", "batch"}, about_batch, order_batch_withdraw, NULL},
    [ORDER_WITHDRAW_DEVICE] =
        {"withdraw device", "device withdraw", {"device"}, about_device, order_device_withdraw, NULL},
    [ORDER_HOLD_DEVICE] = {"hold device", "device hold", {"device"}, about_device, order_device_hold, NULL},
    [ORDER_PURGE] = {"purge", "purge", {"before"}, about_purge, order_purge, NEXT_PURGE},
    [ORDER_RESUME_DROP] = {"resume drop", "drop resume", {"drop", "direction"}, about_drop, order_drop_pause, NULL},
};

const struct order_kind *order_kind(enum order_verb verb)
{
    return (int)verb >= 0 && verb < ORDER_VERB_COUNT ? &kinds[verb] : NULL;
}

const char *order_verb_name(enum order_verb verb)
{
    const struct order_kind *kind = order_kind(verb);

    return kind != NULL ? kind->verb : NULL;
}

bool order_verb_parse(const char *name, enum order_verb *verb)
{
    for (int i = 0; i < ORDER_VERB_COUNT; i++)
        if (strcmp(kinds[i].verb, name) == 0) {
            *verb = (enum order_verb)i;
            return true;
        }
    return false;
}

/* ---- the keys ---- */

#define AT(member_) offsetof(struct order, member_)

static const struct order_key keys[] = {
    {"job", "job", ORDER_KEY_ID, AT(job), 0, NULL},
    {"batch", "batch", ORDER_KEY_TEXT, AT(batch), 0, NULL},
    {"incident", "incident", ORDER_KEY_ID, AT(incident), 0, NULL},
    {"file", "job", ORDER_KEY_TEXT, AT(file), 0, NULL},
    {"sender", "sender", ORDER_KEY_TEXT, AT(sender), 0, NULL},
    {"type", "type", ORDER_KEY_TEXT, AT(type), 0, NULL},
    {"number", "last", ORDER_KEY_NUMBER, AT(number), LEDGER_SEQUENCE_MAX, NULL},
    {"drop", "drop", ORDER_KEY_TEXT, AT(drop), 0, NULL},
    {"claim", NULL, ORDER_KEY_TEXT, AT(claim), 0, NULL},
    {"direction", "direction", ORDER_KEY_TEXT, AT(direction), 0, "in|out|both"},
    {"device", "device", ORDER_KEY_TEXT, AT(device), 0, NULL},
    {"archive", "archive", ORDER_KEY_TEXT, AT(archive), 0, NULL},
    {"digest", "sha256", ORDER_KEY_TEXT, AT(digest), 0, NULL},
    {"before", "before", ORDER_KEY_NUMBER, AT(before), G_MAXINT64, NULL},
    {"as", NULL, ORDER_KEY_TEXT, AT(as), 0, "migrated|failed"},
};

const struct order_key *order_keys(size_t *n)
{
    *n = G_N_ELEMENTS(keys);
    return keys;
}

bool order_has_key(enum order_verb verb, const struct order_key *key)
{
    const struct order_kind *kind = order_kind(verb);

    for (size_t i = 0; kind != NULL && i < G_N_ELEMENTS(kind->keys) && kind->keys[i] != NULL; i++)
        if (strcmp(kind->keys[i], key->name) == 0)
            return true;
    return false;
}

char **order_text(const struct order *order, const struct order_key *key)
{
    return (char **)((char *)order + key->at); /* every ORDER_KEY_TEXT is a char * */
}

int64_t *order_number(const struct order *order, const struct order_key *key)
{
    return (int64_t *)((char *)order + key->at); /* every other key is an int64_t */
}

bool order_choice_fits(const char *choices, const char *text)
{
    g_auto(GStrv) all = g_strsplit(choices, "|", -1);

    return g_strv_contains((const char *const *)all, text);
}
