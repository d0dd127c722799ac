/* The world's beginning and end, and the drops as partners use them. */
#include "tests/sim/world_private.h"

#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- sending ---- */

unsigned world_sequence(struct world *world, const char *type)
{
    unsigned last = GPOINTER_TO_UINT(g_hash_table_lookup(world->sequences, type)) + 1;

    g_hash_table_insert(world->sequences, (gpointer)type, GUINT_TO_POINTER(last));
    return last;
}

unsigned world_skip(struct world *world, const char *type)
{
    kinds_seen(SEEN_SKIPPED);
    return world_sequence(world, type);
}

static void write_file(struct world *world, const char *path, const char *bytes, size_t size)
{
    int64_t now = sim_now(world->sim);
    struct timespec times[2] = {{.tv_sec = now / SIM_SECOND, .tv_nsec = now % SIM_SECOND * 1000}, {.tv_sec = 0}};
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    times[1] = times[0];
    if (file < 0 || write(file, bytes, size) != (ssize_t)size || futimens(file, times) != 0 || close(file) != 0)
        g_error("%s cannot be written", path);
}

static void put(struct world *world, const struct sent *sent)
{
    g_autofree char *temporary = g_strdup_printf("%s/%s/in/.%s.part", world->drops, sent->drop, sent->name);
    g_autofree char *path = g_strdup_printf("%s/%s/in/%s", world->drops, sent->drop, sent->name);

    sim_say(world->sim, "%s is put into %s (%zu bytes)", sent->name, sent->drop, sent->size);
    write_file(world, temporary, sent->bytes, sent->size);
    if (rename(temporary, path) != 0)
        g_error("%s cannot be renamed", temporary);
    oracle_put(world->oracle, sent->name, sent->bytes, sent->size);
}

static void free_sent(void *data)
{
    struct sent *sent = data;

    if (sent->devices != NULL)
        g_array_free(sent->devices, TRUE);
    g_free(sent->bytes);
    g_free(sent);
}

struct sent *world_send_bytes(struct world *world, const char *type, const char *name, const char *bytes, size_t size)
{
    struct sent *sent = g_new0(struct sent, 1);

    (void)g_strlcpy(sent->name, name, sizeof sent->name);
    (void)g_strlcpy(sent->type, type, sizeof sent->type);
    (void)g_strlcpy(sent->drop, sender_of(type)->drop, sizeof sent->drop);
    sent->bytes = g_memdup2(bytes, size);
    sent->size = size;
    sent->at = sim_now(world->sim);
    g_hash_table_insert(world->sent, sent->name, sent);
    g_ptr_array_add(world->order_of_sent, sent);
    put(world, sent);
    return sent;
}

struct sent *world_send(struct world *world, struct draft *draft)
{
    size_t size;
    g_autofree char *bytes = draft_text(draft, &size);
    struct sent *sent = world_send_bytes(world, draft->sender->type, draft->name, bytes, size);

    draft_free(draft);
    return sent;
}

/* Not while the same name still lies in the drop: that would replace it. */
void world_send_again(struct world *world, struct sent *sent)
{
    g_autofree char *path = g_strdup_printf("%s/%s/in/%s", world->drops, sent->drop, sent->name);

    if (access(path, F_OK) == 0)
        return;
    kinds_seen(SEEN_MCC_AGAIN);
    put(world, sent);
}

/* ---- taking ---- */

int world_by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static GPtrArray *names_in(const char *folder)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    DIR *dir = opendir(folder);

    for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;)
        if (entry->d_name[0] != '.' && entry->d_type == DT_REG && !g_str_has_suffix(entry->d_name, ".tmp"))
            g_ptr_array_add(names, g_strdup(entry->d_name));
    if (dir != NULL)
        (void)closedir(dir);
    g_ptr_array_sort(names, world_by_name);
    return names;
}

static char *out_folder(const struct world *world, const char *folder)
{
    const char *bar = strchr(folder, '/');
    int length = bar != NULL ? (int)(bar - folder) : (int)strlen(folder);

    return g_strdup_printf("%s/%.*s/out%s", world->drops, length, folder, bar != NULL ? bar : "");
}

static void take_file(struct world *world, struct recipient *recipient, const char *path, const char *name)
{
    g_autofree char *bytes = NULL;
    gsize size;

    if (!g_file_get_contents(path, &bytes, &size, NULL) || unlink(path) != 0)
        return;
    sim_say(world->sim, "%s takes %s", recipient->folder, name);
    if (g_str_has_prefix(recipient->folder, "suppliers/"))
        kinds_seen(SEEN_REPORT_TAKEN);
    bool known = oracle_was_put_away(world->oracle, name);
    oracle_took(world->oracle, recipient->folder, name, bytes, size);
    if (recipient->read == NULL || known)
        return;
    struct document *document = document_read(name, bytes, size);
    if (document != NULL)
        recipient->read(world, document);
    document_free(document);
}

void world_take(struct world *world, struct recipient *recipient)
{
    g_autofree char *folder = out_folder(world, recipient->folder);
    g_autoptr(GPtrArray) names = names_in(folder);

    oracle_looked(world->oracle, recipient->folder, names, true);
    for (unsigned i = 0; i < names->len; i++) {
        g_autofree char *path = g_build_filename(folder, names->pdata[i], NULL);
        take_file(world, recipient, path, names->pdata[i]);
    }
}

/* Files are left where they are. */
static void look_only(struct world *world, const struct recipient *recipient)
{
    g_autofree char *folder = out_folder(world, recipient->folder);
    g_autoptr(GPtrArray) names = names_in(folder);

    oracle_looked(world->oracle, recipient->folder, names, false);
}

static void be_absent(struct recipient *recipient, int64_t now)
{
    recipient->absent_until = now + (int64_t)random_below(recipient->random, 4 * SIM_DAY);
    kinds_seen(SEEN_RECIPIENT_ABSENT);
}

static void look_into_drop(struct sim *sim, void *user)
{
    struct recipient *recipient = user;
    struct world *world = recipient->world;
    int64_t now = sim_now(sim), pause = recipient->read != NULL ? 20 * SIM_MINUTE : 2 * SIM_HOUR;

    if (now >= recipient->absent_until || world->settling)
        world_take(world, recipient);
    else
        look_only(world, recipient);
    if (!world->settling && random_chance(recipient->random, world->rates.absent / 24))
        be_absent(recipient, now);
    sim_at(sim, world_between(world, recipient->random, pause / 2, pause * 3), look_into_drop, recipient);
}

void world_add_recipient(struct world *world, const char *folder,
                         void (*read)(struct world *world, const struct document *document))
{
    struct recipient *recipient = g_new0(struct recipient, 1);

    recipient->world = world;
    recipient->read = read;
    (void)g_strlcpy(recipient->folder, folder, sizeof recipient->folder);
    g_autofree char *stream = g_strdup_printf("recipient %s", folder);
    recipient->random = sim_random(world->sim, stream);
    g_ptr_array_add(world->recipients, recipient);
    sim_at(world->sim, world_between(world, recipient->random, 0, SIM_HOUR), look_into_drop, recipient);
}

/* ---- time ---- */

int64_t world_between(struct world *world, struct random *random, int64_t least, int64_t most)
{
    return sim_now(world->sim) + least + (int64_t)random_below(random, (uint64_t)(most - least) + 1);
}

void world_after(struct world *world, const char *stream, double a_day, sim_act *act)
{
    if (a_day <= 0)
        return;
    double wait = -log1p(-random_unit(sim_random(world->sim, stream))) / a_day;
    sim_at(world->sim, sim_now(world->sim) + (int64_t)(wait * (double)SIM_DAY), act, world);
}

void *world_keep(struct world *world, void *data)
{
    g_ptr_array_add(world->kept, data);
    return data;
}

/* ---- the world ---- */

struct world *world_begin(struct sim *sim)
{
    struct world *world = g_new0(struct world, 1);

    world->sim = sim;
    world->home = g_build_filename(sim_folder(sim), "home", NULL);
    world->drops = g_build_filename(sim_folder(sim), "drops", NULL);
    world->oracle = oracle_new(sim);
    world->sequences = g_hash_table_new(g_str_hash, g_str_equal);
    world->sent = g_hash_table_new(g_str_hash, g_str_equal);
    world->order_of_sent = g_ptr_array_new_with_free_func(free_sent);
    world->recipients = g_ptr_array_new_with_free_func(g_free);
    world->kept = g_ptr_array_new_with_free_func(g_free);
    world->plans = g_array_new(FALSE, TRUE, sizeof(struct plan));
    world->outcomes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    world->busy = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    profiles_draw(sim, &world->rates);
    world->estate = estate_new(sim_random(sim, "estate"), world->rates.devices, sim_now(sim));
    machines_begin(world);
    faults_begin(world);
    damages_begin(world);
    dcc_begin(world);
    mcc_begin(world);
    providers_begin(world);
    suppliers_begin(world);
    operators_begin(world);
    restores_begin(world);
    standby_begin(world);
    settings_begin(world);
    decisions_begin(world);
    keeps_begin(world);
    watches_begin(world);
    redeliveries_begin(world);
    return world;
}

/* After sessions, late results and operators' ends come the reports of the month. */
int64_t world_settle(struct world *world)
{
    sim_say(world->sim, "faults stop; partners answer everything");
    world->settling = true;
    faults_settle(world);
    providers_ask(world, NULL);
    operators_settle(world);
    settings_settle(world);
    int64_t month = when_next_month(sim_now(world->sim) + SIM_SETTLING * SIM_DAY);
    world->end = month + SIM_DAY;
    return world->end - sim_now(world->sim);
}

void world_judge(struct world *world)
{
    operators_judge(world);
}

unsigned world_files(const struct world *world)
{
    unsigned put, taken, migrated, failed;

    oracle_count(world->oracle, &put, &taken, &migrated, &failed);
    return put + taken;
}

unsigned world_devices(const struct world *world)
{
    return world->estate->devices->len;
}

void world_free(struct world *world)
{
    oracle_free(world->oracle);
    estate_free(world->estate);
    machines_free(world);
    operators_free(world);
    restores_free(world);
    standby_free(world);
    settings_free(world);
    decisions_free(world);
    keeps_free(world);
    redeliveries_free(world);
    dcc_free(world);
    g_ptr_array_free(world->results.sayings, TRUE);
    g_ptr_array_free(world->results.past, TRUE);
    g_ptr_array_free(world->confirmations.sayings, TRUE);
    g_ptr_array_free(world->confirmations.past, TRUE);
    g_hash_table_destroy(world->sequences);
    g_hash_table_destroy(world->sent);
    g_hash_table_destroy(world->outcomes);
    g_hash_table_destroy(world->busy);
    g_ptr_array_free(world->order_of_sent, TRUE);
    g_ptr_array_free(world->recipients, TRUE);
    g_ptr_array_free(world->kept, TRUE);
    g_array_free(world->plans, TRUE);
    g_free(world->home);
    g_free(world->drops);
    g_free(world);
}
