/* The command `profile list`: the profiles that this gateway can speak. */
#include "gateway/commands/command.h"
#include "gateway/commands/output.h"
#include "gateway/commands/profile_rows.h"

#include <glib.h>

int command_profile_list(struct invocation *invocation)
{
    static const char *const columns[] = {"profile", "valid_from", "valid_until", "folder", "title", NULL};
    struct output_list rows;

    if (!command_arguments(invocation, NULL, 0, 0))
        return EXIT_UNABLE;
    output_list_begin(&rows, invocation->json, OUTPUT_MOST_ROWS);
    output_list_add(&rows, profile_row(profile_builtin(), NULL));
    output_list_end(&rows, columns, NULL);
    return EXIT_GOOD;
}
