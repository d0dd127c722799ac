/* The files are read twice, once by the loader: it frees them, and a profile needs none of them once it is compiled. */
#include "gateway/commands/profile_source.h"

#include "formats/nearest.h"

#include <glib.h>
#include <string.h>

char *profile_source_name(const struct profile *profile)
{
    return g_strconcat(profile->name, "-", profile->version, NULL);
}

static void ignore_fault(void *user, const struct profile_fault *fault)
{
    (void)user;
    (void)fault; /* the loader tells of it */
}

static bool is_name(const char *argument)
{
    return strchr(argument, '/') == NULL && !g_file_test(argument, G_FILE_TEST_IS_DIR);
}

static bool no_profile(const char *argument)
{
    g_autofree char *shown = command_shown(argument);
    g_autofree char *builtin = profile_source_name(profile_builtin());
    struct nearest nearest = nearest_to(argument);

    nearest_try(&nearest, builtin);
    if (!is_name(argument))
        g_printerr("ecosgate: %s is no folder of a profile\n", shown);
    else if (nearest.word != NULL)
        g_printerr("ecosgate: there is no profile '%s'; did you mean %s?\n", shown, nearest.word);
    else
        g_printerr("ecosgate: there is no profile '%s', nor a folder of that name; 'ecosgate profile list' lists the "
                   "profiles\n",
                   shown);
    return false;
}

bool profile_source_open(struct profile_source *source, const char *argument, profile_fault_fn *on_fault, void *user)
{
    g_autofree char *builtin = profile_source_name(profile_builtin());

    *source = (struct profile_source){.argument = argument};
    if (is_name(argument) && strcmp(argument, builtin) == 0) {
        source->profile = profile_builtin();
        source->files = profile_files_builtin();
        return true;
    }
    if (!g_file_test(argument, G_FILE_TEST_IS_DIR))
        return no_profile(argument);
    source->profile = source->loaded = profile_load(argument, on_fault, user);
    source->files = profile_files_of_folder(argument, ignore_fault, NULL);
    return true;
}

static void print_fault(void *user, const struct profile_fault *fault)
{
    const struct profile_source *source = user;
    g_autofree char *folder = command_shown(source->argument);

    if (fault->line > 0)
        g_printerr("ecosgate: %s/%s:%u: %s\n", folder, fault->file, fault->line, fault->text);
    else
        g_printerr("ecosgate: %s/%s: %s\n", folder, fault->file, fault->text);
}

bool profile_source_sound(struct profile_source *source, const char *argument, int *status)
{
    *status = EXIT_UNABLE;
    if (!profile_source_open(source, argument, print_fault, source))
        return false;
    if (source->profile != NULL)
        return true;
    profile_source_close(source);
    return false;
}

void profile_source_close(struct profile_source *source)
{
    profile_files_free(source->files);
    profile_free(source->loaded);
}

json_t *profile_source_json(void *user, const char *name)
{
    size_t len;
    const char *text = profile_source_text(user, name, &len);

    return text != NULL ? json_loadb(text, len, 0, NULL) : NULL;
}

const char *profile_source_text(void *user, const char *name, size_t *len)
{
    const struct profile_source *source = user;
    const struct profile_file *file = profile_files_find(source->files, name);

    *len = file != NULL ? file->len : 0;
    return file != NULL ? file->text : NULL;
}
