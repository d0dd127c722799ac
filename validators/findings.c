/*
 * Findings up to the cap stand in an array, their texts in one chunk of strings. The first error and the first warning
 * of each category are kept beside the array: the first error decides the verdict, also when it comes after the cap.
 */
#include "validators/findings.h"

#include "formats/text.h"

#include <glib.h>

struct findings {
    size_t max_kept;
    GArray *kept;          /* struct finding */
    GStringChunk *strings; /* the texts of kept and first_of */
    uint64_t counts[CODE_COUNT];
    uint64_t total;
    uint64_t errors[2];            /* of category b, c */
    struct finding first_of[2][2]; /* [b, c][error, warning] */
    bool has_first[2][2];
};

struct findings *findings_new(size_t max_kept)
{
    struct findings *findings = g_new0(struct findings, 1);

    findings->max_kept = max_kept;
    findings->kept = g_array_new(FALSE, FALSE, sizeof(struct finding));
    findings->strings = g_string_chunk_new(4096);
    return findings;
}

void findings_free(struct findings *findings)
{
    if (findings == NULL)
        return;
    g_array_free(findings->kept, TRUE);
    g_string_chunk_free(findings->strings);
    g_free(findings);
}

/* A copy whose texts belong to findings. Field names and texts repeat, so that equal ones are stored once. */
static struct finding copy_of(struct findings *findings, const struct finding *finding, const char *value,
                              size_t value_len)
{
    struct finding copy = *finding;

    copy.field = finding->field ? g_string_chunk_insert_const(findings->strings, finding->field) : NULL;
    copy.text = g_string_chunk_insert_const(findings->strings, finding->text);
    copy.value = NULL;
    if (value != NULL) {
        g_autofree char *shown = text_escape(value, value_len, FINDINGS_VALUE_CHARS);
        copy.value = g_string_chunk_insert_const(findings->strings, shown);
    }
    return copy;
}

void findings_add(struct findings *findings, const struct finding *finding, const char *value, size_t value_len)
{
    size_t category = catalogue_category(finding->code) == 'c';
    bool is_first = !findings->has_first[category][finding->warning];

    findings->counts[finding->code]++;
    findings->total++;
    if (!finding->warning)
        findings->errors[category]++;
    if (findings->kept->len >= findings->max_kept && !is_first)
        return;

    struct finding copy = copy_of(findings, finding, value, value_len);
    if (is_first) {
        findings->first_of[category][finding->warning] = copy;
        findings->has_first[category][finding->warning] = true;
    }
    if (findings->kept->len < findings->max_kept)
        g_array_append_val(findings->kept, copy);
}

size_t findings_kept(const struct findings *findings)
{
    return findings->kept->len;
}

const struct finding *findings_at(const struct findings *findings, size_t i)
{
    return &g_array_index(findings->kept, struct finding, i);
}

uint64_t findings_count(const struct findings *findings, enum code code)
{
    return findings->counts[code];
}

uint64_t findings_total(const struct findings *findings)
{
    return findings->total;
}

bool findings_truncated(const struct findings *findings)
{
    return findings->total > findings->kept->len;
}

bool findings_has_errors(const struct findings *findings, char category)
{
    return findings->errors[category == 'c'] > 0;
}

const struct finding *findings_first(const struct findings *findings, char category, bool warning)
{
    size_t c = category == 'c';

    return findings->has_first[c][warning] ? &findings->first_of[c][warning] : NULL;
}
