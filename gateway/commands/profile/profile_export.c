/*
 * The command `profile export`: what a profile publishes for partners, in a new folder: the XSD, the Table Schemas, and
 * the columns of all files as a text.
 */
#include "formats/profile/profile_export.h"
#include "gateway/commands/profile/profile_folder.h"
#include "gateway/commands/profile/profile_source.h"

#include <glib.h>
#include <string.h>

static bool write_text(const char *dir, const char *name, const char *text, GError **error)
{
    return text == NULL || profile_folder_write(dir, name, text, strlen(text), error);
}

/* The Table Schemas stand in the folder by the names that they have in records/ and reports/. */
static bool write_tables(struct profile_source *source, const char *dir, GError **error)
{
    for (size_t i = 0; i < profile_files_count(source->profile->files); i++) {
        const struct profile_file *file = profile_files_at(source->profile->files, i);
        if (strchr(file->name, '/') == NULL)
            continue;
        json_t *table = profile_source_json(source, file->name);
        g_autofree char *name = g_path_get_basename(file->name);
        g_autofree char *text = profile_export_table(source->profile, file->name, table);
        json_decref(table);
        if (!write_text(dir, name, text, error))
            return false;
    }
    return true;
}

static bool export(struct profile_source *source, const char *dir, GError **error)
{
    g_autofree char *xsd = profile_export_xsd(source->profile, profile_source_json, source);
    g_autofree char *xsd_name = profile_export_xsd_name(source->profile, profile_source_json, source);
    g_autofree char *columns = profile_export_columns(source->profile, profile_source_json, source);

    return profile_folder_make(dir, error) && write_text(dir, xsd_name, xsd, error) &&
           write_text(dir, "COLUMNS.md", columns, error) && write_tables(source, dir, error);
}

int command_profile_export(struct invocation *invocation)
{
    struct profile_source source;
    GError *error = NULL;

    if (!command_arguments(invocation, NULL, 1, 2))
        return EXIT_UNABLE;
    g_autofree char *builtin = profile_source_name(profile_builtin());
    if (!profile_source_sound(&source, invocation, invocation->argc == 2 ? invocation->argv[1] : builtin))
        return EXIT_UNABLE;
    bool good = export(&source, invocation->argv[0], &error);
    profile_source_close(&source);
    if (!good)
        return command_unable(error);
    g_autofree char *shown = command_shown(invocation->argv[0]);
    if (invocation->json)
        command_print_json(json_pack("{s:s}", "folder", shown));
    else
        g_print("made %s\n", shown);
    return EXIT_GOOD;
}
