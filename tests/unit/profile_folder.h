/*
 * A copy of the built-in profile in a folder of its own, which a test changes and loads. Include it after cmocka.
 */
#ifndef ECOSGATE_TESTS_UNIT_PROFILE_FOLDER_H
#define ECOSGATE_TESTS_UNIT_PROFILE_FOLDER_H

#include "formats/profile.h"

#include <glib.h>
#include <glib/gstdio.h>

static const char *const folder_parts[] = {".", "records", "reports"};

static void folder_copy_part(const char *folder, const char *part)
{
    const char *source = g_getenv("top_srcdir");
    g_autofree char *from =
        g_build_filename(source != NULL ? source : ".", "formats", "profiles", "proposal-1.0", part, NULL);
    g_autofree char *to = g_build_filename(folder, part, NULL);
    GDir *dir = g_dir_open(from, 0, NULL);
    const char *name;

    assert_non_null(dir);
    g_mkdir(to, 0700);
    while ((name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *old = g_build_filename(from, name, NULL), *new = g_build_filename(to, name, NULL),
                        *text = NULL;
        gsize len;
        if (g_file_get_contents(old, &text, &len, NULL))
            assert_true(g_file_set_contents(new, text, (gssize)len, NULL));
    }
    g_dir_close(dir);
}

/* The folder's path. folder_remove. */
static inline char *folder_copy(void)
{
    char *folder = g_dir_make_tmp("ecosgate-profile.XXXXXX", NULL);

    assert_non_null(folder);
    for (size_t i = 0; i < G_N_ELEMENTS(folder_parts); i++)
        folder_copy_part(folder, folder_parts[i]);
    return folder;
}

static inline void folder_remove(char *folder)
{
    for (size_t i = G_N_ELEMENTS(folder_parts); i-- > 0;) {
        g_autofree char *path = g_build_filename(folder, folder_parts[i], NULL);
        GDir *dir = g_dir_open(path, 0, NULL);
        const char *name;
        while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
            g_autofree char *file = g_build_filename(path, name, NULL);
            if (g_unlink(file) != 0)
                g_rmdir(file);
        }
        if (dir != NULL)
            g_dir_close(dir);
    }
    for (size_t i = 1; i < G_N_ELEMENTS(folder_parts); i++) {
        g_autofree char *path = g_build_filename(folder, folder_parts[i], NULL);
        g_rmdir(path);
    }
    g_rmdir(folder);
    g_free(folder);
}

/* Writes a file; text NULL: removes it. */
static inline void folder_write(const char *folder, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);

    if (text == NULL)
        assert_int_equal(g_unlink(path), 0);
    else
        assert_true(g_file_set_contents(path, text, -1, NULL));
}

/* Replaces the first place of a text in a file, which must have it. */
static inline void folder_change(const char *folder, const char *name, const char *old, const char *new)
{
    g_autofree char *path = g_build_filename(folder, name, NULL), *text = NULL;

    assert_true(g_file_get_contents(path, &text, NULL, NULL));
    char *at = strstr(text, old);
    if (at == NULL)
        fail_msg("%s does not have %s", name, old);
    *at = '\0';
    g_autofree char *changed = g_strconcat(text, new, at + strlen(old), NULL);
    assert_true(g_file_set_contents(path, changed, -1, NULL));
}

static inline void folder_hear_fault(void *user, const struct profile_fault *fault)
{
    g_string_append_printf(user, "%s:%u: %s\n", fault->file, fault->line, fault->text);
}

/* The faults of a folder, one a line: "records/EMI-D.json:12: …". The profile that it has is freed. g_free. */
static inline char *folder_faults(const char *folder)
{
    GString *faults = g_string_new(NULL);
    struct profile *profile = profile_load(folder, folder_hear_fault, faults);

    assert_true((profile == NULL) == (faults->len > 0));
    profile_free(profile);
    return g_string_free(faults, FALSE);
}

#endif
