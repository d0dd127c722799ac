/* A key file with one group, so that people can read it, too. */
#include "gateway/condition/heartbeat.h"

#include "formats/instant.h"
#include "spool/disk.h"

#include <string.h>

#define GROUP "heartbeat"

static void set_instant(GKeyFile *file, const char *key, int64_t at)
{
    char text[INSTANT_TEXT_SIZE];

    instant_print(at, text);
    g_key_file_set_string(file, GROUP, key, text);
}

/* 0: there is none. */
static int64_t get_instant(GKeyFile *file, const char *key)
{
    g_autofree char *text = g_key_file_get_string(file, GROUP, key, NULL);
    int64_t at = 0;

    return text != NULL && instant_parse(text, strlen(text), &at) ? at : 0;
}

const double heartbeat_bounds[HEARTBEAT_BOUNDS] = {0.01, 0.1, 0.5, 1, 5, 15, 60, 300};

void heartbeat_count(struct heartbeat_passes *passes, int64_t microseconds)
{
    size_t at = 0;

    while (at < HEARTBEAT_BOUNDS && (double)microseconds > heartbeat_bounds[at] * G_USEC_PER_SEC)
        at++;
    passes->within[at]++;
    passes->microseconds += microseconds;
}

/* The numbers as a list, the time last. */
static void set_passes(GKeyFile *file, const struct heartbeat_passes *passes)
{
    GString *text = g_string_new(NULL);

    for (size_t i = 0; i < G_N_ELEMENTS(passes->within); i++)
        g_string_append_printf(text, "%" G_GINT64_FORMAT ";", passes->within[i]);
    g_string_append_printf(text, "%" G_GINT64_FORMAT, passes->microseconds);
    g_key_file_set_value(file, GROUP, "passes", text->str);
    g_string_free(text, TRUE);
}

/* All 0 if the list is not of this form. */
static void get_passes(GKeyFile *file, struct heartbeat_passes *passes)
{
    const size_t n = G_N_ELEMENTS(passes->within);
    g_auto(GStrv) list = g_key_file_get_string_list(file, GROUP, "passes", NULL, NULL);
    gint64 number;

    if (list == NULL || g_strv_length(list) != n + 1)
        return;
    for (size_t i = 0; i <= n; i++) {
        number = 0;
        (void)g_ascii_string_to_signed(list[i], 10, 0, G_MAXINT64, &number, NULL);
        *(i < n ? &passes->within[i] : &passes->microseconds) = number;
    }
}

/* The keys of files that cannot be written: why, and since when. */
static const char *const causes[HEARTBEAT_FILES] = {[HEARTBEAT_PAGE] = "page", [HEARTBEAT_METRICS] = "metrics"};
static const char *const times[HEARTBEAT_FILES] = {
    [HEARTBEAT_PAGE] = "page_failed", [HEARTBEAT_METRICS] = "metrics_failed"};

static void set_file(GKeyFile *content, size_t which, const struct heartbeat_file *file)
{
    if (file->cause == NULL)
        return;
    g_key_file_set_string(content, GROUP, causes[which], file->cause);
    set_instant(content, times[which], file->since);
}

static void get_file(GKeyFile *content, size_t which, struct heartbeat_file *file)
{
    file->cause = g_key_file_get_string(content, GROUP, causes[which], NULL);
    file->since = get_instant(content, times[which]);
}

bool heartbeat_write(const char *spool, const struct heartbeat *heartbeat, GError **error)
{
    g_autofree char *path = g_build_filename(spool, HEARTBEAT_FILE, NULL);
    g_autoptr(GKeyFile) content = g_key_file_new();
    gsize len;

    set_instant(content, "pass", heartbeat->at);
    set_instant(content, "begun", heartbeat->begun);
    g_key_file_set_boolean(content, GROUP, "once", heartbeat->once);
    if (heartbeat->building != 0)
        set_instant(content, "reports_building", heartbeat->building);
    if (heartbeat->cause != NULL)
        g_key_file_set_string(content, GROUP, "cause", heartbeat->cause);
    for (size_t f = 0; f < HEARTBEAT_FILES; f++)
        set_file(content, f, &heartbeat->files[f]);
    set_passes(content, &heartbeat->passes);
    g_autofree char *text = g_key_file_to_data(content, &len, NULL);
    g_autoptr(disk_file_t) file = disk_file_create(path, 0, error);
    return file != NULL && disk_file_write(file, text, len, error) &&
           disk_file_place(STEP_HEARTBEAT_PLACED, file, error);
}

void heartbeat_read(const char *spool, struct heartbeat *heartbeat)
{
    g_autofree char *path = g_build_filename(spool, HEARTBEAT_FILE, NULL);
    g_autoptr(GKeyFile) file = g_key_file_new();

    *heartbeat = (struct heartbeat){0};
    if (!g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, NULL))
        return;
    heartbeat->at = get_instant(file, "pass");
    heartbeat->begun = get_instant(file, "begun");
    heartbeat->once = g_key_file_get_boolean(file, GROUP, "once", NULL);
    heartbeat->building = get_instant(file, "reports_building");
    heartbeat->cause = g_key_file_get_string(file, GROUP, "cause", NULL);
    for (size_t f = 0; f < HEARTBEAT_FILES; f++)
        get_file(file, f, &heartbeat->files[f]);
    get_passes(file, &heartbeat->passes);
}

void heartbeat_clear(struct heartbeat *heartbeat)
{
    g_clear_pointer(&heartbeat->cause, g_free);
    for (size_t f = 0; f < HEARTBEAT_FILES; f++)
        g_clear_pointer(&heartbeat->files[f].cause, g_free);
}
