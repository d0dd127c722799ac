/*
 * Reading a key file. GKeyFile does most of it, but it forgets lines, lets a later key replace an earlier one, passes
 * over what looks like a translation ("org[de]"), and stops at a NUL. An operator's slip must not be passed over, so
 * the text is scanned before GKeyFile gets it.
 */
#include "gateway/config/config_file.h"

#include "formats/eui64.h"
#include "formats/instant.h"
#include "formats/text.h"

#include <string.h>

enum { SHOWN_VALUE = 100 }; /* bytes */

/* ---- problems ---- */

struct problem {
    int line;
    char *text;
};

void config_problem_free(void *problem)
{
    g_free(((struct problem *)problem)->text);
    g_free(problem);
}

static int by_line(gconstpointer a, gconstpointer b)
{
    const struct problem *x = *(struct problem *const *)a, *y = *(struct problem *const *)b;

    return (x->line > y->line) - (x->line < y->line);
}

char *config_problems_text(const struct config_loading *l, GPtrArray *problems)
{
    GString *text = g_string_new(NULL);

    /* GLib's sort is stable: problems of one line stay in the order in which they were found. */
    g_ptr_array_sort(problems, by_line);
    for (guint i = 0; i < problems->len; i++) {
        const struct problem *problem = problems->pdata[i];
        g_string_append_printf(text, "%s%s:%d: %s", i > 0 ? "\n" : "", l->path, problem->line, problem->text);
    }
    return g_string_free(text, FALSE);
}

/* The key under which the tables keep a setting. */
static char *place_key(const char *group, const char *key)
{
    return g_strconcat(group, "\n", key, NULL);
}

static void add_problem(GPtrArray *problems, int line, const char *text)
{
    struct problem *problem = g_new(struct problem, 1);

    *problem = (struct problem){line, text_escape(text, strlen(text), 0)};
    g_ptr_array_add(problems, problem);
}

void config_problem_at(struct config_loading *l, int line, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    add_problem(l->problems, line, text);
}

void config_fault_at(struct config_loading *l, int line, const char *text)
{
    add_problem(l->faults, line, text);
}

int config_line_of(const struct config_loading *l, const char *group, const char *key)
{
    g_autofree char *place = place_key(group, key);
    gpointer line = g_hash_table_lookup(l->lines, place);
    g_autofree char *head = place_key(group, "");

    return GPOINTER_TO_INT(line ? line : g_hash_table_lookup(l->lines, head));
}

void config_problem(struct config_loading *l, const char *group, const char *key, const char *expected)
{
    g_autofree char *found = g_key_file_get_value(l->file, group, key, NULL);
    int line = config_line_of(l, group, key);

    if (found == NULL || *found == '\0')
        config_problem_at(l, line, "[%s] %s: expected %s", group, key, expected);
    else
        config_problem_at(l, line, "[%s] %s: expected %s; found '%.*s'", group, key, expected, SHOWN_VALUE, found);
}

/* ---- lines and keys ---- */

/* GKeyFile reads the text a second time, after this scan. The scan is stricter: whatever it accepts, GKeyFile reads in
 * the same way. */

/* Remembers the line of a setting, or of a group (key ""). */
static void keep_line(struct config_loading *l, const char *group, const char *key, int line)
{
    char *place = place_key(group, key);

    if (g_hash_table_contains(l->lines, place))
        config_problem_at(l, line, *key ? "[%s] %s stands twice; keep one" : "[%s]%s stands twice; join the two", group,
                          key);
    g_hash_table_insert(l->lines, place, GINT_TO_POINTER(line));
}

static bool is_group_name(const char *name)
{
    for (const char *p = name; *p != '\0'; p++) {
        if (*p == '[' || *p == ']' || g_ascii_iscntrl(*p))
            return false;
    }
    return *name != '\0';
}

/* No brackets: GKeyFile would take "org[de]" for a translation and pass over it. */
static bool is_key_name(const char *name)
{
    return *name != '\0' && strspn(name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_-") == strlen(name);
}

/* Finds the lines of groups and settings, and what stands twice or is neither. */
static void scan_lines(struct config_loading *l, const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_autofree char *group = g_strdup("");

    for (int i = 0; lines[i] != NULL; i++) {
        char *line = g_strstrip(lines[i]);
        char *sign = strchr(line, '=');
        size_t len = strlen(line);

        if (len == 0 || line[0] == '#')
            continue;
        if (line[0] == '[' && line[len - 1] == ']') {
            g_free(group);
            group = g_strndup(line + 1, len - 2);
            if (is_group_name(group))
                keep_line(l, group, "", i + 1);
            else
                config_problem_at(l, i + 1, "[%s]: expected a group's name without brackets and control characters",
                                  group);
        } else if (sign == NULL || sign == line || *group == '\0') {
            config_problem_at(l, i + 1, "expected [group], key=value or # comment");
        } else {
            *sign = '\0';
            if (is_key_name(g_strstrip(line)))
                keep_line(l, group, line, i + 1);
            else
                config_problem_at(l, i + 1, "[%s] %s: expected a setting's name of letters, digits, '_' and '-'", group,
                                  line);
        }
    }
}

/* GKeyFile would stop at a NUL without an error. */
static void check_text(struct config_loading *l, const char *text, size_t len)
{
    size_t valid = text_valid_prefix(text, len);
    int line = 1;

    for (size_t i = 0; i < valid; i++)
        line += text[i] == '\n';
    if (valid < len)
        config_problem_at(l, line, "expected UTF-8 text without NUL");
}

bool config_read_keys(struct config_loading *l, const char *text, size_t len, GError **error)
{
    check_text(l, text, len);
    if (l->problems->len == 0)
        scan_lines(l, text);
    return l->problems->len > 0 || g_key_file_load_from_data(l->file, text, len, G_KEY_FILE_NONE, error);
}

void config_check_keys(struct config_loading *l)
{
    g_auto(GStrv) groups = g_key_file_get_groups(l->file, NULL);

    for (size_t g = 0; groups[g] != NULL; g++) {
        g_auto(GStrv) keys = g_key_file_get_keys(l->file, groups[g], NULL, NULL);
        for (size_t k = 0; keys != NULL && keys[k] != NULL; k++) {
            g_autofree char *place = place_key(groups[g], keys[k]);
            if (!g_hash_table_contains(l->known, place))
                config_problem_at(l, config_line_of(l, groups[g], keys[k]),
                                  "[%s] %s: there is no such setting; see ecosgate.conf(5)", groups[g], keys[k]);
        }
    }
}

/* ---- values ---- */

char *config_text_value(struct config_loading *l, const char *group, const char *key, const char *fallback)
{
    g_autoptr(GError) error = NULL;
    char *value = g_key_file_get_string(l->file, group, key, &error);

    g_hash_table_add(l->known, place_key(group, key));
    /* With a wrong escape GKeyFile returns both an error and a value. */
    if (g_error_matches(error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_INVALID_VALUE))
        config_problem(l, group, key, "a value in which s, n, t, r or another backslash follows each backslash");
    if (value != NULL && *g_strstrip(value) != '\0')
        return value;
    g_free(value);
    if (fallback == NULL)
        config_problem(l, group, key, "a value; it is missing");
    return g_strdup(fallback ? fallback : "");
}

char *config_path_value(struct config_loading *l, const char *group, const char *key, const char *fallback)
{
    g_autofree char *value = config_text_value(l, group, key, fallback);

    return g_canonicalize_filename(value, l->dir);
}

int64_t config_number_value(struct config_loading *l, const char *group, const char *key, struct config_range range)
{
    g_autofree char *value = config_text_value(l, group, key, "");
    gint64 number;

    if (*value == '\0')
        return range.fallback;
    if (g_ascii_string_to_signed(value, 10, range.min, range.max, &number, NULL))
        return number;
    g_autofree char *expected =
        g_strdup_printf("a whole number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, range.min, range.max);
    config_problem(l, group, key, expected);
    return range.fallback;
}

size_t config_choice_value(struct config_loading *l, const char *group, const char *key, const char *const *choices)
{
    g_autofree char *value = config_text_value(l, group, key, choices[0]);

    for (size_t i = 0; choices[i] != NULL; i++) {
        if (strcmp(value, choices[i]) == 0)
            return i;
    }
    g_autofree char *list = g_strjoinv(", ", (char **)choices);
    g_autofree char *expected = g_strdup_printf("one of %s", list);
    config_problem(l, group, key, expected);
    return 0;
}

char **config_list_value(struct config_loading *l, const char *group, const char *key, const char *fallback)
{
    g_autofree char *value = config_text_value(l, group, key, fallback);
    char **list = g_strsplit(value, ";", -1);
    size_t kept = 0;

    for (size_t i = 0; list[i] != NULL; i++) {
        if (*g_strstrip(list[i]) != '\0')
            list[kept++] = list[i];
        else
            g_free(list[i]);
    }
    list[kept] = NULL;
    return list;
}

uint64_t config_eui64_value(struct config_loading *l, const char *group)
{
    g_autofree char *value = config_text_value(l, group, "eui64", NULL);
    uint64_t id = 0;

    if (*value != '\0' && !eui64_parse(value, strlen(value), &id))
        config_problem(l, group, "eui64", "an EUI-64 of eight hex pairs joined by '-'");
    return id;
}

int64_t config_instant_value(struct config_loading *l, const char *group, const char *key)
{
    g_autofree char *value = config_text_value(l, group, key, "");
    int64_t at = 0;

    if (*value != '\0' && !instant_parse(value, strlen(value), &at))
        config_problem(l, group, key, "a time such as 2023-07-03T06:00:00Z");
    return at;
}

void config_refuse_key(struct config_loading *l, const char *group, const char *key, const char *expected)
{
    g_hash_table_add(l->known, place_key(group, key));
    if (g_key_file_has_key(l->file, group, key, NULL))
        config_problem(l, group, key, expected);
}
