/* Names of a configuration's profiles are those that `profile list` shows. */
#include "gateway/commands/profile/profile_source.h"

#include "formats/nearest.h"

#include <glib.h>
#include <string.h>

char *profile_source_name(const struct profile *profile)
{
    return g_strconcat(profile->name, "-", profile->version, NULL);
}

static bool is_name(const char *argument)
{
    return strchr(argument, '/') == NULL && !g_file_test(argument, G_FILE_TEST_IS_DIR);
}

/* The profile of the configuration with that name; NULL: there is none. */
static const struct profile *find_configured(const struct config *config, const char *name)
{
    for (guint i = 0; i < config->profiles->len; i++) {
        g_autofree char *found = profile_source_name(config->profiles->pdata[i]);
        if (strcmp(found, name) == 0)
            return config->profiles->pdata[i];
    }
    return NULL;
}

static bool no_profile(const struct config *config, const char *argument)
{
    g_autofree char *shown = command_shown(argument);
    g_autofree char *builtin = profile_source_name(profile_builtin());
    struct nearest nearest = nearest_to(argument);

    nearest_try(&nearest, builtin);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; config != NULL && i < config->profiles->len; i++) {
        g_ptr_array_add(names, profile_source_name(config->profiles->pdata[i]));
        nearest_try(&nearest, names->pdata[i]);
    }
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

/* By its name, in the configuration if there is one. */
static bool open_configured(struct profile_source *source, const struct invocation *invocation)
{
    struct config *config = NULL;

    if (profile_source_has_config(invocation)) {
        config = command_config(invocation);
        if (config == NULL)
            return false;
        source->profile = find_configured(config, source->argument);
    }
    if (source->profile != NULL) {
        source->config = config;
        return true;
    }
    no_profile(config, source->argument);
    config_free(config);
    return false;
}

bool profile_source_has_config(const struct invocation *invocation)
{
    return invocation->config_is_explicit || g_file_test(invocation->config_path, G_FILE_TEST_EXISTS);
}

bool profile_source_open(struct profile_source *source, const struct invocation *invocation, const char *argument,
                         profile_fault_fn *on_fault, void *user)
{
    g_autofree char *builtin = profile_source_name(profile_builtin());

    *source = (struct profile_source){.argument = argument};
    if (is_name(argument) && strcmp(argument, builtin) == 0) {
        source->profile = profile_builtin();
        return true;
    }
    if (is_name(argument))
        return open_configured(source, invocation);
    if (!g_file_test(argument, G_FILE_TEST_IS_DIR))
        return no_profile(NULL, argument);
    source->profile = source->loaded = profile_load(argument, on_fault, user);
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

bool profile_source_sound(struct profile_source *source, const struct invocation *invocation, const char *argument)
{
    return profile_source_open(source, invocation, argument, print_fault, source) && source->profile != NULL;
}

void profile_source_close(struct profile_source *source)
{
    profile_free(source->loaded);
    config_free(source->config);
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
    const struct profile_file *file = profile_files_find(source->profile->files, name);

    *len = file != NULL ? file->len : 0;
    return file != NULL ? file->text : NULL;
}
