/* The command `batch list`: the instructions that were judged, and how far the work of each is. */
#include "gateway/commands/batch.h"
#include "gateway/commands/command.h"
#include "gateway/commands/output.h"

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

int command_batch_list(struct invocation *invocation)
{
    static const char *const columns[] = {"batch", "job",  "judged_at", "verdict", "accepted",
                                          "ended", "open", "withdrawn", "held",    NULL};
    gboolean open = FALSE;
    const GOptionEntry entries[] = {
        {"open", 0, 0, G_OPTION_ARG_NONE, &open, "only those with Devices in work", NULL},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    struct read_access access;
    struct output_list list;
    GError *error = NULL;

    if (!command_arguments(invocation, entries, 0, 0) || !read_access_open(&access, invocation))
        return EXIT_UNABLE;
    output_list_begin(&list, invocation->json, OUTPUT_MOST_ROWS);
    bool good = ledger_batches_each(access.gateway.ledger, open, add_batch, &list, &error);
    read_access_close(&access);
    if (!good) {
        output_list_drop(&list);
        return command_unable(error);
    }
    output_list_end(&list, columns, open ? "no batch has Devices in work" : "no instruction was judged");
    return EXIT_GOOD;
}
