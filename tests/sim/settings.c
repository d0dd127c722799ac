/*
 * The gateway's settings: those that a run begins with, and operators who change them. They stop the gateway, change
 * the file and start it; or change the file and start it anew some hours later; or make a mistake, with which it does
 * not start; or change the file and have it read again (SIGHUP), with a mistake or without. A drop moves to a server or
 * from one, and all drops move to another folder, with what is in them.
 */
#include "tests/sim/world_private.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define MISSPELT "max_sesions"

enum way { STOP_FIRST, WRITE_FIRST, MISTAKE, WAYS, RELOAD };

struct settings {
    bool pending;            /* a change is under way */
    enum way way;            /* of that change */
    bool last;               /* it is the one that takes all back: faults have stopped */
    bool wrong;              /* the file has a mistake */
    unsigned moves;          /* of the folder of drops so far */
    int reading;             /* the process that reads the file again */
    bool mistaken;           /* what it reads */
    unsigned taken, refused; /* how often it had said so before */
};

static const char *const drops[] = {"drop mcc", "drop tcos", "drop ecos", "drop dcc", "drop suppliers", "drop maps"};

static struct random *chance_of(struct world *world)
{
    return sim_random(world->sim, world->settings->way == RELOAD ? "reloads" : "changes");
}

static bool may_begin(const struct world *world)
{
    return !world->settling && sim_faults(world->sim);
}

/* ---- the text of the file ---- */

/* Where the lines of a group begin; *end: where they end. */
static size_t find_group(const GString *text, const char *group, size_t *end)
{
    g_autofree char *head = g_strdup_printf("\n[%s]\n", group);
    const char *at = strstr(text->str, head), *next;

    if (at == NULL)
        g_error("the configuration has no [%s]", group);
    at += strlen(head) - 1;
    next = strstr(at, "\n[");
    *end = next != NULL ? (size_t)(next - text->str) : text->len;
    return (size_t)(at - text->str);
}

/* Takes the line of that setting out of its group, if it stands there. */
static void drop_line(GString *text, const char *group, const char *name)
{
    g_autofree char *key = g_strdup_printf("\n%s=", name);
    size_t end, from = find_group(text, group, &end);
    const char *at = strstr(text->str + from, key);

    if (at != NULL && (size_t)(at - text->str) < end)
        g_string_erase(text, at - text->str, (gssize)(1 + strcspn(at + 1, "\n")));
}

void settings_set(GString *text, const char *group, const char *name, const char *value)
{
    g_autofree char *line = g_strdup_printf("\n%s=%s", name, value);
    size_t end;

    drop_line(text, group, name);
    g_string_insert(text, (gssize)find_group(text, group, &end), line);
}

static bool has_line(const GString *text, const char *group, const char *line)
{
    g_autofree char *whole = g_strdup_printf("\n%s\n", line);
    size_t end, from = find_group(text, group, &end);
    const char *at = strstr(text->str + from, whole);

    return at != NULL && (size_t)(at - text->str) < end;
}

/* ---- where drops are ---- */

/* The drop stands on a server, with the same folders. Nothing wakes the gateway for it: it looks at intervals. */
static void move_to_server(GString *text, const char *group)
{
    g_autofree char *host = g_strdup_printf("%s.example.org", strchr(group, ' ') + 1);

    settings_set(text, group, "transport", "sftp");
    settings_set(text, group, "complete", "at-once");
    settings_set(text, group, "known_hosts", "known_hosts");
    settings_set(text, group, "user", "gateway");
    settings_set(text, group, "host", host);
}

static void move_from_server(GString *text, const char *group)
{
    settings_set(text, group, "transport", "local");
    drop_line(text, group, "known_hosts");
    drop_line(text, group, "user");
    drop_line(text, group, "host");
}

void settings_choose(struct world *world, GString *text)
{
    struct random *random = sim_random(world->sim, "settings");
    static const char *const days[] = {"30", "7", "2"}, *const forms[] = {"csv", "xml"};

    settings_set(text, "gateway", "cells", "no"); /* no process but those of the simulator */
    settings_set(text, "gateway", "next_session", days[random_below(random, G_N_ELEMENTS(days))]);
    settings_set(text, "gateway", "work_order_form", forms[random_below(random, G_N_ELEMENTS(forms))]);
    settings_set(text, "gateway", "inventory", random_chance(random, 0.5) ? "required" : "auto");
    settings_set(text, "gateway", "poll_interval",
                 "7200"); /* a look into all drops is most of what a quiet day costs */
    if (random_chance(random, 0.2))
        settings_set(text, "gateway", "dispatch_hours", "22-06");
    if (random_chance(random, 0.2))
        settings_set(text, "gateway", "work_order_devices", "2");
    if (random_chance(random, 0.2))
        settings_set(text, "gateway", "ecos_subject", ECOS_SUBJECT);
    for (unsigned i = 0; i < G_N_ELEMENTS(drops); i++) {
        bool server = random_chance(random, world->rates.servers) && sim_has(world->sim, "servers");
        if (server)
            move_to_server(text, drops[i]);
        if (server || random_chance(random, 0.3))
            settings_set(text, drops[i], "complete", "at-once");
    }
    watches_choose(world, text);
}

/* ---- changes ---- */

static const struct change {
    const char *name;
    bool of_drop;
    const char *values[4]; /* the first one lets all work come to its end */
} changes[] = {
    {"dispatch_hours", false, {"00-24", "22-06", "06-18", "12-13"}},
    {"daily_limit", false, {"0", "20", "5", "2"}},
    {"next_session", false, {"30", "7", "2", NULL}},
    {"retry_delays", false, {"5;5;10;20;40;80;160;320", "1;1", "60;300", NULL}},
    {"confirmation_wait", false, {"24", "1", "72", NULL}},
    {"reference_wait", false, {"60", "0", "7200", NULL}},
    {"shrink_limit", false, {"20", "0", NULL}},
    {"work_order_form", false, {"csv", "xml", NULL}},
    {"work_order_devices", false, {"1000000", "1", "2", NULL}},
    {"temporary", true, {".*;*.tmp", ".*;*.xml", ".*;EM*", ".*;*_0000*"}},
};

static const char *choose_value(struct world *world, const struct change *change)
{
    unsigned n = 0;

    while (n < G_N_ELEMENTS(change->values) && change->values[n] != NULL)
        n++;
    return change->values[world->settings->last ? 0 : random_below(chance_of(world), n)];
}

static void change_setting(struct world *world, GString *text, const struct change *change)
{
    const char *value = choose_value(world, change);
    const char *group = change->of_drop ? drops[random_below(chance_of(world), G_N_ELEMENTS(drops))] : "gateway";

    sim_say(world->sim, "a setting is changed: [%s] %s=%s", group, change->name, value);
    if (world->settings->way != RELOAD)
        kinds_seen(world->settings->way == WRITE_FIRST ? SEEN_SETTING_RUNNING : SEEN_SETTING_STOPPED);
    settings_set(text, group, change->name, value);
}

static void change_address(struct world *world, GString *text)
{
    const char *group = drops[random_below(chance_of(world), G_N_ELEMENTS(drops))];
    bool server = has_line(text, group, "transport=sftp");

    if (!server && !sim_has(world->sim, "servers"))
        return;
    sim_say(world->sim, "the address of a drop is changed: %s moves %s a server", group, server ? "from" : "to");
    kinds_seen(server ? SEEN_DROP_FROM_SERVER : SEEN_DROP_TO_SERVER);
    if (server)
        move_from_server(text, group);
    else
        move_to_server(text, group);
}

/* Partners come to the new folder, too. No node that was replaced may still have to find its drops. */
static void move_drops(struct world *world, GString *text)
{
    g_autofree char *folder = g_strdup_printf("%s/moved-%u", sim_folder(world->sim), ++world->settings->moves);
    char *to = g_build_filename(folder, "drops", NULL);
    g_autofree char *before = g_strdup_printf("=%s/", world->drops), *after = g_strdup_printf("=%s/", to);
    g_auto(GStrv) parts = g_strsplit(text->str, before, -1);
    g_autofree char *moved = g_strjoinv(after, parts);

    restores_end_second(world);
    if (mkdir(folder, 0700) != 0 || rename(world->drops, to) != 0)
        g_error("%s cannot be moved", world->drops);
    sim_say(world->sim, "the address of all drops is changed: they move to %s", to);
    kinds_seen(SEEN_DROPS_MOVE);
    g_string_assign(text, moved);
    g_free(world->drops);
    world->drops = to;
}

/* What lets all work come to its end. */
static void take_back(GString *text)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(changes); i++)
        for (unsigned n = 0; changes[i].of_drop && n < G_N_ELEMENTS(drops); n++)
            drop_line(text, drops[n], changes[i].name);
    for (unsigned n = 0; n < G_N_ELEMENTS(drops); n++)
        drop_line(text, drops[n], "taken_within"); /* a look each five minutes is most of what a quiet day costs */
    settings_set(text, "gateway", "dispatch_hours", "00-24");
    settings_set(text, "gateway", "daily_limit", "0");
}

static void change_some(struct world *world, GString *text)
{
    struct random *random = chance_of(world);

    for (unsigned n = 1 + (unsigned)random_below(random, 3); n > 0; n--)
        change_setting(world, text, &changes[random_below(random, G_N_ELEMENTS(changes))]);
    if (world->settings->way != STOP_FIRST && world->settings->way != RELOAD)
        return;
    if (random_chance(random, 0.4))
        change_address(world, text);
    if (world->settings->way == STOP_FIRST && random_chance(random, 0.2) && !standby_is_pending(world))
        move_drops(world, text);
}

/* The value of a setting of [gateway] that is a number, or two that are joined by '-'. */
static void read_pair(const GString *text, const char *name, unsigned *first, unsigned *second)
{
    g_autofree char *key = g_strdup_printf("\n%s=", name);
    const char *at = strstr(text->str, key);

    if (at != NULL)
        (void)sscanf(at + strlen(key), "%u-%u", first, second);
}

static void tell_judge(struct world *world, const GString *text)
{
    unsigned from = 0, to = 24, limit = 0, none;

    read_pair(text, "dispatch_hours", &from, &to);
    read_pair(text, "daily_limit", &limit, &none);
    oracle_set(world->oracle, from, to, limit);
}

void settings_write(struct world *world, const GString *text)
{
    g_autofree char *path = g_build_filename(world->home, "ecosgate.conf", NULL);

    if (!g_file_set_contents(path, text->str, (gssize)text->len, NULL))
        g_error("%s cannot be written", path);
    tell_judge(world, text);
}

static GString *read_file(const struct world *world)
{
    g_autofree char *path = g_build_filename(world->home, "ecosgate.conf", NULL), *bytes = NULL;

    if (!g_file_get_contents(path, &bytes, NULL, NULL))
        g_error("%s cannot be read", path);
    return g_string_new(bytes);
}

static void write_changes(struct world *world)
{
    GString *text = read_file(world);

    if (world->settings->last)
        take_back(text);
    else
        change_some(world, text);
    settings_write(world, text);
    g_string_free(text, TRUE);
}

/* ---- how they are changed ---- */

static void end_change(struct world *world)
{
    world->settings->pending = false;
    machines_go_on(world);
}

static void change_when_stopped(struct sim *sim, void *user);
static void read_again(struct world *world, bool mistaken);

/* The program says what is wrong with the file, and an operator corrects it. */
static void correct(struct sim *sim, void *user)
{
    struct world *world = user;

    (void)sim;
    if (!world->settings->wrong)
        return;
    world->settings->wrong = false;
    GString *text = read_file(world);
    drop_line(text, "gateway", MISSPELT);
    settings_write(world, text);
    g_string_free(text, TRUE);
    sim_say(world->sim, "the mistake in the configuration is corrected");
    world->settings->pending = false;
    if (world->settings->way == RELOAD)
        read_again(world, false);
}

bool settings_mistaken(const char *said)
{
    return strstr(said, MISSPELT) != NULL;
}

static void make_mistake(struct world *world)
{
    GString *text = read_file(world);

    settings_set(text, "gateway", MISSPELT, "5");
    settings_write(world, text);
    g_string_free(text, TRUE);
    world->settings->wrong = true;
    sim_say(world->sim, "a setting is changed, with a mistake");
    kinds_seen(SEEN_SETTING_MISTAKE);
    machines_go_on(world);
    sim_at(world->sim, world_between(world, chance_of(world), SIM_MINUTE, 3 * SIM_HOUR), correct, world);
}

static void change_when_stopped(struct sim *sim, void *user)
{
    struct world *world = user;

    if (!machines_have_stopped(world)) {
        sim_at(sim, sim_now(sim) + SIM_MINUTE, change_when_stopped, world);
        return;
    }
    if (world->settings->way != WRITE_FIRST)
        write_changes(world);
    if (world->settings->way == MISTAKE)
        make_mistake(world);
    else
        end_change(world);
}

static void stop_to_change(struct sim *sim, void *user)
{
    struct world *world = user;

    if (machines_are_down(world)) {
        sim_at(sim, sim_now(sim) + 10 * SIM_MINUTE, stop_to_change, world);
        return;
    }
    machines_stay_down(world);
    sim_at(sim, sim_now(sim) + SIM_MINUTE, change_when_stopped, world);
}

static void change(struct sim *sim, void *user)
{
    struct world *world = user;
    struct settings *settings = world->settings;

    if (!may_begin(world))
        return;
    enum way way = (enum way)random_below(chance_of(world), WAYS);
    int64_t later = (int64_t)random_below(chance_of(world), 8 * SIM_HOUR);
    if (!settings->pending && !machines_are_down(world) && sim_has(sim, "changes of settings")) {
        settings->pending = true;
        settings->way = way;
        if (way == WRITE_FIRST)
            write_changes(world);
        sim_at(sim, sim_now(sim) + (way == WRITE_FIRST ? later : 0), stop_to_change, world);
    }
    world_after(world, "changes", world->rates.changed, change);
}

/* ---- the file is read again ---- */

static const char *const TAKEN_OVER = "the configuration was read again: ";
static const char *const NOT_TAKEN_OVER = "the configuration was not taken over";

static unsigned count_said(struct process *daemon, const char *text)
{
    unsigned n = 0;

    for (const char *at = strstr(process_output(daemon), text); at != NULL; at = strstr(at + 1, text))
        n++;
    return n;
}

/* A disk that fails, or descriptors that are denied, may keep the gateway from reading a file without a mistake. */
static void judge_reading(struct sim *sim, void *user)
{
    struct world *world = user;
    struct settings *settings = world->settings;
    struct process *daemon = process_find(sim, world->home, "run");

    if (daemon == NULL || process_number(daemon) != settings->reading || standby_is_pending(world))
        return;
    unsigned taken = count_said(daemon, TAKEN_OVER), refused = count_said(daemon, NOT_TAKEN_OVER);
    if (taken <= settings->taken && refused <= settings->refused)
        sim_broken(sim, "reload", "an hour ago the gateway was told to read its configuration again, and says nothing");
    if (settings->mistaken && taken > settings->taken)
        sim_broken(sim, "reload", "a configuration with a mistake was taken over");
    kinds_seen(settings->mistaken ? SEEN_RELOAD_REFUSED : SEEN_RELOAD);
    if (taken > settings->taken)
        oracle_set_for_sure(world->oracle);
}

static void read_again(struct world *world, bool mistaken)
{
    struct settings *settings = world->settings;
    struct process *daemon = process_find(world->sim, world->home, "run");

    /* Before it works, the signal ends it. */
    if (daemon == NULL || count_said(daemon, "running; ") == 0)
        return;
    sim_say(world->sim, "run is told to read its configuration again");
    settings->reading = process_number(daemon);
    settings->mistaken = mistaken;
    settings->taken = count_said(daemon, TAKEN_OVER);
    settings->refused = count_said(daemon, NOT_TAKEN_OVER);
    process_signal(daemon, SIGHUP);
    sim_at(world->sim, sim_now(world->sim) + SIM_HOUR, judge_reading, world);
}

static void end_reading(struct sim *sim, void *user)
{
    struct world *world = user;

    (void)sim;
    world->settings->pending = false;
}

static void reload(struct sim *sim, void *user)
{
    struct world *world = user;
    struct settings *settings = world->settings;
    bool mistaken = random_chance(sim_random(sim, "reloads"), 0.3);

    if (!may_begin(world))
        return;
    world_after(world, "reloads", world->rates.reloaded, reload);
    if (settings->pending || machines_are_down(world) || !sim_has(sim, "reloads"))
        return;
    settings->pending = true;
    settings->way = RELOAD;
    if (mistaken) {
        GString *text = read_file(world);
        settings_set(text, "gateway", MISSPELT, "5");
        settings_write(world, text);
        g_string_free(text, TRUE);
        settings->wrong = true;
        sim_at(sim, world_between(world, chance_of(world), 2 * SIM_HOUR, 6 * SIM_HOUR), correct, world);
    } else {
        write_changes(world);
        sim_at(sim, sim_now(sim) + 2 * SIM_HOUR, end_reading, world);
    }
    read_again(world, mistaken);
}

/* ---- */

static void change_last(struct sim *sim, void *user)
{
    struct world *world = user;
    struct settings *settings = world->settings;

    if (settings->pending) {
        sim_at(sim, sim_now(sim) + SIM_HOUR, change_last, world);
        return;
    }
    settings->pending = settings->last = true;
    settings->way = STOP_FIRST;
    stop_to_change(sim, world);
}

void settings_settle(struct world *world)
{
    correct(world->sim, world); /* from here on the gateway is started each minute */
    if (world->rates.changed + world->rates.reloaded > 0)
        change_last(world->sim, world);
}

void settings_begin(struct world *world)
{
    world->settings = g_new0(struct settings, 1);
    world_after(world, "changes", world->rates.changed, change);
    world_after(world, "reloads", world->rates.reloaded, reload);
}

void settings_free(struct world *world)
{
    g_free(world->settings);
}
