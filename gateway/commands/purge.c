/* The command `purge`: an operator's order to remove personal data for good, or with --dry-run what it would take. */
#include "gateway/clock.h"
#include "gateway/commands/order/order.h"
#include "gateway/commands/output.h"
#include "gateway/commands/selection.h"
#include "gateway/condition/purge_scope.h"
#include "formats/instant.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define COMMAND "purge"

static struct {
    char *before;
    gboolean dry;
} options;

static const GOptionEntry entries[] = {
    {"before", 0, 0, G_OPTION_ARG_STRING, &options.before, "what ended before that day, or time", "DATE"},
    {"dry-run", 0, 0, G_OPTION_ARG_NONE, &options.dry, "only say how much that is", NULL},
    {NULL, 0, 0, 0, NULL, NULL, NULL},
};

/* *before: seconds UTC. False: a message has been printed. */
static bool read_before(int64_t *before)
{
    char text[INSTANT_TEXT_SIZE];

    if (options.before == NULL) {
        g_printerr("ecosgate: " COMMAND ": it is not said what is to be removed; give --before DATE\n");
        return false;
    }
    if (!selection_time(COMMAND, "before", options.before, before))
        return false;
    if (*before <= clock_now())
        return true;
    instant_print(*before, text);
    g_printerr("ecosgate: " COMMAND ": --before %s is in the future: what has not ended cannot be purged; give a day "
               "that has begun\n",
               text);
    return false;
}

/* ---- the order ---- */

static bool parse_before(char *const *arguments, struct order *order)
{
    int64_t before = 0;

    (void)arguments; /* there are none */
    if (!read_before(&before))
        return false;
    order->before = before;
    return true;
}

static bool find_always(struct read_access *access, struct order *order, bool *exists, GError **error)
{
    (void)access, (void)order, (void)error; /* whether it can be is decided when the order is carried out */
    *exists = true;
    return true;
}

/* ---- the dry run ---- */

struct amount {
    int64_t jobs, devices, bytes;
};

/* What removes the files counts them in the same way. */
static void add_bytes(const struct spool *spool, const struct purge_walk *walk, struct amount *amount)
{
    g_autofree char *folder = job_path(spool, walk->state, walk->job, NULL);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL); /* a job that has just moved is counted without bytes */

    for (const char *name = dir != NULL ? g_dir_read_name(dir) : NULL; name != NULL; name = g_dir_read_name(dir)) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        struct stat st;
        if (purge_scope_removes(name) && lstat(path, &st) == 0)
            amount->bytes += st.st_size;
    }
}

static bool measure(struct read_access *access, int64_t before, struct amount *amount, GError **error)
{
    struct purge_walk walk;
    bool found = false, end = false, good = true;

    purge_walk_begin(&walk, before, 0);
    while (good && !end) {
        good = purge_walk_step(&walk, &access->gateway, &found, &end, error);
        if (!good || !found)
            continue;
        amount->jobs++;
        amount->devices += walk.items.items;
        add_bytes(access->gateway.spool, &walk, amount);
    }
    purge_walk_end(&walk);
    return good;
}

static void print_amount(const struct invocation *invocation, int64_t before, const struct amount *amount,
                         const char *refusal)
{
    char text[INSTANT_TEXT_SIZE];

    instant_print(before, text);
    if (invocation->json) {
        json_t *object = json_object();
        output_set_text(object, "before", text);
        output_set_number(object, "jobs", amount->jobs);
        output_set_number(object, "devices", amount->devices);
        output_set_number(object, "bytes", amount->bytes);
        output_set_text(object, "refusal", refusal);
        command_print_json(object);
        return;
    }
    printf("personal data before %s: %" G_GINT64_FORMAT " jobs with %" G_GINT64_FORMAT " Devices, %" G_GINT64_FORMAT
           " bytes\n",
           text, amount->jobs, amount->devices, amount->bytes);
    if (refusal != NULL)
        printf("the order would be refused now: %s\n", refusal);
}

static int run_dry(struct invocation *invocation)
{
    struct read_access access;
    struct amount amount = {0};
    g_autofree char *refusal = NULL;
    int64_t before = 0;
    GError *error = NULL;

    if (!read_before(&before) || !read_access_open(&access, invocation))
        return EXIT_UNABLE;
    bool good = purge_scope_refusal(&access.gateway, before, clock_now(), &refusal, &error) &&
                measure(&access, before, &amount, &error);
    read_access_close(&access);
    if (!good)
        return command_unable(error);
    print_amount(invocation, before, &amount, refusal);
    return refusal != NULL ? EXIT_REFUSED : EXIT_GOOD;
}

/* --dry-run is no order: it needs no reason. */
static bool asks_dry(const struct invocation *invocation)
{
    for (int i = 0; i < invocation->argc; i++)
        if (strcmp(invocation->argv[i], "--dry-run") == 0)
            return true;
    return false;
}

int command_purge(struct invocation *invocation)
{
    static const struct order_target target = {"purge --dry-run", 0, parse_before, find_always, NULL, ORDER_PLAIN};
    static const struct order_choice choice = {0, entries};
    g_autofree char *reason = NULL;
    const GOptionEntry dry[] = {entries[0],
                                entries[1],
                                {"reason", 0, 0, G_OPTION_ARG_STRING, &reason, "not needed for a dry run", "TEXT"},
                                {NULL, 0, 0, 0, NULL, NULL, NULL}};

    if (!asks_dry(invocation))
        return order_give_chosen(invocation, ORDER_PURGE, &target, &choice);
    return command_arguments(invocation, dry, 0, 0) ? run_dry(invocation) : EXIT_UNABLE;
}
