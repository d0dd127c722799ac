/*
 * Names of files that the gateway writes (FILES.md, 2). An answer is named after the file that it answers, with another
 * type, without packing, and with the number of the revision. So a sender finds it by the name that he gave. The
 * answered type stands before the revision, or an INV and a PTY of one second and number could not be told apart. Only
 * an EMI is not named: its answers had their names first.
 */
#include "formats/filename.h"

#include "formats/eui64.h"
#include "formats/instant.h"
#include "formats/profile.h"
#include "formats/report_layout.h"

#include <glib.h>
#include <string.h>

/* The answers to this type do not name it. */
#define UNNAMED_TYPE "EMI"

char *filename_answer(const char *name, const char *answer_type, unsigned revision)
{
    struct filename f;

    g_return_val_if_fail(filename_parse(name, strlen(name), &f, NULL, NULL), NULL);

    const char *form = form_name(f.form), *type = f.type->code;
    const char *rest = name + strlen(type);
    size_t rest_len = f.stem_len - strlen(type) - 1 - strlen(form);
    bool named = strcmp(type, UNNAMED_TYPE) != 0;
    return g_strdup_printf("%s%.*s%s%s_R%u.%s", answer_type, (int)rest_len, rest, named ? "_" : "", named ? type : "",
                           revision, form);
}

char *filename_unknown_answer(const char *name_sha256, unsigned revision)
{
    return g_strdup_printf("EMA_UNKNOWN_%.16s_R%u.csv", name_sha256, revision);
}

/* Reads a name that is in the grammar for inbound names but for its type: `rest` begins with the '_' after the type.
 */
static bool parse_rest(const char *rest, struct filename *f)
{
    g_autofree char *inbound = g_strconcat("EMI", rest, NULL);

    return filename_parse(inbound, strlen(inbound), f, NULL, NULL) && f->pack == FILENAME_PLAIN;
}

/* Where the name of the answered file ends: before its type, which stands before the revision. A name without the type
 * is an answer too, as earlier releases wrote it. */
static size_t answered_len(const char *rest, const char *revision)
{
    size_t len = (size_t)(revision - rest);

    for (size_t i = 0; i < profile_builtin()->n_types; i++) {
        const struct file_type *type = &profile_builtin()->types[i];
        g_autofree char *named = g_strconcat("_", type->code, NULL);
        size_t size = strlen(named);
        if (type->inbound && strcmp(type->code, UNNAMED_TYPE) != 0 && len > size &&
            strncmp(revision - size, named, size) == 0)
            return len - size;
    }
    return len;
}

/* "_MCC_…_000001_R1.xml", "_DCC_…_000001_INV_R1.csv" or "_UNKNOWN_0123456789abcdef_R1.csv", after the type of an
 * answer. */
static bool is_answer_rest(const char *rest)
{
    const char *revision = g_strrstr(rest, "_R");
    size_t digits = revision == NULL ? 0 : strspn(revision + 2, G_CSET_DIGITS);
    struct filename f;

    if (digits == 0)
        return false;
    g_autofree char *answered =
        g_strdup_printf("%.*s%s", (int)answered_len(rest, revision), rest, revision + 2 + digits);
    const char *hash = g_str_has_prefix(answered, "_UNKNOWN_") ? answered + strlen("_UNKNOWN_") : NULL;
    if (hash != NULL && strspn(hash, G_CSET_DIGITS "abcdef") == 16 && strcmp(hash + 16, ".csv") == 0)
        return true;
    return parse_rest(answered, &f);
}

/* "_<org>_<eui64>_<date>_<time>.csv", after the code of a report: as of a file, but without a sequence. */
static bool is_report_rest(const char *rest, struct filename *f)
{
    const char *dot = strrchr(rest, '.');

    if (dot == NULL || (strcmp(dot, ".csv") != 0 && strcmp(dot, ".html") != 0))
        return false;
    g_autofree char *numbered = g_strdup_printf("%.*s_000001.csv", (int)(dot - rest), rest);
    return parse_rest(numbered, f);
}

bool filename_is_own(const char *name, const char *org, uint64_t eui64)
{
    const char *rest = strchr(name, '_');
    g_autofree char *type = rest != NULL ? g_strndup(name, (size_t)(rest - name)) : NULL;
    bool ours, report;
    struct filename f;

    if (rest == NULL)
        return false;
    if (strcmp(type, "EMA") == 0 || strcmp(type, "EMD") == 0 || strcmp(type, "EMO") == 0)
        return is_answer_rest(rest);
    report = profile_report(profile_builtin(), type) != NULL;
    if (report ? !is_report_rest(rest, &f) : !parse_rest(rest, &f))
        return false;
    ours = strcmp(f.org, org) == 0 && f.eui64 == eui64;
    if (report) /* those for everybody are named after the gateway, the others after their recipient */
        return ours || (strcmp(type, "NMDM") != 0 && strcmp(type, "MGMT") != 0);
    return ours && (strcmp(type, "EMW") == 0 || strcmp(type, "INC") == 0);
}

char *filename_own(const struct filename_own *own)
{
    char id[EUI64_TEXT_SIZE], date[INSTANT_DATE_SIZE], time[INSTANT_TIME_SIZE];

    eui64_print(own->eui64, id);
    instant_print_name(own->at, date, time);
    return g_strdup_printf("%s_%s_%s_%s_%s_%06" G_GUINT32_FORMAT ".%s", own->type, own->org, id, date, time,
                           own->sequence, own->form);
}
