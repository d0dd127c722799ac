/*
 * Operators: a round each day over what waits for a person, as gateway/OPERATIONS.md says, and needless orders now and
 * then. At the end they show what the gateway says of itself.
 */
#include "tests/sim/world_private.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct command {
    struct world *world;
    operators_read *read; /* each line of the output, as JSON; NULL: nobody reads it */
    operators_ended *ended;
    char *what; /* for `ended` */
    char **argv;
};

struct operators {
    GQueue *commands;  /* struct command *: one after the other */
    bool busy;         /* the first of them runs */
    GHashTable *seen;  /* "CONFIRM MCC.B-1.1" → when it was first seen, int64_t * */
    GHashTable *open;  /* incidents that the gateway calls open, at the end */
    bool verified;     /* a verify of the end has run */
    char *digest;      /* of the job that a question is about; NULL: there is no such job */
    GPtrArray *unseen; /* char *: files that count as delivered, and that nobody has seen in their drop */
};

static struct random *chance_of(struct world *world)
{
    return sim_random(world->sim, "operators");
}

static const char *text_of(json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));
    return text != NULL ? text : "";
}

/* ---- commands ---- */

static void read_output(struct command *command, const char *output)
{
    g_auto(GStrv) lines = g_strsplit(output, "\n", -1);

    for (unsigned i = 0; lines[i] != NULL; i++) {
        json_t *object = lines[i][0] == '{' ? json_loads(lines[i], 0, NULL) : NULL;
        if (object != NULL)
            command->read(command->world, object);
        json_decref(object);
    }
}

static void run_next(struct world *world);

static void free_command(void *data)
{
    struct command *command = data;

    g_strfreev(command->argv);
    g_free(command->what);
    g_free(command);
}

/* An order that was given. */
static void count_order(const struct command *command)
{
    static const struct {
        const char *noun, *verb;
        enum kind kind;
    } orders[] = {{"spool", "hold", SEEN_HOLD},
                  {"spool", "release", SEEN_RELEASE},
                  {"spool", "reject", SEEN_REJECT},
                  {"spool", "requeue", SEEN_REQUEUE},
                  {"report", "redeliver", SEEN_REDELIVER},
                  {"sequence", "set", SEEN_SEQUENCE_SET},
                  {"incident", "close", SEEN_INCIDENT_CLOSE},
                  {"device", "end", SEEN_DEVICE_END},
                  {"device", "release", SEEN_DEVICE_RELEASE},
                  {"recover", "--reason", SEEN_RECOVER},
                  {"device", "hold", SEEN_HOLD_DEVICE},
                  {"device", "withdraw", SEEN_WITHDRAW_DEVICE},
                  {"batch", "hold", SEEN_HOLD_BATCH},
                  {"batch", "release", SEEN_RELEASE_BATCH},
                  {"batch", "withdraw", SEEN_WITHDRAW_BATCH},
                  {"dispatch", "pause", SEEN_PAUSE_DISPATCH},
                  {"dispatch", "resume", SEEN_RESUME_DISPATCH},
                  {"drop", "pause", SEEN_PAUSE_DROP},
                  {"drop", "resume", SEEN_RESUME_DROP},
                  {"claim", "take", SEEN_CLAIM_BACK}};
    char **argv = command->argv + (strcmp(command->argv[0], "--json") == 0);

    for (size_t i = 0; i < G_N_ELEMENTS(orders); i++)
        if (strcmp(argv[0], orders[i].noun) == 0 && g_strcmp0(argv[1], orders[i].verb) == 0)
            kinds_seen(orders[i].kind);
}

static void command_ended(struct sim *sim, struct process *process, int status, void *user)
{
    struct world *world = user;
    struct command *command = g_queue_pop_head(world->operators->commands);

    if (status != 0)
        sim_say(sim, "%s ends with %d: %s", command->argv[0], status, process_output(process));
    else
        count_order(command);
    if (command->read != NULL)
        read_output(command, process_output(process));
    if (command->ended != NULL)
        command->ended(world, status, command->what);
    free_command(command);
    world->operators->busy = false;
    run_next(world);
}

static void run_next(struct world *world)
{
    struct operators *operators = world->operators;
    const struct command *command = g_queue_peek_head(operators->commands);

    if (command == NULL || operators->busy)
        return;
    operators->busy = true;
    (void)process_start(world->sim, world->home, (const char *const *)command->argv, command_ended, world);
}

void operators_run(struct world *world, operators_read *read, operators_ended *ended, const char *what,
                   const char *const *argv)
{
    struct command *command = g_new0(struct command, 1);

    *command = (struct command){world, read, ended, g_strdup(what), g_strdupv((char **)argv)};
    g_queue_push_tail(world->operators->commands, command);
    run_next(world);
}

#define RUN(world, read, ...) operators_run(world, read, NULL, NULL, (const char *const[]){__VA_ARGS__, NULL})

/* ---- the round ---- */

/* How long a thing has been seen. */
static int64_t seen_for(struct world *world, const char *kind, const char *what)
{
    char *key = g_strdup_printf("%s %s", kind, what);
    int64_t *first = g_hash_table_lookup(world->operators->seen, key);

    if (first != NULL) {
        g_free(key);
        return sim_now(world->sim) - *first;
    }
    first = g_new(int64_t, 1);
    *first = sim_now(world->sim);
    g_hash_table_insert(world->operators->seen, key, first);
    return 0;
}

static void read_held(struct world *world, json_t *job)
{
    g_autofree char *id = g_strdup_printf("%lld", (long long)json_integer_value(json_object_get(job, "id")));
    const char *text = text_of(job, "id"), *name = text_of(job, "name");
    const struct sent *sent = g_hash_table_lookup(world->sent, name);
    bool mistake = sent != NULL && sent->mistake;

    if (*text == '\0')
        text = id;
    /* A mistake has an A117, which is closed before (give_up), unless a restore has lost it. */
    if (seen_for(world, "held", text) <= (mistake ? 12 : 6) * SIM_HOUR && !world->settling)
        return;
    sim_say(world->sim, "an operator %s job %s (%s)", mistake ? "rejects" : "releases", text, name);
    RUN(world, NULL, "spool", mistake ? "reject" : "release", text, "--reason", "asked the sender");
    if (mistake)
        dcc_correct(world);
}

/* One side is silent, or the two disagree: after two days the sides are asked, after four the operator has found out
 * which credentials the Device has. */
static void read_unsettled(struct world *world, json_t *item)
{
    const char *work_item = text_of(item, "work_item"), *id = text_of(item, "device");
    const struct device *device = estate_find(world->estate, id);
    int64_t seen = seen_for(world, "CONFIRM", work_item);

    if (device == NULL)
        return;
    if (seen > 4 * SIM_DAY) {
        sim_say(world->sim, "an operator ends the work on %s", id);
        oracle_ended(world->oracle, id);
        RUN(world, NULL, "device", "end", id, "--as", device->ecos ? "migrated" : "failed", "--reason",
            "read from the Device");
    } else if (seen > 2 * SIM_DAY) {
        providers_ask(world, work_item);
    }
}

static bool folder_has(const char *folder, const char *prefix)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);

    for (const char *name; dir != NULL && (name = g_dir_read_name(dir)) != NULL;)
        if (g_str_has_prefix(name, prefix))
            return true;
    return false;
}

/* After a recovery: nothing is ordered again before what the lost ledger ordered is known. */
static void read_withheld(struct world *world, json_t *item)
{
    const char *work_item = text_of(item, "work_item"), *id = text_of(item, "device");

    if (seen_for(world, "withheld", work_item) < SIM_DAY)
        return;
    g_autofree char *out = g_strdup_printf("%s/tcos/out", world->drops);
    if (folder_has(out, "EMW")) /* TCoS has not read all orders yet */
        return;
    if (!oracle_is_known(world->oracle, work_item)) {
        providers_ask(world, work_item);
        return;
    }
    sim_say(world->sim, "an operator releases %s", id);
    oracle_released(world->oracle, id);
    RUN(world, NULL, "device", "release", id, "--reason", "TCoS has no order for it");
}

/* A117: its sender says that the file was a mistake. */
static void give_up(struct world *world, const char *id, const char *subject)
{
    const char *name = strchr(subject, '/');
    const struct sent *sent = name != NULL ? g_hash_table_lookup(world->sent, name + 1) : NULL;

    if (sent == NULL || !sent->mistake || seen_for(world, "A117", id) < 6 * SIM_HOUR)
        return;
    RUN(world, NULL, "incident", "close", id, "--reason", "DCC sends the whole again");
    dcc_correct(world);
}

/* The name that a copy had, in its path; NULL: it is no such copy. */
static const char *name_of_copy(const char *path)
{
    static const char TAKEN[] = "/.ecosgate-taken-";
    const char *at = strstr(path, TAKEN), *dash = at != NULL ? strchr(at + strlen(TAKEN), '-') : NULL;

    return dash != NULL ? dash + 1 : NULL;
}

static void read_digest(struct world *world, json_t *job)
{
    g_free(world->operators->digest);
    world->operators->digest = g_strdup(text_of(job, "sha256"));
}

/* The copy goes if the job has it, or if its sender has put the file once more. If not, it gets its name back. */
static void end_copy(struct world *world, int status, const char *from)
{
    g_autofree char *digest = g_steal_pointer(&world->operators->digest), *bytes = NULL, *own = NULL;
    g_autofree char *folder = g_path_get_dirname(from), *to = g_build_filename(folder, name_of_copy(from), NULL);
    gsize size;

    if ((status != 0 && status != 1) || !g_file_get_contents(from, &bytes, &size, NULL))
        return; /* the question could not be asked, or the copy is gone */
    own = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)bytes, size);
    bool has = g_strcmp0(digest, own) == 0;
    bool goes = has || g_file_test(to, G_FILE_TEST_EXISTS);
    if ((goes ? unlink(from) : rename(from, to)) == 0)
        sim_say(world->sim, "an operator %s %s%s", goes ? "removes" : "gives its name back to", from,
                has ? ": its job has it" : "");
}

/* A107: a lost ledger was about to remove the file. The operator does what the incident says: he asks the spool
 * first. */
static void look_at_copy(struct world *world, const char *id, const char *subject)
{
    const char *slash = strchr(subject, '/'), *name = name_of_copy(subject);

    if (name == NULL || slash == NULL || seen_for(world, "A107", id) < 6 * SIM_HOUR)
        return;
    g_autofree char *from = g_strdup_printf("%s/%.*s/in%s", world->drops, (int)(slash - subject), subject, slash);
    g_autofree char *job =
        g_strdup_printf("%" G_GUINT64_FORMAT, g_ascii_strtoull(slash + strlen("/.ecosgate-taken-"), NULL, 10));
    operators_run(world, read_digest, end_copy, from, (const char *const[]){"--json", "spool", "show", job, NULL});
}

static void read_incident(struct world *world, json_t *incident)
{
    const char *id = text_of(incident, "id"), *code = text_of(incident, "code"), *device = text_of(incident, "device");

    if (json_is_string(json_object_get(incident, "cleared")))
        return;
    if (strcmp(code, "D152") == 0 && seen_for(world, "D152", id) > SIM_DAY) {
        oracle_released(world->oracle, device);
        RUN(world, NULL, "device", "release", device, "--reason", "recovered Device");
    }
    /* When the drop whose claim `recover` could not read is there again, it may know more. */
    if (strcmp(code, "A109") == 0 && seen_for(world, "A109", id) > 2 * SIM_HOUR)
        RUN(world, NULL, "recover", "--reason", "all claims can be read now");
    if (strcmp(code, "A113") == 0 && seen_for(world, "A113", id) > 5 * SIM_DAY)
        watches_close(world);
    if (strcmp(code, "A107") == 0)
        look_at_copy(world, id, text_of(incident, "subject"));
    if (strcmp(code, "A110") == 0 && seen_for(world, "A110", id) > SIM_HOUR)
        restores_take_back(world, text_of(incident, "subject"));
    if (strcmp(code, "A117") == 0)
        give_up(world, id, text_of(incident, "subject"));
    int64_t apart = machine_clock(world->sim, world->home) - sim_now(world->sim);
    if (strcmp(code, "A105") == 0 && ABS(apart) < SIM_MINUTE && seen_for(world, "A105", id) > SIM_HOUR)
        RUN(world, NULL, "incident", "close", id, "--reason", "the clock is right");
}

static void comes_again(struct world *world, int status, const char *name)
{
    if (status == 0)
        oracle_comes_again(world->oracle, name);
}

void operators_redeliver(struct world *world, const char *name)
{
    sim_say(world->sim, "an operator has %s delivered once more", name);
    operators_run(world, NULL, comes_again, name,
                  (const char *const[]){"report", "redeliver", name, "--reason", "the recipient has not got it", NULL});
}

/* A rename was sent and not answered, and the temporary file is gone: the gateway cannot know whether the recipient has
 * the file (OPERATIONS.md). */
void operators_read_log(struct world *world, struct process *daemon)
{
    static const char SAID[] = " counts as delivered, and nobody saw it";
    GPtrArray *unseen = world->operators->unseen;
    g_auto(GStrv) parts = g_strsplit(process_output(daemon), SAID, -1);

    for (unsigned i = 0; parts[i] != NULL && parts[i + 1] != NULL; i++) {
        const char *space = strrchr(parts[i], ' ');
        if (space != NULL && !g_ptr_array_find_with_equal_func(unseen, space + 1, g_str_equal, NULL))
            g_ptr_array_add(unseen, g_strdup(space + 1));
    }
}

/* A restored ledger may not know the file: that is 1. A command that could not run, as with a mistake in the
 * configuration, has answered nothing, and is given again in the next round. */
static void redelivered(struct world *world, int status, const char *name)
{
    GPtrArray *unseen = world->operators->unseen;
    unsigned at;

    if (status == 0)
        kinds_seen(SEEN_ASK_RECIPIENT);
    if (status == 1 && g_ptr_array_find_with_equal_func(unseen, name, g_str_equal, &at))
        (void)g_ptr_array_remove_index(unseen, at);
}

/* Asks the recipients of such files. What they do not have is delivered once more. */
static void ask_recipients(struct world *world)
{
    struct process *daemon = process_find(world->sim, world->home, "run");
    GPtrArray *unseen = world->operators->unseen;

    if (daemon != NULL)
        operators_read_log(world, daemon);
    for (unsigned i = 0; i < unseen->len;) {
        const char *name = unseen->pdata[i];
        if (oracle_has_reached(world->oracle, name)) {
            (void)g_ptr_array_remove_index(unseen, i);
            continue;
        }
        sim_say(world->sim, "nobody has seen %s; its recipient does not have it", name);
        operators_run(world, NULL, redelivered, name,
                      (const char *const[]){"report", "redeliver", name, "--reason", "it was lost", NULL});
        i++;
    }
}

static void make_round(struct world *world)
{
    if (machines_are_down(world))
        return;
    ask_recipients(world);
    keeps_round(world);
    RUN(world, read_incident, "--json", "incident", "list");
    RUN(world, read_held, "--json", "spool", "list", "--state", "held");
    RUN(world, read_unsettled, "--json", "device", "list", "--state", "CONFIRM_PENDING");
    RUN(world, read_unsettled, "--json", "device", "list", "--state", "CONFIRM_MISMATCH");
    if (restores_back_to(world) != 0)
        RUN(world, read_withheld, "--json", "device", "list", "--withheld");
}

static void each_day(struct sim *sim, void *user)
{
    struct world *world = user;

    if (world->judged)
        return;
    make_round(world);
    int64_t pause = world->settling || restores_back_to(world) != 0 ? 8 * SIM_HOUR : 24 * SIM_HOUR;
    sim_at(sim, sim_now(sim) + pause, each_day, world);
}

/* ---- needless orders ---- */

static void meddle(struct sim *sim, void *user)
{
    struct world *world = user;
    unsigned n = world->order_of_sent->len;

    (void)sim;
    if (world->settling)
        return;
    g_autofree char *id = g_strdup_printf("%u", 1 + (unsigned)random_below(chance_of(world), 3 * n + 1));
    static const char *const orders[] = {"hold", "release", "hold"};
    RUN(world, NULL, "spool", orders[random_below(chance_of(world), G_N_ELEMENTS(orders))], id, "--reason",
        "by mistake");
    world_after(world, "operators", world->rates.meddled, meddle);
}

/* ---- the end ---- */

static void read_open(struct world *world, json_t *incident)
{
    const struct oracle_incident listed = {text_of(incident, "id"), text_of(incident, "code"),
                                           text_of(incident, "subject"), text_of(incident, "begun"),
                                           text_of(incident, "cleared")};

    oracle_listed(world->oracle, &listed);
    if (!json_is_string(json_object_get(incident, "cleared")))
        g_hash_table_add(world->operators->open, g_strdup(text_of(incident, "id")));
}

static void read_job(struct world *world, json_t *job)
{
    const char *state = text_of(job, "state"), *name = text_of(job, "name"), *type = text_of(job, "type");
    static const char *const own[] = {"EMW", "EMO", "INC", NULL};
    bool done = strcmp(state, "done") == 0;

    if (!done && strcmp(state, "rejected") != 0)
        sim_broken(world->sim, "unanswered", "job %s, %s, is still in %s/", text_of(job, "id"), name, state);
    else if (done && g_strv_contains(own, type) && !oracle_has_reached(world->oracle, name) &&
             restores_back_to(world) == 0)
        sim_broken(world->sim, "delivered", "%s is in done/, its recipient never got it", name);
}

static void read_report_file(struct world *world, json_t *file)
{
    const char *name = text_of(file, "file"), *state = text_of(file, "state");

    if (*name == '\0' || oracle_has_reached(world->oracle, name) || restores_back_to(world) != 0)
        return;
    if (strcmp(state, "DELIVERED") == 0)
        sim_broken(world->sim, "delivered", "%s counts as delivered, its recipient never got it", name);
    else
        sim_broken(world->sim, "unanswered", "%s is still %s", name, state);
}

static void judge_verify(struct world *world, int status)
{
    if (status != 0)
        sim_broken(world->sim, "verify", "spool verify ends with %d, and nothing was damaged", status);
}

/* What still lies in a drop was not picked up. */
static void judge_drops(struct world *world)
{
    static const char *const drops[] = {"mcc", "tcos", "ecos", "dcc"};

    for (unsigned i = 0; i < G_N_ELEMENTS(drops); i++) {
        g_autofree char *path = g_strdup_printf("%s/%s/in", world->drops, drops[i]);
        g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
        for (const char *name; dir != NULL && (name = g_dir_read_name(dir)) != NULL;)
            if (name[0] != '.')
                sim_broken(world->sim, "unanswered", "%s still lies in %s", name, path);
    }
}

/* Runs a command to its end; its status. */
static int ask(struct world *world, operators_read *read, const char *const *argv)
{
    g_autoptr(GString) output = g_string_new(NULL);
    struct command command = {.world = world, .read = read};
    int status = process_run(world->sim, world->home, argv, output);

    if (read != NULL)
        read_output(&command, output->str);
    if (status != 0)
        sim_say(world->sim, "%s ends with %d: %s", argv[0], status, output->str);
    return status;
}

#define ASK(world, read, ...) ask(world, read, (const char *const[]){__VA_ARGS__, NULL})

/* The end of each run: one byte of one file of the spool changes, and verify has to see it. */
static void judge_damage(struct world *world)
{
    g_autoptr(GPtrArray) paths = damages_payloads(world);
    const char *first = paths->len > 0 ? paths->pdata[0] : NULL;
    g_autofree char *bytes = NULL;
    gsize size = 0;

    if (first == NULL || !g_file_get_contents(first, &bytes, &size, NULL) || size == 0)
        return;
    bytes[random_below(chance_of(world), size)] ^= 1;
    if (!g_file_set_contents(first, bytes, (gssize)size, NULL))
        g_error("%s cannot be written", first);
    if (ASK(world, NULL, "spool", "verify") == 0)
        sim_broken(world->sim, "verify", "a byte of %s was changed, and spool verify calls all sound", first);
}

static void stop_daemon(struct world *world)
{
    struct process *daemon = process_find(world->sim, world->home, "run");

    world->judged = true;
    if (daemon != NULL)
        process_signal(daemon, SIGTERM);
    /* Each command lets the simulation go on; one look suffices, for a daemon without work ends at once. */
    (void)ASK(world, NULL, "status");
}

void operators_judge(struct world *world)
{
    stop_daemon(world);
    for (unsigned i = 0; i < world->recipients->len; i++)
        world_take(world, world->recipients->pdata[i]);
    judge_drops(world);
    standby_judge(world);
    judge_verify(world, ASK(world, NULL, "spool", "verify"));
    (void)ASK(world, keeps_judge, "--json", "status");
    (void)ASK(world, read_job, "--json", "spool", "list");
    (void)ASK(world, read_report_file, "--json", "report", "list");
    (void)ASK(world, read_open, "--json", "incident", "list", "--all");
    for (unsigned i = 0; i < world->estate->devices->len; i++) {
        const struct device *device = world->estate->devices->pdata[i];
        if (!estate_has_supplier(world->estate, device))
            oracle_unreported(world->oracle, device->id);
    }
    oracle_unreported(world->oracle, DEVICE_OF_NOBODY);
    oracle_judge(world->oracle, world->operators->open);
    if (!sim_is_broken(world->sim))
        judge_damage(world);
    unsigned put, taken, migrated, failed;
    oracle_count(world->oracle, &put, &taken, &migrated, &failed);
    sim_say(world->sim, "%u files put, %u taken; work items: %u MIGRATED, %u FAILED", put, taken, migrated, failed);
}

void operators_settle(struct world *world)
{
    sim_at(world->sim, sim_now(world->sim) + SIM_HOUR, each_day, world);
}

void operators_begin(struct world *world)
{
    world->operators = g_new0(struct operators, 1);
    world->operators->commands = g_queue_new();
    world->operators->unseen = g_ptr_array_new_with_free_func(g_free);
    world->operators->seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    world->operators->open = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    sim_at(world->sim, sim_now(world->sim) + 2 * SIM_DAY, each_day, world);
    world_after(world, "operators", world->rates.meddled, meddle);
}

void operators_free(struct world *world)
{
    g_queue_free_full(world->operators->commands, free_command);
    g_ptr_array_free(world->operators->unseen, TRUE);
    g_free(world->operators->digest);
    g_hash_table_destroy(world->operators->seen);
    g_hash_table_destroy(world->operators->open);
    g_free(world->operators);
}
