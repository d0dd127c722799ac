/*
 * Names of files that the gateway writes (FILES.md, 2). An answer is named after the file that it answers, with the
 * parts of that file's name, without packing, and with the number of the revision. So a sender finds it by the name
 * that he gave.
 */
#include "formats/name/filename_scan.h"

#include "formats/instant.h"

#include <string.h>

/* The word of a form; of a name that has one word only, that one. */
static const char *form_word(const struct name_grammar *grammar, const char *form)
{
    const char *word = name_grammar_form_word(grammar, strcmp(form, form_name(FORM_XML)) == 0 ? FORM_XML : FORM_CSV);

    return word != NULL ? word : grammar->forms[0].word;
}

char *filename_answer(const struct profile *profile, const char *name, const char *answer_type, unsigned revision)
{
    struct filename f;

    g_return_val_if_fail(filename_parse(profile, name, strlen(name), &f, NULL, NULL), NULL);
    const struct names_own *own = names_own(profile->names, NAMES_ANSWER, answer_type, f.type);
    g_return_val_if_fail(own != NULL, NULL);
    g_autofree char *hash = NULL;
    if ((own->grammar.tells & 1U << NAME_HASH) != 0)
        hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, name, -1);
    const struct name_values values = {.org = f.org,
                                       .eui64 = f.eui64,
                                       .date = f.date,
                                       .time = f.time,
                                       .sequence = f.sequence,
                                       .form = form_word(&own->grammar, form_name(f.form)),
                                       .revision = revision,
                                       .hash = hash};
    return name_grammar_print(&own->grammar, &values);
}

char *filename_unknown_answer(const struct profile *profile, const char *name_sha256, unsigned revision)
{
    const struct names_own *own = names_own(profile->names, NAMES_UNKNOWN, "EMA", NULL);

    g_return_val_if_fail(own != NULL, NULL);
    const struct name_values values = {
        .hash = name_sha256, .revision = revision, .form = form_word(&own->grammar, form_name(FORM_CSV))};
    return name_grammar_print(&own->grammar, &values);
}

static char *print_own(const struct name_grammar *grammar, const char *type, const struct filename_own *of)
{
    char date[INSTANT_DATE_SIZE], time[INSTANT_TIME_SIZE];

    instant_print_name(of->at, date, time);
    const struct name_values values = {.type = type,
                                       .org = of->org,
                                       .eui64 = of->eui64,
                                       .date = date,
                                       .time = time,
                                       .sequence = of->sequence,
                                       .form = form_word(grammar, of->form)};
    return name_grammar_print(grammar, &values);
}

char *filename_own(const struct profile *profile, const struct filename_own *of)
{
    const struct file_type *type = profile_type(profile, of->type, strlen(of->type));
    const struct names_own *own = names_own(profile->names, NAMES_TYPE, of->type, NULL);

    if (own != NULL)
        return print_own(&own->grammar, own->word, of);
    const struct names_word *word;
    const struct name_grammar *grammar = type != NULL ? names_of_type(profile->names, type, &word) : NULL;
    g_return_val_if_fail(grammar != NULL, NULL);
    return print_own(grammar, word->word, of);
}

uint32_t filename_own_sequence_max(const struct profile *profile, const char *type)
{
    const struct names_own *own = names_own(profile->names, NAMES_TYPE, type, NULL);

    return own != NULL ? own->grammar.sequence_max : 0;
}

char *filename_report(const struct profile *profile, const struct filename_own *report)
{
    const struct names_own *own = names_own(profile->names, NAMES_REPORT, report->type, NULL);

    g_return_val_if_fail(own != NULL, NULL);
    return print_own(&own->grammar, own->word, report);
}

/* ---- names that the gateway gives ---- */

/* Most names are none of the gateway's, and their first bytes show that. */
static bool may_begin(const struct name_grammar *grammar, const char *name, size_t len)
{
    const struct name_part *first = grammar->parts;
    bool literal = first->kind == NAME_WORD || first->kind == NAME_SEPARATOR;

    return !literal || (len >= first->max && memcmp(name, first->text, first->max) == 0);
}

/* Answers and reports for one recipient do not say whose they are. Reports for everybody and files that answer no other
 * hold the gateway's identity, as far as their names have parts for it. */
static bool is_ours(const struct names_own *own, const struct filename *f, const char *org, uint64_t eui64)
{
    bool report = own->use == NAMES_REPORT;

    if (own->use == NAMES_ANSWER || own->use == NAMES_UNKNOWN ||
        (report && strcmp(own->code, "NMDM") != 0 && !g_str_has_prefix(own->code, "MGMT")))
        return true;
    bool named = (own->grammar.tells & (1U << NAME_ORG | 1U << NAME_MPID)) != 0;
    bool identified = (own->grammar.tells & 1U << NAME_EUI64) != 0;
    return (!named || strcmp(f->org, org) == 0) && (!identified || f->eui64 == eui64);
}

const char *filename_own_code(const struct profile *profile, const char *name, const struct filename_own *gateway,
                              uint32_t *sequence)
{
    const struct names *names = profile->names;
    size_t len = strlen(name);

    if (len > FILENAME_MAX_BYTES)
        return NULL;
    for (size_t i = 0; i < names->n_own; i++) {
        const struct names_own *own = &names->own[i];
        const struct scan_name what = {name, len, names, NULL, &own->grammar};
        struct filename f;
        struct scan s;
        if (!may_begin(&own->grammar, name, len))
            continue;
        scan_run(&s, &what, &f);
        if (s.n_faults != 0 || f.pack != FILENAME_PLAIN || !is_ours(own, &f, gateway->org, gateway->eui64))
            continue;
        if (sequence != NULL)
            *sequence = own->use == NAMES_TYPE ? f.sequence : 0; /* an answer's name has that of the answered file */
        return own->code;
    }
    return NULL;
}

bool filename_is_own(const struct profile *profile, const char *name, const char *org, uint64_t eui64)
{
    return filename_own_code(profile, name, &(struct filename_own){.org = org, .eui64 = eui64}, NULL) != NULL;
}
