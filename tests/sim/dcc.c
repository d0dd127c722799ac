/*
 * DCC tells what it knows: parties once and again, the inventory each morning (what has changed) and now and then as a
 * whole, changes of supplier before they happen or afterwards, Non-Migratable models. The estate changes here, too:
 * premises are installed, Suppliers change, updates are pending.
 */
#include "tests/sim/world_private.h"

#include <stdio.h>
#include <string.h>

struct model_ban {
    const struct device *example;
    int64_t from, to;
    bool told;
};

struct dcc {
    GPtrArray *bans; /* struct model_ban * */
    int64_t full_at; /* of the last FULL inventory */
};

static struct random *chance_of(struct world *world)
{
    return sim_random(world->sim, "dcc");
}

static struct draft *begin_file(struct world *world, const char *type, const char *mode)
{
    struct draft *draft = draft_new(type, world_sequence(world, type), sim_now(world->sim), false);

    (void)g_strlcpy(draft->mode, mode, sizeof draft->mode);
    return draft;
}

/* ---- what DCC tells ---- */

static void tell_parties(struct world *world)
{
    struct draft *draft = begin_file(world, "PTY", "FULL");

    kinds_seen(SEEN_DCC_PARTIES);
    for (int i = 0; i < SUPPLIERS; i++) {
        const char *values[] = {"SET",      estate_supplier(i), "SUPPLIER", estate_supplier_mpid(i), "A Supplier, Ltd",
                                "suppliers"};
        draft_add(draft, values);
    }
    for (int i = 0; i < MAPS; i++) {
        const char *values[] = {"SET", estate_map(i), "MAP", estate_map_mpid(i), "Meter Assets", "maps"};
        draft_add(draft, values);
    }
    (void)world_send(world, draft);
}

static void add_device(struct world *world, struct draft *draft, struct device *device)
{
    char installed[WHEN_SIZE];
    const char *values[] = {"SET",
                            device->id,
                            device_type(device),
                            device->status,
                            device->manufacturer,
                            device->model,
                            device->firmware,
                            device->mpxn,
                            device->hub,
                            estate_supplier(device->supplier),
                            estate_map(device->map),
                            device->region,
                            when_date(device->installed, installed),
                            installed,
                            device->ecos ? "ECOS" : "TCOS",
                            device->pending};

    (void)world;
    draft_add(draft, values);
    device->told = true;
    device->changed = false;
}

/* Half of the records: a FULL file that a person has to look at (A117). */
static void tell_inventory(struct world *world, bool full)
{
    GPtrArray *devices = world->estate->devices;
    bool known = full && world->dcc->full_at != 0 && !world->settling;
    bool shrunk = known && random_chance(chance_of(world), world->rates.shrunk * 10);
    struct draft *draft = begin_file(world, "INV", full ? "FULL" : "DELTA");

    for (unsigned i = 0; i < devices->len; i++) {
        struct device *device = devices->pdata[i];
        bool late = !full && !world->settling && device->told && random_chance(chance_of(world), world->rates.inv_late);
        if (late && device->changed)
            kinds_seen(SEEN_DCC_LATE);
        bool wanted = full ? !shrunk || i % 2 == 0 : (device->changed && !late) || draft->n == 0;
        if (wanted && device->installed <= sim_now(world->sim))
            add_device(world, draft, device);
    }
    kinds_seen(shrunk ? SEEN_DCC_SHRUNK : full ? SEEN_DCC_FULL : SEEN_DCC_DELTA);
    world_send(world, draft)->mistake = shrunk;
}

void dcc_correct(struct world *world)
{
    tell_inventory(world, true);
}

static void tell_moves(struct world *world)
{
    struct draft *draft = NULL;
    char start[WHEN_SIZE];

    for (unsigned i = 0; i < world->estate->moves->len; i++) {
        struct move *move = world->estate->moves->pdata[i];
        bool late = !world->settling && random_chance(chance_of(world), world->rates.cos_late);
        if (move->told || late)
            continue;
        if (draft == NULL)
            draft = begin_file(world, "COS", "DELTA");
        const char *values[] = {"SET", move->mpxn, estate_supplier(move->losing), estate_supplier(move->gaining),
                                when_date(move->start, start)};
        draft_add(draft, values);
        move->told = true;
        kinds_seen(move->begun ? SEEN_DCC_MOVED : SEEN_DCC_MOVES);
    }
    if (draft != NULL)
        (void)world_send(world, draft);
}

static void tell_models(struct world *world)
{
    struct draft *draft = NULL;
    char from[WHEN_SIZE], to[WHEN_SIZE];

    for (unsigned i = 0; i < world->dcc->bans->len; i++) {
        struct model_ban *ban = world->dcc->bans->pdata[i];
        if (ban->told)
            continue;
        if (draft == NULL)
            draft = begin_file(world, "NMM", "DELTA");
        const char *values[] = {"SET",
                                device_type(ban->example),
                                ban->example->manufacturer,
                                ban->example->model,
                                ban->example->firmware,
                                when_date(ban->from, from),
                                when_date(ban->to, to),
                                "=D117",
                                ""};
        draft_add(draft, values);
        ban->told = true;
        kinds_seen(SEEN_DCC_MODELS);
    }
    if (draft != NULL)
        (void)world_send(world, draft);
}

/* ---- its days ---- */

static void each_morning(struct sim *sim, void *user)
{
    struct world *world = user;
    bool silent = !world->settling && random_chance(chance_of(world), world->rates.absent);

    if (world->end != 0 && sim_now(sim) > world->end - 3 * SIM_HOUR)
        return; /* the gateway looks at a drop on a server once an hour: this would not be answered by the end */
    if (silent)
        kinds_seen(SEEN_DCC_SILENT);
    if (!silent) {
        tell_moves(world);
        tell_models(world);
        bool full = world->dcc->full_at + world->rates.full_days * SIM_DAY <= sim_now(sim);
        tell_inventory(world, full);
        if (full) {
            world->dcc->full_at = sim_now(sim);
            tell_parties(world);
        }
    }
    int64_t pause = silent ? (int64_t)random_below(chance_of(world), 10) * SIM_DAY : 0;
    sim_at(sim, world_between(world, chance_of(world), pause + 22 * SIM_HOUR, pause + 26 * SIM_HOUR), each_morning,
           world);
}

static void first_day(struct sim *sim, void *user)
{
    struct world *world = user;

    tell_parties(world);
    tell_inventory(world, true);
    world->dcc->full_at = sim_now(sim);
    sim_at(sim, sim_now(sim) + 20 * SIM_HOUR, each_morning, world);
}

/* ---- what happens to the estate ---- */

static struct device *any_meter(struct world *world)
{
    for (unsigned tries = 0; tries < 50; tries++) {
        unsigned n = (unsigned)random_below(chance_of(world), world->estate->devices->len);
        struct device *device = world->estate->devices->pdata[n];
        if (device->kind != GPF)
            return device;
    }
    return NULL;
}

static void begin_supply(struct sim *sim, void *user)
{
    struct world *world = user;

    for (unsigned i = 0; i < world->estate->moves->len; i++) {
        struct move *move = world->estate->moves->pdata[i];
        if (move->begun || move->start > sim_now(sim))
            continue;
        move->begun = true;
        for (unsigned n = 0; n < world->estate->devices->len; n++) {
            struct device *device = world->estate->devices->pdata[n];
            if (strcmp(device->mpxn, move->mpxn) == 0) {
                device->supplier = move->gaining;
                device->changed = true;
            }
        }
    }
}

static bool moves_already(const struct world *world, const char *mpxn)
{
    for (unsigned i = 0; i < world->estate->moves->len; i++) {
        const struct move *move = world->estate->moves->pdata[i];
        if (strcmp(move->mpxn, mpxn) == 0 && !move->begun)
            return true;
    }
    return false;
}

static void change_supplier(struct sim *sim, void *user)
{
    struct world *world = user;
    const struct device *device = any_meter(world);

    if (world->settling)
        return;
    if (device != NULL && !moves_already(world, device->mpxn)) {
        struct move *move = g_new0(struct move, 1);
        int64_t today = sim_now(sim) / SIM_DAY * SIM_DAY;
        (void)g_strlcpy(move->mpxn, device->mpxn, sizeof move->mpxn);
        move->losing = device->supplier;
        move->gaining = (device->supplier + 1 + (int)random_below(chance_of(world), SUPPLIERS - 1)) % SUPPLIERS;
        move->start = today + SIM_DAY * (2 + (int64_t)random_below(chance_of(world), 20));
        g_ptr_array_add(world->estate->moves, move);
        sim_at(sim, move->start, begin_supply, world);
    }
    world_after(world, "dcc", world->rates.moved, change_supplier);
}

static void install(struct sim *sim, void *user)
{
    struct world *world = user;

    if (world->settling)
        return;
    unsigned first = world->estate->devices->len;
    bool ecos = random_chance(chance_of(world), 0.3);
    estate_install(world->estate, sim_now(sim), ecos);
    if (!ecos && random_chance(chance_of(world), 0.5)) { /* told and instructed at the same moment */
        GArray *devices = g_array_new(FALSE, FALSE, sizeof(unsigned));
        for (unsigned number = first; number < world->estate->devices->len; number++)
            g_array_append_val(devices, number);
        tell_inventory(world, false);
        mcc_instruct(world, devices);
    }
    world_after(world, "dcc", world->rates.installed, install);
}

static void ban_model(struct sim *sim, void *user)
{
    struct world *world = user;
    struct model_ban *ban = g_new0(struct model_ban, 1);
    int64_t today = sim_now(sim) / SIM_DAY * SIM_DAY;

    ban->example = world->estate->devices->pdata[random_below(chance_of(world), world->estate->devices->len)];
    ban->from = today + SIM_DAY * (int64_t)random_below(chance_of(world), 4);
    ban->to = ban->from + SIM_DAY * (10 + (int64_t)random_below(chance_of(world), 40));
    g_ptr_array_add(world->dcc->bans, ban);
    if (!world->settling)
        world_after(world, "dcc", world->rates.non_migratable, ban_model);
}

static void end_pending(struct sim *sim, void *user)
{
    struct device *device = user;

    (void)sim;
    device->pending = "";
    device->status = "Commissioned";
    device->changed = true;
}

static void begin_pending(struct sim *sim, void *user)
{
    struct world *world = user;
    struct device *device = any_meter(world);
    uint64_t what = random_below(chance_of(world), 4);

    if (world->settling)
        return;
    if (device != NULL && *device->pending == '\0') {
        device->pending = what == 0 ? "USC" : what == 1 ? "FW" : "";
        device->status = what == 2 ? "Suspended" : what == 3 ? "Recovery" : device->status;
        device->was_off |= what > 1;
        device->changed = true;
        sim_at(sim, world_between(world, chance_of(world), SIM_DAY, 12 * SIM_DAY), end_pending, device);
    }
    world_after(world, "dcc", world->rates.pending, begin_pending);
}

/* ---- */

void dcc_begin(struct world *world)
{
    world->dcc = g_new0(struct dcc, 1);
    world->dcc->bans = g_ptr_array_new_with_free_func(g_free);
    sim_at(world->sim, sim_now(world->sim) + 3 * SIM_HOUR, first_day, world);
    world_after(world, "dcc", world->rates.moved, change_supplier);
    world_after(world, "dcc", world->rates.installed, install);
    world_after(world, "dcc", world->rates.non_migratable, ban_model);
    world_after(world, "dcc", world->rates.pending, begin_pending);
}

void dcc_free(struct world *world)
{
    g_ptr_array_free(world->dcc->bans, TRUE);
    g_free(world->dcc);
}
