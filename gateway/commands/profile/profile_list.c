/* The command `profile list`: the profiles that this gateway can speak. */
#include "gateway/commands/command.h"
#include "gateway/commands/output.h"
#include "gateway/commands/profile/profile_rows.h"
#include "gateway/commands/profile/profile_source.h"

#include <glib.h>

/* The folder that a profile of the configuration was loaded from. */
static const char *folder_of(const struct config *config, const struct profile *profile)
{
    GHashTableIter iter;
    gpointer path, found;

    g_hash_table_iter_init(&iter, config->profile_folders);
    while (g_hash_table_iter_next(&iter, &path, &found))
        if (found == profile)
            return path;
    return NULL;
}

/* Adds the profiles of the configuration; false: it cannot be loaded, and a message has been printed. */
static bool add_configured(struct output_list *rows, const struct invocation *invocation)
{
    if (!profile_source_has_config(invocation))
        return true;
    g_autoptr(config_t) config = command_config(invocation);
    if (config == NULL)
        return false;
    for (guint i = 0; i < config->profiles->len; i++)
        output_list_add(rows, profile_row(config->profiles->pdata[i], folder_of(config, config->profiles->pdata[i])));
    return true;
}

int command_profile_list(struct invocation *invocation)
{
    static const char *const columns[] = {"profile", "valid_from", "valid_until", "folder", "title", NULL};
    struct output_list rows;

    if (!command_arguments(invocation, NULL, 0, 0))
        return EXIT_UNABLE;
    output_list_begin(&rows, invocation->json, OUTPUT_MOST_ROWS);
    output_list_add(&rows, profile_row(profile_builtin(), NULL));
    bool good = add_configured(&rows, invocation);
    output_list_end(&rows, columns, NULL);
    return good ? EXIT_GOOD : EXIT_UNABLE;
}
