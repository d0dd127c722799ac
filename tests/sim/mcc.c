/*
 * The Migration Control Centre: instructs Devices that DCC has named and that it believes to hold TCoS credentials,
 * corrects what was rejected, instructs again from NextEligible on. It makes mistakes at the rates of the profile.
 */
#include "tests/sim/world_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOST_AFTER = 20, CORRECTIONS = 8, MANY = 150, MANY_AT_LEAST = 66 /* more than are withdrawn in one commit */ };

static struct random *chance_of(struct world *world)
{
    return sim_random(world->sim, "mcc");
}

static struct plan *plan_of(struct world *world, unsigned number)
{
    if (number >= world->plans->len)
        g_array_set_size(world->plans, number + 1);
    return &g_array_index(world->plans, struct plan, number);
}

/* Answers that never come (a restored ledger knows nothing of them) end by the time. */
static bool may_instruct(struct world *world, const struct device *device)
{
    struct plan *plan = plan_of(world, device->number);
    int64_t now = sim_now(world->sim);

    if ((plan->state == PLAN_SENT || plan->state == PLAN_BUSY) && now - plan->since > LOST_AFTER * SIM_DAY)
        plan->state = PLAN_IDLE;
    return plan->state == PLAN_IDLE && plan->next_at <= now && device->told && !device->born_ecos;
}

/* ---- one record ---- */

static void spoil(struct random *random, const char *values[])
{
    static const struct {
        unsigned column;
        const char *value;
    } ways[] = {{0, DEVICE_OF_NOBODY},
                {0, "no id"},
                {1, "PPMID"},
                {2, "ZZZZ"},
                {3, "FFFFFFFF"},
                {4, "0000FFFF"},
                {5, "12345"},
                {7, "East"},
                {8, "0"},
                {3, "01"},
                {6, "00-DB-13-00-FF-FF-FF-C0"},
                {8, ""},
                {2, "10c4"},
                {4, "FFFFFFFE"}};
    size_t way = random_below(random, G_N_ELEMENTS(ways));
    values[ways[way].column] = ways[way].value;
}

static void add_device(struct world *world, struct draft *draft, const struct device *device)
{
    struct random *random = chance_of(world);
    char attempt[12];
    bool tells_hub = device->kind == GPF || random_chance(random, 0.5);

    (void)snprintf(attempt, sizeof attempt, "%u", plan_of(world, device->number)->attempt + 1);
    const char *values[] = {device->id,       device_type(device), device->manufacturer,         device->model,
                            device->firmware, device->mpxn,        tells_hub ? device->hub : "", device->region,
                            attempt};
    if (random_chance(random, world->rates.device_wrong)) {
        spoil(random, values);
        kinds_seen(SEEN_MCC_WRONG_DEVICE);
    }
    draft_add(draft, values);
}

/* ---- one file ---- */

/* A mistake in the frame, or in the name: the whole file is rejected. */
static void spoil_file(struct world *world, struct draft *draft)
{
    struct random *random = chance_of(world);
    /* A restored ledger may not know that batch any more: then it is no mistake. */
    const char *batch = restores_back_to(world) == 0 ? "B-1" : "";

    kinds_seen(SEEN_MCC_WRONG_FILE);
    switch (random_below(random, 6)) {
    case 0:
        draft->declared = (int)draft->n + 1;
        break;
    case 1:
        (void)g_strlcpy(draft->environment, "LIVE", sizeof draft->environment);
        break;
    case 2:
        (void)g_strlcpy(draft->batch, batch, sizeof draft->batch);
        break;
    case 3:
        (void)snprintf(draft->name, sizeof draft->name, "EMI-%u.txt", draft->sequence);
        break;
    case 4:
        (void)g_strlcpy(draft->resubmission_of, "EMI_NEVER.csv", sizeof draft->resubmission_of);
        break;
    default:
        g_string_append(draft->rows, draft->xml ? "<Devices>\n" : "D,7\r\n");
        break;
    }
}

/* A number that was skipped comes with a later file, or never. */
static unsigned next_number(struct world *world)
{
    unsigned late = world->skipped;

    world->skipped = 0;
    if (late != 0) {
        kinds_seen(SEEN_OUT_OF_ORDER);
        return late;
    }
    if (random_chance(chance_of(world), world->rates.skipped)) {
        unsigned skipped = world_skip(world, "EMI");
        world->skipped = random_chance(chance_of(world), 0.5) ? skipped : 0;
    }
    return world_sequence(world, "EMI");
}

static struct draft *begin_file(struct world *world)
{
    struct random *random = chance_of(world);

    unsigned number = next_number(world);
    struct draft *draft = draft_new("EMI", number, sim_now(world->sim), random_chance(random, 0.5));
    draft->gzip = random_chance(random, 0.2);
    return draft;
}

static void insist_soon(struct world *world, unsigned number);

static void send_devices(struct world *world, GArray *devices, const char *corrects, unsigned corrections)
{
    struct draft *draft = begin_file(world);

    for (unsigned i = 0; i < devices->len; i++) {
        unsigned number = g_array_index(devices, unsigned, i);
        struct plan *plan = plan_of(world, number);
        add_device(world, draft, world->estate->devices->pdata[number]);
        plan->state = PLAN_SENT;
        plan->since = sim_now(world->sim);
    }
    if (random_chance(chance_of(world), world->rates.device_wrong)) /* one of them twice */
        add_device(world, draft, world->estate->devices->pdata[g_array_index(devices, unsigned, 0)]);
    kinds_seen(corrects != NULL ? SEEN_MCC_RESUBMITS : SEEN_MCC_SENDS);
    if (corrects != NULL)
        (void)g_strlcpy(draft->resubmission_of, corrects, sizeof draft->resubmission_of);
    if (corrections < CORRECTIONS && random_chance(chance_of(world), world->rates.files_wrong))
        spoil_file(world, draft);
    if (random_chance(chance_of(world), MIN(5 * world->rates.device_wrong, 0.3)))
        insist_soon(world, g_array_index(devices, unsigned, 0));
    struct sent *sent = world_send(world, draft);
    sent->devices = devices;
    sent->corrections = corrections;
}

struct insistence {
    struct world *world;
    unsigned number;
};

/* The Device comes once more in a file of its own: most often its work has not ended yet, and that is C110, or it has
 * just migrated, and that is C108. */
static void insist(struct sim *sim, void *user)
{
    struct insistence *insistence = user;

    (void)sim;
    if (insistence->world->settling)
        return;
    GArray *devices = g_array_new(FALSE, FALSE, sizeof(unsigned));
    g_array_append_val(devices, insistence->number);
    send_devices(insistence->world, devices, NULL, 0);
}

static void insist_soon(struct world *world, unsigned number)
{
    struct insistence *insistence = world_keep(world, g_new(struct insistence, 1));

    *insistence = (struct insistence){world, number};
    sim_at(world->sim, world_between(world, chance_of(world), SIM_MINUTE, 20 * SIM_MINUTE), insist, insistence);
}

/* Devices from a place in the estate on, so that neighbours, which share a hub, often come together. */
static GArray *choose(struct world *world, unsigned most)
{
    GPtrArray *all = world->estate->devices;
    GArray *chosen = g_array_new(FALSE, FALSE, sizeof(unsigned));
    unsigned first = (unsigned)random_below(chance_of(world), all->len);

    for (unsigned i = 0; i < all->len && chosen->len < most; i++) {
        const struct device *device = all->pdata[(first + i) % all->len];
        if (may_instruct(world, device))
            g_array_append_val(chosen, device->number);
    }
    return chosen;
}

void mcc_instruct(struct world *world, GArray *devices)
{
    send_devices(world, devices, NULL, 0);
}

/* A Device that is in work already, or has migrated: C110, C108. */
static void add_busy(struct world *world, GArray *chosen)
{
    unsigned n = world->estate->devices->len, first = (unsigned)random_below(chance_of(world), n);

    if (!random_chance(chance_of(world), world->rates.device_wrong))
        return;
    for (unsigned i = 0; i < n; i++) {
        unsigned number = (first + i) % n;
        enum plan_state state = plan_of(world, number)->state;
        if (state == PLAN_BUSY || state == PLAN_DONE) {
            kinds_seen(SEEN_MCC_BUSY);
            g_array_append_val(chosen, number);
            return;
        }
    }
}

static void instruct(struct sim *sim, void *user)
{
    struct world *world = user;

    (void)sim;
    if (world->settling)
        return;
    GArray *chosen = choose(world, 1 + (unsigned)random_below(chance_of(world), world->rates.per_file));
    if (chosen->len > 0) {
        add_busy(world, chosen);
        send_devices(world, chosen, NULL, 0);
    } else {
        g_array_free(chosen, TRUE);
    }
    world_after(world, "mcc", world->rates.instructed / ((world->rates.per_file + 1) / 2.0), instruct);
}

/* ---- very many Devices ---- */

struct many {
    struct world *world;
    char batch[48];
};

static void withdraw_many(struct sim *sim, void *user)
{
    struct many *many = user;

    (void)sim;
    if (!many->world->settling)
        keeps_withdraw_batch(many->world, many->batch);
}

/* The instruction was a mistake, and soon all of it is withdrawn. */
static void instruct_many(struct sim *sim, void *user)
{
    struct world *world = user;

    if (world->settling)
        return;
    world_after(world, "many", world->rates.many, instruct_many);
    if (!sim_has(sim, "very many Devices"))
        return;
    GArray *chosen = choose(world, MANY);
    if (chosen->len < MANY_AT_LEAST) {
        g_array_free(chosen, TRUE);
        return;
    }
    send_devices(world, chosen, NULL, 0);
    const struct sent *sent = world->order_of_sent->pdata[world->order_of_sent->len - 1];
    const char *bar = strrchr(sent->name, '_');
    if (bar == NULL) /* the name is its mistake: no batch comes of it */
        return;
    struct many *many = world_keep(world, g_new0(struct many, 1));
    many->world = world;
    (void)snprintf(many->batch, sizeof many->batch, "MCC.B-%lu", strtoul(bar + 1, NULL, 10));
    sim_at(sim, world_between(world, sim_random(sim, "many"), 20 * SIM_MINUTE, 3 * SIM_HOUR), withdraw_many, many);
}

static void repeat(struct sim *sim, void *user)
{
    struct world *world = user;
    unsigned n = world->order_of_sent->len;

    (void)sim;
    if (world->settling)
        return;
    if (n > 0)
        world_send_again(world, world->order_of_sent->pdata[n - 1 - random_below(chance_of(world), MIN(n, 30))]);
    world_after(world, "mcc", world->rates.again * 10, repeat);
}

/* ---- answers ---- */

struct correction {
    struct world *world;
    struct sent *sent;
};

static void forget(struct world *world, const struct sent *sent)
{
    for (unsigned i = 0; sent->devices != NULL && i < sent->devices->len; i++) {
        struct plan *plan = plan_of(world, g_array_index(sent->devices, unsigned, i));
        if (plan->state == PLAN_SENT)
            plan->state = PLAN_IDLE;
    }
}

/* Only the Devices that the rejected file was about and that no other file has meanwhile. */
static void correct(struct sim *sim, void *user)
{
    struct correction *correction = user;
    struct world *world = correction->world;
    struct sent *sent = correction->sent;
    GArray *devices = g_array_new(FALSE, FALSE, sizeof(unsigned));

    (void)sim;
    forget(world, sent);
    for (unsigned i = 0; i < sent->devices->len; i++) {
        unsigned number = g_array_index(sent->devices, unsigned, i);
        if (plan_of(world, number)->state == PLAN_IDLE)
            g_array_append_val(devices, number);
    }
    if (devices->len > 0 && !world->settling)
        send_devices(world, devices, sent->name, sent->corrections + 1);
    else
        g_array_free(devices, TRUE);
}

static void read_acknowledgement(struct world *world, const struct document *document)
{
    const struct record *file = document_first(document, 'F');
    struct sent *sent = file != NULL ? g_hash_table_lookup(world->sent, record_get(file, "Name")) : NULL;

    if (sent == NULL || sent->devices == NULL || strcmp(record_get(file, "Outcome"), "RJ") != 0)
        return;
    static const char *const repeated[] = {"B105", "B106", "B112", NULL};
    if (g_strv_contains(repeated, record_get(file, "Code")))
        return;
    struct correction *correction = world_keep(world, g_new(struct correction, 1));
    *correction = (struct correction){world, sent};
    sim_at(world->sim, world_between(world, chance_of(world), SIM_HOUR, 8 * SIM_HOUR), correct, correction);
}

static void read_row(struct world *world, const struct record *record)
{
    const struct device *device = estate_find(world->estate, record_get(record, "DeviceID"));
    const char *outcome = record_get(record, "Outcome");
    int64_t eligible = when_parse(record_get(record, "NextEligible")), now = sim_now(world->sim);

    if (device == NULL)
        return;
    struct plan *plan = plan_of(world, device->number);
    if (strcmp(outcome, "ACCEPTED") == 0) {
        plan->state = PLAN_BUSY;
        plan->since = now;
    } else if (strcmp(outcome, "MIGRATED") == 0) {
        plan->state = PLAN_DONE;
        if (random_chance(chance_of(world), MIN(5 * world->rates.device_wrong, 0.3)))
            insist_soon(world, device->number); /* before the inventory tells it */
    } else if (strcmp(record_get(record, "Code"), "C108") == 0) {
        plan->state = PLAN_DONE;
    } else if (strcmp(record_get(record, "Code"), "C102") != 0 && strcmp(record_get(record, "Code"), "C110") != 0 &&
               strncmp(outcome, "CONFIRM", 7) != 0) {
        plan->state = PLAN_IDLE;
        plan->attempt += strcmp(outcome, "FAILED") == 0;
        plan->next_at = eligible != 0 ? eligible : now + 3 * SIM_DAY;
    }
}

/* Of the EMOs to an instruction the one with the highest number counts (FILES.md, 6), whichever comes last. */
static bool is_outdated(struct world *world, const struct document *document)
{
    const struct record *header = document_first(document, 'H');

    if (strcmp(document->type, "EMO") != 0 || header == NULL)
        return false;
    const char *batch = record_get(header, "BatchId");
    unsigned number = (unsigned)strtoul(record_get(header, "FileSequence"), NULL, 10);
    if (GPOINTER_TO_UINT(g_hash_table_lookup(world->outcomes, batch)) > number)
        return true;
    g_hash_table_insert(world->outcomes, g_strdup(batch), GUINT_TO_POINTER(number));
    return false;
}

void mcc_read(struct world *world, const struct document *document)
{
    if (strcmp(document->type, "EMA") == 0)
        read_acknowledgement(world, document);
    if (strcmp(document->type, "EMA") == 0 || is_outdated(world, document))
        return;
    for (unsigned i = 0; i < document->n; i++)
        if (document->records[i].kind == 'D')
            read_row(world, &document->records[i]);
}

void mcc_begin(struct world *world)
{
    world_add_recipient(world, "mcc", mcc_read);
    sim_at(world->sim, sim_now(world->sim) + 12 * SIM_HOUR, instruct, world);
    world_after(world, "mcc", world->rates.again * 10, repeat);
    world_after(world, "many", world->rates.many, instruct_many);
}
