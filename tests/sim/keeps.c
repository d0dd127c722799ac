/*
 * Operators who keep work back or withdraw it, as gateway/OPERATIONS.md says: holds of Devices and batches, pauses of
 * dispatch and of drops, withdrawals. Which order, and about what, is drawn; the program may refuse it. Each hold and
 * each pause ends after hours, by the command that `status` names; once faults have stopped, all of them end.
 */
#include "tests/sim/world_private.h"

#include <stdio.h>
#include <string.h>

/* A transfer that is under way when a drop is paused ends, and may hang before. */
static const int64_t TRANSFER = SIM_HOUR;
/* What is kept back longer was kept back by an order that nobody has seen the answer of. */
static const int64_t FORGOTTEN = 4 * SIM_DAY;

enum { DIRECTIONS = 2 };

/* An order that keeps something back, or a withdrawal. */
struct keep {
    struct world *world;
    char *what[DIRECTIONS]; /* as `status` shows it; NULL: no more */
    char *drop;             /* NULL: it is of no drop */
    struct keeping *keepings[DIRECTIONS];
    bool withdrawal, due, answered;
    unsigned ended, awaited, alone; /* of a withdrawal */
};

struct keeps {
    GPtrArray *all;   /* struct keep * */
    GPtrArray *found; /* "DEVICE WORK-ITEM", or a batch: what a list had */
    bool withdraws;   /* what was found is to be withdrawn, not to be held */
    GHashTable *seen; /* what is kept back → when that was seen first, int64_t * */
};

static struct random *chance_of(struct world *world)
{
    return sim_random(world->sim, "keeps");
}

/* ---- what lies in a drop ---- */

static void add_names(GHashTable *names, const char *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);

    for (const char *name; dir != NULL && (name = g_dir_read_name(dir)) != NULL;) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        if (g_file_test(path, G_FILE_TEST_IS_DIR))
            add_names(names, path);
        else if (name[0] != '.' && !g_str_has_suffix(name, ".tmp"))
            g_hash_table_add(names, g_strdup(name));
    }
}

GHashTable *keeps_names(const struct world *world, const char *drop, const char *direction)
{
    g_autofree char *folder = g_build_filename(world->drops, drop, direction, NULL);
    GHashTable *names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    add_names(names, folder);
    return names;
}

/* Of what the keeping is about; NULL: it is of no drop. */
static GHashTable *names_of(const struct keep *keep, unsigned direction)
{
    if (keep->drop == NULL)
        return NULL;
    return keeps_names(keep->world, keep->drop, g_str_has_suffix(keep->what[direction], ", in") ? "in" : "out");
}

/* ---- an order is given ---- */

static struct keep *new_keep(struct world *world)
{
    struct keep *keep = g_new0(struct keep, 1);

    keep->world = world;
    g_ptr_array_add(world->keeps->all, keep);
    return keep;
}

static void free_keep(void *data)
{
    struct keep *keep = data;

    g_free(keep->what[0]);
    g_free(keep->what[1]);
    g_free(keep->drop);
    g_free(keep);
}

static void add(struct keep *keep, enum oracle_keeping kind, const char *subject, const char *device, char *what)
{
    unsigned n = keep->what[0] != NULL;

    keep->what[n] = what;
    keep->keepings[n] = oracle_gave(keep->world->oracle, kind, subject, device);
}

/* Of the last withdrawal. */
static void read_withdrawal(struct world *world, json_t *order)
{
    const char *result = json_string_value(json_object_get(order, "result"));
    struct keep *keep = NULL;

    for (unsigned i = 0; i < world->keeps->all->len; i++) {
        struct keep *one = world->keeps->all->pdata[i];
        if (one->withdrawal && !one->answered)
            keep = one;
    }
    if (keep != NULL && result != NULL)
        (void)sscanf(result, "done: ended at once %u, answer awaited %u, left alone, for a side states a success %u",
                     &keep->ended, &keep->awaited, &keep->alone);
}

static void withdrew(struct keep *keep)
{
    struct world *world = keep->world;
    bool at_once = keep->ended > 0 && keep->awaited + keep->alone == 0;

    if (keep->ended > 0)
        kinds_seen(SEEN_WITHDRAWN_AT_ONCE);
    if (keep->awaited > 0)
        kinds_seen(SEEN_WITHDRAWN_ORDERED);
    oracle_withdrew(world->oracle, keep->keepings[0], at_once ? keeps_names(world, "tcos", "out") : NULL);
}

static void look_later(struct sim *sim, void *user)
{
    struct keep *keep = user;

    (void)sim;
    for (unsigned i = 0; i < DIRECTIONS && keep->what[i] != NULL && keep->drop != NULL; i++)
        oracle_lay(keep->keepings[i], names_of(keep, i));
}

static void end_it(struct sim *sim, void *user);

static void answered(struct world *world, int status, const char *number)
{
    struct keep *keep = world->keeps->all->pdata[strtoul(number, NULL, 10)];

    keep->answered = true;
    if (status != 0)
        return;
    if (keep->withdrawal) {
        withdrew(keep);
        return;
    }
    for (unsigned i = 0; i < DIRECTIONS && keep->what[i] != NULL; i++)
        oracle_kept(world->oracle, keep->keepings[i]);
    if (keep->drop != NULL)
        sim_at(world->sim, sim_now(world->sim) + TRANSFER, look_later, keep);
    unsigned hours = world->rates.kept_hours;
    sim_at(world->sim, world_between(world, chance_of(world), 3 * SIM_HOUR, hours * SIM_HOUR), end_it, keep);
}

#define GIVE(keep, read, ...) give(keep, read, (const char *const[]){__VA_ARGS__, "--reason", "to be asked", NULL})

static void give(struct keep *keep, operators_read *read, const char *const *argv)
{
    g_autofree char *number = g_strdup_printf("%u", keep->world->keeps->all->len - 1);
    g_autofree char *words = g_strjoinv(" ", (char **)argv);

    sim_say(keep->world->sim, "an operator orders: %s", words);
    operators_run(keep->world, read, answered, number, argv);
}

/* ---- which ---- */

/* One of what was found, and forgets the others; NULL: nothing was. g_free. */
static char *choose(struct world *world)
{
    GPtrArray *found = world->keeps->found;
    char *chosen = found->len > 0 ? g_strdup(found->pdata[random_below(chance_of(world), found->len)]) : NULL;

    g_ptr_array_set_size(found, 0);
    return chosen;
}

/* What is held or withdrawn: a Device or a batch. */
struct form {
    const char *group, *called; /* "device", "Device" */
    enum oracle_keeping held, withdrawn;
};

/* Orders it of what has that name; device NULL: the subject is its name, too. */
static void order_one(struct world *world, const struct form *form, const char *subject, const char *device)
{
    const char *name = device != NULL ? device : subject;
    struct keep *keep = new_keep(world);

    keep->withdrawal = world->keeps->withdraws;
    add(keep, keep->withdrawal ? form->withdrawn : form->held, subject, device,
        g_strdup_printf("%s %s", form->called, name));
    if (keep->withdrawal)
        GIVE(keep, read_withdrawal, "--json", form->group, "withdraw", name);
    else
        GIVE(keep, NULL, form->group, "hold", name);
}

static void find_item(struct world *world, json_t *row)
{
    const char *device = json_string_value(json_object_get(row, "device"));
    const char *item = json_string_value(json_object_get(row, "work_item"));

    if (device != NULL && item != NULL)
        g_ptr_array_add(world->keeps->found, g_strdup_printf("%s %s", device, item));
}

static void order_item(struct world *world, int status, const char *what)
{
    static const struct form form = {"device", "Device", ORACLE_HELD_ITEM, ORACLE_WITHDRAWN_ITEM};
    g_autofree char *found = status == 0 ? choose(world) : NULL;

    (void)what;
    if (found == NULL)
        return;
    char *item = strchr(found, ' ');
    *item++ = '\0';
    order_one(world, &form, item, found);
}

static void choose_item(struct world *world, bool withdraws)
{
    static const char *const states[] = {"READY", "RETRY_WAIT", "DISPATCHED"};
    const char *state = states[random_below(chance_of(world), G_N_ELEMENTS(states))];

    world->keeps->withdraws = withdraws;
    operators_run(world, find_item, order_item, NULL,
                  (const char *const[]){"--json", "device", "list", "--state", state, NULL});
}

static void find_batch(struct world *world, json_t *row)
{
    const char *batch = json_string_value(json_object_get(row, "batch"));

    if (batch != NULL)
        g_ptr_array_add(world->keeps->found, g_strdup(batch));
}

static void keep_batch(struct world *world, const char *batch)
{
    static const struct form form = {"batch", "batch", ORACLE_HELD_BATCH, ORACLE_WITHDRAWN_BATCH};

    order_one(world, &form, batch, NULL);
}

static void order_batch(struct world *world, int status, const char *what)
{
    g_autofree char *batch = status == 0 ? choose(world) : NULL;

    (void)what;
    if (batch != NULL)
        keep_batch(world, batch);
}

void keeps_withdraw_batch(struct world *world, const char *batch)
{
    if (!sim_has(world->sim, "holds and withdrawals") || machines_are_down(world))
        return;
    world->keeps->withdraws = true;
    keep_batch(world, batch);
}

static void choose_batch(struct world *world, bool withdraws)
{
    world->keeps->withdraws = withdraws;
    operators_run(world, find_batch, order_batch, NULL,
                  (const char *const[]){"--json", "batch", "list", "--open", NULL});
}

/* ---- pauses ---- */

static void pause_dispatch(struct world *world)
{
    struct keep *keep = new_keep(world);

    add(keep, ORACLE_PAUSED_DISPATCH, "", NULL, g_strdup("dispatch"));
    GIVE(keep, NULL, "dispatch", "pause");
}

static void pause_drop(struct world *world)
{
    static const char *const drops[] = {"mcc", "tcos", "ecos", "dcc", "suppliers", "maps"};
    const char *drop = drops[random_below(chance_of(world), G_N_ELEMENTS(drops))];
    struct keep *keep = new_keep(world);
    uint64_t which = random_below(chance_of(world), 3);

    keep->drop = g_strdup(drop);
    if (which != 1)
        add(keep, ORACLE_PAUSED_IN, drop, NULL, g_strdup_printf("drop %s, in", drop));
    if (which != 0)
        add(keep, ORACLE_PAUSED_OUT, drop, NULL, g_strdup_printf("drop %s, out", drop));
    if (which == 2)
        GIVE(keep, NULL, "drop", "pause", drop);
    else
        GIVE(keep, NULL, "drop", "pause", drop, which == 0 ? "--in" : "--out");
}

/* ---- an end ---- */

/* The judge looks before the order that ends it is given. */
static void tell_judge(struct world *world, const char *what)
{
    for (unsigned i = 0; i < world->keeps->all->len; i++) {
        struct keep *keep = world->keeps->all->pdata[i];
        for (unsigned n = 0; n < DIRECTIONS && keep->what[n] != NULL && !keep->withdrawal; n++) {
            GHashTable *lying = strcmp(keep->what[n], what) == 0 ? names_of(keep, n) : NULL;
            if (strcmp(keep->what[n], what) == 0)
                oracle_ends(world->oracle, keep->keepings[n], lying);
            g_clear_pointer(&lying, g_hash_table_destroy);
        }
    }
    if (g_str_has_prefix(what, "Device "))
        oracle_released(world->oracle, strchr(what, ' ') + 1);
}

/* An order that keeps it back is due to end. */
static bool is_due(struct world *world, const char *what)
{
    int64_t *first = g_hash_table_lookup(world->keeps->seen, what);
    bool due = world->settling;

    if (first == NULL) {
        first = g_memdup2(&(int64_t){sim_now(world->sim)}, sizeof *first);
        g_hash_table_insert(world->keeps->seen, g_strdup(what), first);
    }
    for (unsigned i = 0; i < world->keeps->all->len; i++) {
        struct keep *keep = world->keeps->all->pdata[i];
        for (unsigned n = 0; n < DIRECTIONS && keep->what[n] != NULL; n++)
            due |= keep->due && strcmp(keep->what[n], what) == 0;
    }
    return due || sim_now(world->sim) - *first > FORGOTTEN;
}

/* A row of `status`: the command that ends it is in it. */
static void read_row(struct world *world, json_t *row)
{
    const char *what = json_string_value(json_object_get(row, "what"));
    const char *by = json_string_value(json_object_get(row, "ended_by"));

    if (what == NULL || by == NULL || !is_due(world, what))
        return;
    (void)g_hash_table_remove(world->keeps->seen, what);
    tell_judge(world, what);
    sim_say(world->sim, "an operator orders: %s", by);
    g_autofree char *command = g_strconcat(by, " --reason answered", NULL);
    g_auto(GStrv) argv = g_strsplit(command, " ", -1);
    operators_run(world, NULL, NULL, NULL, (const char *const *)argv + 1);
}

static void read_status(struct world *world, json_t *status)
{
    json_t *row;
    size_t i;

    json_array_foreach(json_object_get(status, "kept_back"), i, row) read_row(world, row);
    for (unsigned n = 0; n < world->keeps->all->len; n++)
        ((struct keep *)world->keeps->all->pdata[n])->due = false;
}

void keeps_round(struct world *world)
{
    if (world->rates.kept > 0)
        operators_run(world, read_status, NULL, NULL, (const char *const[]){"--json", "status", NULL});
}

static void end_it(struct sim *sim, void *user)
{
    struct keep *keep = user;

    (void)sim;
    keep->due = true;
    if (!machines_are_down(keep->world))
        keeps_round(keep->world);
}

void keeps_judge(struct world *world, json_t *status)
{
    json_t *row;
    size_t i;

    json_array_foreach(json_object_get(status, "kept_back"), i, row)
        sim_broken(world->sim, "unanswered", "an operator has ended what keeps back %s, and it is kept back",
                   json_string_value(json_object_get(row, "what")));
}

/* ---- */

static void keep_back(struct sim *sim, void *user)
{
    struct world *world = user;
    uint64_t way = random_below(chance_of(world), 8);

    if (world->settling)
        return;
    world_after(world, "keeps", world->rates.kept, keep_back);
    if (!sim_has(sim, "holds and withdrawals") || machines_are_down(world))
        return;
    if (way == 0)
        pause_dispatch(world);
    else if (way <= 3)
        pause_drop(world);
    else if (way <= 5)
        choose_item(world, way == 4);
    else
        choose_batch(world, way == 6);
}

void keeps_begin(struct world *world)
{
    world->keeps = g_new0(struct keeps, 1);
    world->keeps->all = g_ptr_array_new_with_free_func(free_keep);
    world->keeps->found = g_ptr_array_new_with_free_func(g_free);
    world->keeps->seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    world_after(world, "keeps", world->rates.kept, keep_back);
}

void keeps_free(struct world *world)
{
    g_ptr_array_free(world->keeps->all, TRUE);
    g_ptr_array_free(world->keeps->found, TRUE);
    g_hash_table_destroy(world->keeps->seen);
    g_free(world->keeps);
}
