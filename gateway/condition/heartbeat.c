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

bool heartbeat_write(const char *spool, const struct heartbeat *heartbeat, GError **error)
{
    g_autofree char *path = g_build_filename(spool, HEARTBEAT_FILE, NULL);
    g_autoptr(GKeyFile) content = g_key_file_new();
    gsize len;

    set_instant(content, "pass", heartbeat->at);
    set_instant(content, "begun", heartbeat->begun);
    g_key_file_set_boolean(content, GROUP, "once", heartbeat->once);
    if (heartbeat->cause != NULL)
        g_key_file_set_string(content, GROUP, "cause", heartbeat->cause);
    if (heartbeat->page != NULL) {
        g_key_file_set_string(content, GROUP, "page", heartbeat->page);
        set_instant(content, "page_failed", heartbeat->page_failed);
    }
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
    heartbeat->cause = g_key_file_get_string(file, GROUP, "cause", NULL);
    heartbeat->page = g_key_file_get_string(file, GROUP, "page", NULL);
    heartbeat->page_failed = get_instant(file, "page_failed");
}

void heartbeat_clear(struct heartbeat *heartbeat)
{
    g_clear_pointer(&heartbeat->cause, g_free);
    g_clear_pointer(&heartbeat->page, g_free);
}
