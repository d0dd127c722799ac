/* One line of two words: the time and the number of faults. */
#include "gateway/condition/verified.h"

#include "formats/instant.h"
#include "spool/disk.h"

#include <string.h>

#define VERIFIED_FILE "verified"

bool verified_write(const char *spool, const struct verified *verified, GError **error)
{
    g_autofree char *path = g_build_filename(spool, VERIFIED_FILE, NULL);
    char at[INSTANT_TEXT_SIZE];

    instant_print(verified->at, at);
    g_autofree char *text = g_strdup_printf("%s %" G_GINT64_FORMAT "\n", at, verified->faults);
    g_autoptr(disk_file_t) file = disk_file_create(path, 0, error);
    return file != NULL && disk_file_write(file, text, strlen(text), error) &&
           disk_file_place(STEP_VERIFIED_PLACED, file, error);
}

void verified_read(const char *spool, struct verified *verified)
{
    g_autofree char *path = g_build_filename(spool, VERIFIED_FILE, NULL);
    g_autofree char *text = NULL;
    gint64 at = 0, faults = 0;

    *verified = (struct verified){0};
    if (!g_file_get_contents(path, &text, NULL, NULL))
        return;
    g_auto(GStrv) words = g_strsplit(g_strchomp(text), " ", -1);
    if (g_strv_length(words) == 2 && instant_parse(words[0], strlen(words[0]), &at) &&
        g_ascii_string_to_signed(words[1], 10, 0, G_MAXINT64, &faults, NULL))
        *verified = (struct verified){at, faults};
}
