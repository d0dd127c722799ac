/*
 * Settings are compared as they are written, and profiles by their digest: struct config has no list of its members.
 * Whose the home is and where it stands is fixed by what was opened: its ledger, its lock and its witness.
 */
#include "gateway/config/config_changes.h"

#include "formats/eui64.h"
#include "formats/text.h"
#include "gateway/config/config_file.h"
#include "gateway/config/config_rights.h"

#include <string.h>

enum { MOST_NAMED = 20 };

/* ---- what cannot change ---- */

/* A setting that the running gateway cannot change, in the words of both configurations. */
struct fixed {
    const char *key;
    const char *old, *changed;
    const char *advice;
};

static void check_fixed(const struct config *changed, const struct fixed *fixed, GString *problems)
{
    const struct config_loading place = {.lines = changed->lines};

    if (strcmp(fixed->old, fixed->changed) == 0)
        return;
    g_autofree char *old = text_escape(fixed->old, strlen(fixed->old), 0);
    g_autofree char *found = text_escape(fixed->changed, strlen(fixed->changed), 0);
    g_string_append_printf(problems,
                           "%s%s:%d: [gateway] %s cannot change while the gateway runs: expected '%s'; found '%s'; "
                           "%s",
                           problems->len > 0 ? "\n" : "", changed->path, config_line_of(&place, "gateway", fixed->key),
                           fixed->key, old, found, fixed->advice);
}

static void check_all_fixed(const struct config *old, const struct config *changed, GString *problems)
{
    static const char restart[] = "set it back, or stop the gateway and start it again";
    static const char move[] = "set it back, or stop the gateway, move the file or folder there, and start it again";
    char old_id[EUI64_TEXT_SIZE], changed_id[EUI64_TEXT_SIZE];

    eui64_print(old->eui64, old_id);
    eui64_print(changed->eui64, changed_id);
    const struct fixed all[] = {
        {"org", old->org, changed->org, restart},
        {"eui64", old_id, changed_id, restart},
        {"environment", old->environment, changed->environment, restart},
        {"spool", old->spool, changed->spool, move},
        {"ledger", old->ledger, changed->ledger, move},
        {"witness", old->witness, changed->witness, move},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(all); i++)
        check_fixed(changed, &all[i], problems);
}

/* Faults that the gateway has already stop nobody else. */
static void check_profiles(const struct config *old, const struct config *changed, GString *problems)
{
    if (changed->profile_faults != NULL && g_strcmp0(old->profile_faults, changed->profile_faults) != 0)
        g_string_append_printf(problems, "%s%s", problems->len > 0 ? "\n" : "", changed->profile_faults);
}

struct config *config_replacement(const char *path, const struct config *old, GError **error)
{
    g_autoptr(config_t) changed = config_load_for(path, old->path, error);
    g_autoptr(GString) problems = g_string_new(NULL);
    g_autoptr(GError) folders = NULL;

    if (changed == NULL)
        return NULL;
    check_all_fixed(old, changed, problems);
    check_profiles(old, changed, problems);
    g_autofree char *rights = config_rights_problems(changed, old->path);
    if (rights != NULL)
        g_string_append_printf(problems, "%s%s", problems->len > 0 ? "\n" : "", rights);
    if (!config_check_folders(changed, &folders))
        g_string_append_printf(problems, "%s%s", problems->len > 0 ? "\n" : "", folders->message);
    if (problems->len == 0)
        return g_steal_pointer(&changed);
    g_set_error_literal(error, CONFIG_ERROR, 0, problems->str);
    return NULL;
}

/* ---- what changes ---- */

G_GNUC_PRINTF(2, 3)
static void add(GPtrArray *names, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *name = g_strdup_vprintf(format, args);
    va_end(args);
    g_ptr_array_add(names, text_escape(name, strlen(name), 0));
}

static bool differs(const struct config *a, const struct config *b, const char *group, const char *key)
{
    g_autofree char *one = g_key_file_get_value(a->file, group, key, NULL);
    g_autofree char *other = g_key_file_get_value(b->file, group, key, NULL);

    return g_strcmp0(one, other) != 0;
}

/* Settings of `of` in that group that differ in `other`; only those that `other` does not have, if `missing`. */
static void add_settings(GPtrArray *names, const struct config *of, const struct config *other, const char *group,
                         bool missing)
{
    g_auto(GStrv) keys = g_key_file_get_keys(of->file, group, NULL, NULL);

    for (char **key = keys; key != NULL && *key != NULL; key++) {
        if ((!missing || !g_key_file_has_key(other->file, group, *key, NULL)) && differs(of, other, group, *key))
            add(names, "[%s] %s", group, *key);
    }
}

static void add_profiles(GPtrArray *names, const struct config *old, const struct config *changed)
{
    g_autoptr(GList) paths = g_list_sort(g_hash_table_get_keys(changed->profile_folders), (GCompareFunc)strcmp);

    for (const GList *at = paths; at != NULL; at = at->next) {
        const struct profile *now = g_hash_table_lookup(changed->profile_folders, at->data);
        const struct profile *was = g_hash_table_lookup(old->profile_folders, at->data);
        if (g_hash_table_contains(old->profile_folders, at->data) &&
            g_strcmp0(now != NULL ? now->digest : NULL, was != NULL ? was->digest : NULL) != 0)
            add(names, "profile %s", (const char *)at->data);
    }
}

char *config_changes(const struct config *old, const struct config *changed)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_auto(GStrv) groups = g_key_file_get_groups(changed->file, NULL);
    g_auto(GStrv) gone = g_key_file_get_groups(old->file, NULL);

    for (size_t i = 0; groups[i] != NULL; i++) {
        if (!g_key_file_has_group(old->file, groups[i])) {
            add(names, "[%s] (new)", groups[i]);
            continue;
        }
        add_settings(names, changed, old, groups[i], false);
        add_settings(names, old, changed, groups[i], true);
    }
    for (size_t i = 0; gone[i] != NULL; i++) {
        if (!g_key_file_has_group(changed->file, gone[i]))
            add(names, "[%s] (gone)", gone[i]);
    }
    add_profiles(names, old, changed);
    if (names->len == 0)
        return NULL;
    if (names->len > MOST_NAMED) {
        guint more = names->len - MOST_NAMED;
        g_ptr_array_set_size(names, MOST_NAMED);
        add(names, "and %u more", more);
    }
    g_ptr_array_add(names, NULL);
    return g_strjoinv(", ", (char **)names->pdata);
}
