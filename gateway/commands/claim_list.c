/*
 * The command `claim list`: looks into each drop, as `doctor` does, and says whose it is. It reads the drops
 * themselves, for the ledger knows only what this gateway wrote there.
 */
#include "gateway/commands/claim_seen.h"
#include "gateway/commands/command.h"
#include "gateway/commands/output.h"
#include "gateway/commands/read_access.h"

#include <stdio.h>

static void add_row(struct output_list *rows, const struct drop *drop, const struct claim_seen *seen)
{
    const struct witness *witness = seen->witness;
    json_t *row = json_object();

    output_set_text(row, "drop", drop->name);
    output_set_text(row, "claim", *seen->word != '\0' ? seen->word : "none");
    output_set_text(row, "ledger", witness != NULL ? witness->ledger : NULL);
    output_set(row, "generation", witness != NULL ? json_integer(witness->generation) : json_null());
    output_set_text(row, "host", witness != NULL ? witness->host : NULL);
    output_set(row, "pid", witness != NULL ? json_integer(witness->pid) : json_null());
    output_set(row, "renewed", command_json_instant(witness != NULL ? witness->written : 0));
    output_set(row, "take_waits", json_boolean(seen->order != NULL));
    output_set_text(row, "text", seen->text);
    output_list_add(rows, row);
}

/* True if this gateway may work in every drop. */
static bool add_all(struct read_access *access, struct output_list *rows)
{
    const GPtrArray *drops = access->config->drops;
    struct claim_viewer viewer;
    bool good = true;

    claim_viewer_init(&viewer, &access->gateway);
    for (guint i = 0; i < drops->len; i++) {
        struct claim_seen seen;
        claim_seen_look(&seen, drops->pdata[i], &viewer);
        add_row(rows, drops->pdata[i], &seen);
        good = good && seen.good;
        claim_seen_clear(&seen);
    }
    return good;
}

int command_claim_list(struct invocation *invocation)
{
    static const char *const columns[] = {"drop", "claim", "generation", "host", "pid", "renewed", "text", NULL};
    struct read_access access;
    struct output_list rows;

    if (!command_arguments(invocation, NULL, 0, 0) || !read_access_open(&access, invocation))
        return EXIT_UNABLE;
    output_list_begin(&rows, invocation->json, OUTPUT_MOST_ROWS);
    bool good = add_all(&access, &rows);
    output_list_end(&rows, columns, "no drops");
    read_access_close(&access);
    return good ? EXIT_GOOD : EXIT_REFUSED;
}
