/* The command `batch list`: the instructions that were judged, and how far the work of each is. */
#include "gateway/commands/batch.h"
#include "gateway/commands/home_list.h"

static bool add_batch(void *user, const struct ledger_batch *batch, GError **error)
{
    g_autofree char *name = batch_name(batch);
    json_t *row = json_object();

    (void)error; /* nothing here can fail */
    output_set_text(row, "batch", name);
    output_set(row, "job", command_json_job(batch->job));
    output_set(row, "judged_at", command_json_instant(batch->judged_at));
    output_set_text(row, "verdict", batch->outcome);
    output_set_number(row, "accepted", batch->accepted);
    output_set_number(row, "ended", batch->ended);
    output_set_number(row, "open", batch->accepted - batch->ended);
    output_set_number(row, "withdrawn", batch->withdrawn);
    output_set(row, "held", json_boolean(batch->held));
    output_list_add(user, row);
    return true;
}

/* open: a gboolean. */
static bool add_all(void *open, struct read_access *access, struct output_list *rows, GError **error)
{
    return ledger_batches_each(access->gateway.ledger, *(gboolean *)open, add_batch, rows, error);
}

int command_batch_list(struct invocation *invocation)
{
    static const char *const columns[] = {"batch", "job",  "judged_at", "verdict", "accepted",
                                          "ended", "open", "withdrawn", "held",    NULL};
    gboolean open = FALSE;
    const GOptionEntry entries[] = {
        {"open", 0, 0, G_OPTION_ARG_NONE, &open, "only those with Devices in work", NULL},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };

    if (!command_arguments(invocation, entries, 0, 0))
        return EXIT_UNABLE;
    const struct home_list list = {
        add_all, &open, columns, open ? "no batch has Devices in work" : "no instruction was judged", OUTPUT_MOST_ROWS};
    return home_list_print(invocation, &list);
}
