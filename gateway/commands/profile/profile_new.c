/*
 * The command `profile new`: a folder with the files of another profile, to be edited. Only profile.json is written
 * anew: two profiles of one name and version could not be told apart.
 */
#include "gateway/commands/output.h"
#include "gateway/commands/profile/profile_folder.h"
#include "gateway/commands/profile/profile_source.h"

#include <glib.h>
#include <string.h>

/* The folder "annex-2.0" makes the name "annex" and the version "2.0"; another one is the name, of version "1.0". */
static void split_name(const char *dir, char **name, char **version)
{
    g_autofree char *base = g_path_get_basename(dir);
    const char *dash = strrchr(base, '-');

    if (dash != NULL && dash != base && g_ascii_isdigit(dash[1])) {
        *name = g_strndup(base, (gsize)(dash - base));
        *version = g_strdup(dash + 1);
    } else {
        *name = g_strdup(base);
        *version = g_strdup("1.0");
    }
}

/* profile.json of the new profile; free. */
static char *profile_text(struct profile_source *from, const char *dir)
{
    json_t *root = profile_source_json(from, "profile.json");
    g_autofree char *name = NULL, *version = NULL, *old = profile_source_name(from->profile);
    g_autofree char *title = g_strconcat("Made from ", old, NULL);

    split_name(dir, &name, &version);
    output_set_text(root, "profile", name);
    output_set_text(root, "version", version);
    output_set_text(root, "title", title);
    char *text = json_dumps(root, JSON_INDENT(2));
    json_decref(root);
    return text;
}

static bool write_files(struct profile_source *from, const char *dir, GError **error)
{
    g_autofree char *dumped = profile_text(from, dir);
    g_autofree char *text = g_strconcat(dumped, "\n", NULL);

    if (!profile_folder_make(dir, error) || !profile_folder_write(dir, "profile.json", text, strlen(text), error))
        return false;
    for (size_t i = 0; i < profile_files_count(from->profile->files); i++) {
        const struct profile_file *file = profile_files_at(from->profile->files, i);
        if (strcmp(file->name, "profile.json") != 0 &&
            !profile_folder_write(dir, file->name, file->text, file->len, error))
            return false;
    }
    return true;
}

static int make(const struct invocation *invocation, struct profile_source *from, const char *dir)
{
    g_autofree char *shown = command_shown(dir);
    GError *error = NULL;

    if (!write_files(from, dir, &error))
        return command_unable(error);
    if (invocation->json)
        command_print_json(json_pack("{s:s}", "folder", shown));
    else
        g_print("made %s; edit its files, then: ecosgate profile check %s\n", shown, shown);
    return EXIT_GOOD;
}

int command_profile_new(struct invocation *invocation)
{
    g_autofree char *from = NULL;
    const GOptionEntry entries[] = {
        {"from", 0, 0, G_OPTION_ARG_FILENAME, &from, "the profile to begin with, such as proposal-1.0", "NAME|DIR"},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    struct profile_source source;

    if (!command_arguments(invocation, entries, 1, 1))
        return EXIT_UNABLE;
    if (from == NULL) {
        g_printerr("ecosgate: profile new: --from is missing; give the profile to begin with, such as --from "
                   "proposal-1.0\n");
        return EXIT_UNABLE;
    }
    if (!profile_source_sound(&source, invocation, from))
        return EXIT_UNABLE;
    int status = make(invocation, &source, invocation->argv[0]);
    profile_source_close(&source);
    return status;
}
