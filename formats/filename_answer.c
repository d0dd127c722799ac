/*
 * Names of files that the gateway writes (FILES.md, 2). An answer is named after the file that it answers, with another
 * type, without packing, and with the number of the revision. So a sender finds it by the name that he gave.
 */
#include "formats/filename.h"

#include "formats/eui64.h"
#include "formats/instant.h"

#include <glib.h>
#include <string.h>

char *filename_answer(const char *name, const char *answer_type, unsigned revision)
{
    struct filename f;

    g_return_val_if_fail(filename_parse(name, strlen(name), &f, NULL, NULL), NULL);

    const char *form = form_name(f.form);
    const char *rest = name + strlen(f.type->code);
    size_t rest_len = f.stem_len - strlen(f.type->code) - 1 - strlen(form);
    return g_strdup_printf("%s%.*s_R%u.%s", answer_type, (int)rest_len, rest, revision, form);
}

char *filename_unknown_answer(const char *name_sha256, unsigned revision)
{
    return g_strdup_printf("EMA_UNKNOWN_%.16s_R%u.csv", name_sha256, revision);
}

char *filename_own(const struct filename_own *own)
{
    char id[EUI64_TEXT_SIZE], date[INSTANT_DATE_SIZE], time[INSTANT_TIME_SIZE];

    eui64_print(own->eui64, id);
    instant_print_name(own->at, date, time);
    return g_strdup_printf("%s_%s_%s_%s_%s_%06" G_GUINT32_FORMAT ".%s", own->type, own->org, id, date, time,
                           own->sequence, own->form);
}
