/*
 * The two Service Providers. TCoS replaces credentials by work orders and says what came of it; ECoS sees the new
 * credentials of Devices and confirms them. Each has a mouth: sayings that wait for their time. They may be silent
 * until they are asked, late, contradict themselves and correct it, or say a thing twice.
 */
#include "tests/sim/world_private.h"

#include <stdio.h>
#include <string.h>

/* Columns of EMT and EMC that are set here. */
enum {
    EMT_ITEM,
    EMT_DEVICE,
    EMT_RESULT,
    EMT_GBCS,
    EMT_DUIS,
    EMT_ALERT,
    EMT_TRY,
    EMT_FIRST,
    EMT_LAST,
    EMT_COUNTER,
    EMT_OLD_SUBJECT,
    EMT_OLD_KEY,
    EMT_SUBJECT,
    EMT_KEY,
    EMT_COLUMNS
};
enum { EMC_ITEM, EMC_DEVICE, EMC_CONFIRMED, EMC_AT, EMC_SUBJECT, EMC_KEY, EMC_CODE };
enum { OWN_KEY, OWN_TRY, OWN_AT };
enum { PER_FILE = 40 };

static struct random *chance_of(struct world *world)
{
    return sim_random(world->sim, "providers");
}

/* ---- saying ---- */

static void say(struct sim *sim, void *user);

static struct saying *new_saying(struct mouth *mouth, const char *item, const char *device, int64_t at)
{
    struct saying *saying = g_new0(struct saying, 1);

    saying->at = at;
    (void)g_strlcpy(saying->work_item, item, sizeof saying->work_item);
    (void)g_strlcpy(saying->device, device, sizeof saying->device);
    saying->values[0] = saying->work_item;
    saying->values[1] = saying->device;
    g_ptr_array_add(mouth->sayings, saying);
    if (at != 0)
        sim_at(mouth->world->sim, at, say, mouth);
    return saying;
}

static bool is_due(const struct saying *saying, int64_t now)
{
    return saying->at != 0 && saying->at <= now + 10 * SIM_MINUTE;
}

/* Everything that is due now or soon goes into one file. What was not said for want of a time has the time 0. */
static void say(struct sim *sim, void *user)
{
    struct mouth *mouth = user;
    struct world *world = mouth->world;
    struct draft *draft = NULL;
    int64_t now = sim_now(sim);

    for (unsigned i = 0; i < mouth->sayings->len;) {
        struct saying *saying = mouth->sayings->pdata[i];
        if (!is_due(saying, now) || (draft != NULL && draft->n == PER_FILE)) {
            i++;
            continue;
        }
        if (draft == NULL) {
            if (random_chance(chance_of(world), world->rates.skipped))
                (void)world_skip(world, mouth->type);
            draft =
                draft_new(mouth->type, world_sequence(world, mouth->type), now, random_chance(chance_of(world), 0.3));
        }
        draft_add(draft, saying->values);
        if (saying->repeated)
            (void)g_ptr_array_remove_index(mouth->sayings, i);
        else
            g_ptr_array_add(mouth->past, g_ptr_array_steal_index(mouth->sayings, i));
    }
    if (draft == NULL)
        return;
    if (draft->n == PER_FILE)
        sim_at(sim, now + SIM_MINUTE, say, mouth);
    (void)world_send(world, draft);
}

/* When a thing is said that happens at a time: soon, late, never (0), as the profile says. */
static int64_t when_said(struct world *world, int64_t at)
{
    struct random *random = chance_of(world);
    int64_t soon = at + (int64_t)random_below(random, 40 * SIM_MINUTE);

    if (world->settling)
        return soon;
    if (random_chance(random, world->rates.silent)) {
        kinds_seen(SEEN_SIDE_SILENT);
        return 0;
    }
    if (!random_chance(random, world->rates.late))
        return soon;
    kinds_seen(SEEN_SIDE_LATE);
    return at + SIM_HOUR * (20 + (int64_t)random_below(random, 200));
}

static struct saying *say_past(struct mouth *mouth, const struct saying *past)
{
    struct saying *saying = new_saying(mouth, past->work_item, past->device, sim_now(mouth->world->sim) + SIM_MINUTE);

    memcpy(saying->own, past->own, sizeof saying->own);
    for (unsigned i = 2; i < G_N_ELEMENTS(saying->values); i++) {
        const char *value = past->values[i];
        saying->values[i] = value;
        for (unsigned own = 0; own < G_N_ELEMENTS(past->own); own++)
            if (value == past->own[own])
                saying->values[i] = saying->own[own];
    }
    return saying;
}

static void say_again(struct sim *sim, void *user)
{
    struct mouth *mouth = user;
    unsigned n = mouth->past->len;

    (void)sim;
    if (mouth->world->settling || n == 0)
        return;
    kinds_seen(SEEN_SIDE_AGAIN);
    (void)say_past(mouth, mouth->past->pdata[n - 1 - random_below(chance_of(mouth->world), MIN(n, 50))]);
}

static void maybe_again(struct mouth *mouth)
{
    struct random *random = chance_of(mouth->world);

    if (random_chance(random, mouth->world->rates.doubled))
        sim_at(mouth->world->sim, world_between(mouth->world, random, SIM_HOUR, 3 * SIM_DAY), say_again, mouth);
}

/* ---- ECoS ---- */

static void say_confirmed(struct mouth *mouth, const char *item, const struct device *device, int64_t at, bool right)
{
    bool denies = !right && random_chance(chance_of(mouth->world), 0.5);

    kinds_seen(right ? SEEN_ECOS_CONFIRMS : SEEN_SIDE_WRONG);
    struct saying *saying = new_saying(mouth, item, device->id, at);
    saying->values[EMC_CONFIRMED] = denies ? "N" : "Y";
    saying->values[EMC_SUBJECT] = denies ? "" : ECOS_SUBJECT;
    (void)g_strlcpy(saying->own[OWN_KEY], right ? device->key : "0123456789ABCDEF", sizeof saying->own[OWN_KEY]);
    saying->values[EMC_KEY] = denies ? "" : saying->own[OWN_KEY];
    saying->values[EMC_CODE] = denies ? "NOT_SEEN" : "";
}

/* ECoS sees a Device with new credentials. */
static void confirm(struct world *world, const char *item, const struct device *device)
{
    struct random *random = chance_of(world);
    int64_t now = sim_now(world->sim);

    if (!world->settling && random_chance(random, world->rates.contradicted))
        say_confirmed(&world->confirmations, item, device, now + SIM_MINUTE, false);
    say_confirmed(&world->confirmations, item, device,
                  when_said(world, now + 12 * SIM_MINUTE + (int64_t)random_below(random, 3 * SIM_HOUR)), true);
    maybe_again(&world->confirmations);
}

/* ---- TCoS ---- */

struct order {
    struct world *world;
    char item[64], try[8];
    struct device *device;
};

static struct saying *say_result(const struct order *order, const char *result, int64_t said_at)
{
    struct world *world = order->world;
    char at[WHEN_SIZE];
    struct saying *saying = new_saying(&world->results, order->item, order->device->id, said_at);

    (void)g_strlcpy(saying->own[OWN_TRY], order->try, sizeof saying->own[OWN_TRY]);
    (void)g_strlcpy(saying->own[OWN_AT], when_text(sim_now(world->sim), at), sizeof saying->own[OWN_AT]);
    saying->values[EMT_RESULT] = result;
    saying->values[EMT_TRY] = saying->own[OWN_TRY];
    saying->values[EMT_FIRST] = saying->values[EMT_LAST] = saying->own[OWN_AT];
    return saying;
}

static void say_success(const struct order *order, int64_t said_at, bool right)
{
    struct saying *saying = say_result(order, "SUCCESS", said_at);

    kinds_seen(right ? SEEN_TCOS_SUCCESS : SEEN_SIDE_WRONG);
    (void)g_strlcpy(saying->own[OWN_KEY], right ? order->device->key : "FEDCBA9876543210", sizeof saying->own[OWN_KEY]);
    saying->values[EMT_GBCS] = "0";
    saying->values[EMT_DUIS] = "I0";
    saying->values[EMT_OLD_SUBJECT] = TCOS_SUBJECT;
    saying->values[EMT_SUBJECT] = ECOS_SUBJECT;
    saying->values[EMT_KEY] = saying->own[OWN_KEY];
}

/* TCoS did not hear the Device and calls the try failed. ECoS sees it at once: no other try may follow. */
static void miss(const struct order *order)
{
    struct world *world = order->world;
    int64_t now = sim_now(world->sim);
    struct saying *saying = say_result(order, "TIMEOUT", now + SIM_MINUTE);

    kinds_seen(SEEN_SIDE_MISSES);
    saying->values[EMT_GBCS] = saying->values[EMT_DUIS] = saying->values[EMT_ALERT] = "";
    say_confirmed(&world->confirmations, order->item, order->device, now + 3 * SIM_MINUTE, true);
}

static void succeed(const struct order *order)
{
    struct world *world = order->world;
    int64_t now = sim_now(world->sim);

    device_replace(world->estate, order->device, now);
    if (!world->settling && random_chance(chance_of(world), world->rates.contradicted)) {
        miss(order);
        return;
    }
    confirm(world, order->item, order->device);
    if (!world->settling && random_chance(chance_of(world), world->rates.contradicted))
        say_success(order, now + SIM_MINUTE, false);
    say_success(order, when_said(world, now + 11 * SIM_MINUTE), true);
}

static void fail(const struct order *order)
{
    static const struct {
        const char *result, *gbcs, *duis, *alert;
    } transient[] = {{"FAILED", "", "E20", ""},  {"FAILED", "", "E21", ""},   {"TIMEOUT", "", "", ""},
                     {"FAILED", "30", "I0", ""}, {"FAILED", "127", "I0", ""}, {"FAILED", "", "", "819D"}},
      permanent[] = {{"FAILED", "5", "I0", ""},    {"FAILED", "17", "I0", ""}, {"FAILED", "", "E19", ""},
                     {"FAILED", "", "I0", "8F1E"}, {"FAILED", "10", "", ""},   {"FAILED", "25", "I0", ""}};
    struct world *world = order->world;
    struct random *random = chance_of(world);
    bool for_ever = random_chance(random, world->rates.permanent) || order->device->ecos;
    size_t way = random_below(random, G_N_ELEMENTS(transient));
    struct saying *saying = say_result(order, for_ever ? permanent[way].result : transient[way].result,
                                       when_said(world, sim_now(world->sim)));

    kinds_seen(for_ever ? SEEN_TCOS_FOR_EVER : SEEN_TCOS_FAILED);
    saying->values[EMT_GBCS] = for_ever ? permanent[way].gbcs : transient[way].gbcs;
    saying->values[EMT_DUIS] = for_ever ? permanent[way].duis : transient[way].duis;
    saying->values[EMT_ALERT] = for_ever ? permanent[way].alert : transient[way].alert;
}

/* A try. A Device that has new credentials already cannot get them again. */
static void try_device(struct sim *sim, void *user)
{
    struct order *order = user;
    struct world *world = order->world;
    struct random *random = chance_of(world);

    if (random_chance(random, world->rates.unattempted)) {
        kinds_seen(SEEN_TCOS_UNATTEMPTED);
        (void)say_result(order, "NOT_ATTEMPTED", when_said(world, sim_now(sim)));
    } else if (order->device->ecos || random_chance(random, order->device->stubborn ? 0.95 : world->rates.failed)) {
        fail(order);
    } else {
        succeed(order);
    }
    maybe_again(&world->results);
}

/* TCoS works on what stands in the order, whenever it reads it. It does not work on the same try twice: that is what
 * the oracle is for. */
void providers_read_orders(struct world *world, const struct document *document)
{
    for (unsigned i = 0; i < document->n && strcmp(document->type, "EMW") == 0; i++) {
        const struct record *record = &document->records[i];
        struct device *device = estate_find(world->estate, record_get(record, "DeviceID"));
        if (record->kind != 'D' || device == NULL)
            continue;
        struct order *order = world_keep(world, g_new0(struct order, 1));
        order->world = world;
        order->device = device;
        (void)g_strlcpy(order->item, record_get(record, "WorkItemId"), sizeof order->item);
        (void)g_strlcpy(order->try, record_get(record, "Try"), sizeof order->try);
        sim_at(world->sim, world_between(world, chance_of(world), SIM_MINUTE, 30 * SIM_MINUTE), try_device, order);
    }
}

/* ---- asked ---- */

/* All that was said about the work item is said again: the gateway has lost it. */
static void repeat_past(struct mouth *mouth, const char *work_item)
{
    unsigned n = mouth->past->len;

    for (unsigned i = 0; i < n; i++) {
        const struct saying *past = mouth->past->pdata[i];
        if (strcmp(past->work_item, work_item) == 0)
            say_past(mouth, past)->repeated = true;
    }
}

static void ask(struct mouth *mouth, const char *work_item)
{
    int64_t at = sim_now(mouth->world->sim) + SIM_MINUTE;
    bool any = false;

    for (unsigned i = 0; i < mouth->sayings->len; i++) {
        struct saying *saying = mouth->sayings->pdata[i];
        if (work_item != NULL && strcmp(saying->work_item, work_item) != 0)
            continue;
        any |= saying->at == 0 || saying->at > at;
        saying->at = at;
    }
    if (any && work_item != NULL)
        kinds_seen(SEEN_SIDE_ASKED);
    if (any)
        sim_at(mouth->world->sim, at, say, mouth);
    else if (work_item != NULL && restores_back_to(mouth->world) != 0)
        repeat_past(mouth, work_item);
}

void providers_ask(struct world *world, const char *work_item)
{
    ask(&world->results, work_item);
    ask(&world->confirmations, work_item);
}

static void begin_mouth(struct world *world, struct mouth *mouth, const char *type)
{
    mouth->world = world;
    mouth->type = type;
    mouth->sayings = g_ptr_array_new_with_free_func(g_free);
    mouth->past = g_ptr_array_new_with_free_func(g_free);
}

void providers_begin(struct world *world)
{
    begin_mouth(world, &world->results, "EMT");
    begin_mouth(world, &world->confirmations, "EMC");
    world_add_recipient(world, "tcos", providers_read_orders);
}
