/*
 * Reads a name by each grammar of the profile until one fits. If none does, the faults are those of the grammar that
 * explains most of the name: the sender meant that one most likely. tests/unit/test_filename.c compares the verdict
 * with regular expressions on 200,000 mutated names of each of two profiles.
 *
 * A byte that no name may hold gives one fault of the segment "name", which replaces the fault of the segment or
 * separator that holds it.
 */
#include "formats/name/filename_scan.h"

#include <string.h>

/* Bytes from 0x80 on are below ' ' or above '~', whichever way char is signed. */
static bool is_bad_byte(char c)
{
    return c < ' ' || c > '~' || c == '/' || c == '\\';
}

/* Offset of the first byte that no name may hold, or len. */
static size_t bad_byte(const struct scan *s)
{
    size_t at = 0;

    while (at < s->len && !is_bad_byte(s->name[at]))
        at++;
    return at;
}

/* Removes the fault of the segment or separator that holds the byte: the byte's own fault explains it. */
static void drop_faults_at(struct scan *s, size_t at)
{
    size_t kept = 0;

    for (size_t i = 0; i < s->n_faults; i++) {
        size_t start = s->faults[i].fault.position;
        if (at < start || at >= start + s->faults[i].fault.found_len)
            s->faults[kept++] = s->faults[i];
    }
    s->n_faults = kept;
}

/* Offset after the byte, or after the whole character where the name is UTF-8. */
static size_t character_end(const struct scan *s, size_t at)
{
    at++;
    while (at < s->len && g_utf8_validate_len(s->name, s->len, NULL) && ((unsigned char)s->name[at] & 0xC0) == 0x80)
        at++;
    return at;
}

/* Adds the faults of the name as a whole. */
static void judge_name(struct scan *s)
{
    size_t at = bad_byte(s);

    if (at < s->len) {
        drop_faults_at(s, at);
        scan_add_fault(s, FILENAME_BAD_GRAMMAR, (struct span){"name", at, character_end(s, at)},
                       "ASCII letters, digits, \"_\", \"-\" and \".\" only");
    }
    if (s->len > FILENAME_MAX_BYTES)
        scan_add_fault(s, FILENAME_BAD_GRAMMAR, (struct span){"name", FILENAME_MAX_BYTES, s->len}, "at most %d bytes",
                       FILENAME_MAX_BYTES);
}

/* Orders by place. The sort is stable, so that what was found first at a place stays first. */
static int compare_faults(const void *a, const void *b, void *unused)
{
    const struct filename_fault *x = *(const struct filename_fault *const *)a;
    const struct filename_fault *y = *(const struct filename_fault *const *)b;

    (void)unused; /* GLib's signature */
    return (x->position > y->position) - (x->position < y->position);
}

static void give_faults(struct scan *s, filename_fault_fn *on_fault, void *user)
{
    bool utf8 = g_utf8_validate_len(s->name, s->len, NULL);
    const struct filename_fault *order[SCAN_MAX_FAULTS];

    for (size_t i = 0; i < s->n_faults; i++) {
        s->faults[i].fault.expected = s->faults[i].expected;
        order[i] = &s->faults[i].fault;
    }
    g_qsort_with_data(order, (int)s->n_faults, sizeof *order, compare_faults, NULL);
    for (size_t i = 0; i < s->n_faults; i++) {
        struct filename_fault fault = *order[i];
        size_t before = fault.position;
        fault.position = 1 + (utf8 ? (size_t)g_utf8_strlen(s->name, (gssize)before) : before);
        on_fault(user, &fault);
    }
}

/* True: this reading explains the name better. */
static bool is_better(const struct scan *s, const struct filename *out, const struct scan *best)
{
    if (s->n_faults == 0)
        return true;
    size_t with = s->n_good + best->n_faults, without = best->n_good + s->n_faults;
    if (with != without)
        return with > without;
    if (s->distance != best->distance)
        return s->distance < best->distance;
    return out->type != NULL && best->out->type == NULL;
}

/* Reads by the other grammars, too. */
static void try_others(const struct names *names, struct scan *best, struct filename *out)
{
    for (size_t i = 1; i < names->n_inbound && best->n_faults > 0; i++) {
        const struct names_inbound *inbound = &names->inbound[i];
        const struct scan_name what = {best->name, best->len, names, inbound, &inbound->grammar};
        struct filename other;
        struct scan s;
        scan_run(&s, &what, &other);
        judge_name(&s);
        if (!is_better(&s, &other, best))
            continue;
        *out = other;
        *best = s;
        best->out = out;
    }
}

/* True: nothing of the name is what the grammar asks for, but perhaps the form. */
static bool explains_nothing(const struct scan *s)
{
    bool calendar = s->date.segment != NULL || s->time.segment != NULL;
    bool typed = (s->grammar->tells & 1U << NAME_TYPE) != 0 && s->out->type != NULL;

    return s->n_faults > 0 && s->n_good == s->form_good && !calendar && !typed;
}

/* A name that none of several grammars explains is told as a whole: the faults of one of them would speak of a type
 * that the sender never meant. */
static void tell_whole(struct scan *s)
{
    const struct filename none = {.grammar = s->grammar,
                                  .pack = s->out->pack,
                                  .stem_len = s->out->stem_len,
                                  .type_at = s->out->type_at,
                                  .org_at = {0, s->len},
                                  .eui64_at = {0, s->len},
                                  .created_at = {0, s->len}};

    *s->out = none;
    s->n_faults = 0;
    scan_add_fault(s, FILENAME_BAD_GRAMMAR, (struct span){"name", 0, s->len}, "a name of the format, of %s",
                   s->names->expected_type);
    judge_name(s);
}

/* Parameters: as in the header. */
bool filename_parse(const struct profile *profile, const char *name, size_t len, struct filename *out,
                    filename_fault_fn *on_fault, void *user)
{
    const struct names *names = profile->names;
    const struct scan_name what = {name, len, names, names->inbound, &names->inbound->grammar};
    struct scan s;

    scan_run(&s, &what, out);
    judge_name(&s);
    if (s.n_faults > 0 && names->n_inbound > 1) {
        try_others(names, &s, out);
        if (explains_nothing(&s))
            tell_whole(&s);
    }
    if (s.n_faults > 0 && on_fault != NULL)
        give_faults(&s, on_fault, user);
    return s.n_faults == 0;
}

bool filename_tells(const struct filename *file, enum name_part_kind part)
{
    return file->grammar != NULL && (file->grammar->tells & 1U << part) != 0;
}

uint32_t filename_sequence_max(const struct filename *file)
{
    return file->grammar != NULL ? file->grammar->sequence_max : 0;
}

uint32_t filename_type_sequence_max(const struct profile *profile, const struct file_type *type)
{
    const struct name_grammar *grammar = names_of_type(profile->names, type, NULL);

    return grammar != NULL ? grammar->sequence_max : 0;
}

int64_t filename_precision(const struct filename *file)
{
    return file->grammar != NULL ? file->grammar->precision : 0;
}

const char *const filename_temporary_patterns[] = {
    ".*",          "*.tmp",     "*.part", "*.filepart", "*.incomplete", "*.partial", "*.crdownload",
    "*.uploading", "*.writing", "*.lck",  "*.swp",      "*~",           NULL};

/* fnmatch(3) and GPatternSpec read names as text of the locale or as UTF-8; these are any bytes. */
static bool matches(const char *name, const char *pattern)
{
    const char *star = NULL, *resume = NULL; /* the last '*', and the byte that its match ends before */

    while (*name != '\0') {
        if (*pattern == '*') {
            star = pattern++;
            resume = name;
        } else if (*pattern != '\0' && (*pattern == '?' || g_ascii_tolower(*pattern) == g_ascii_tolower(*name))) {
            pattern++;
            name++;
        } else if (star != NULL) {
            pattern = star + 1;
            name = ++resume;
        } else {
            return false;
        }
    }
    return pattern[strspn(pattern, "*")] == '\0';
}

bool filename_is_temporary(const char *name, const char *const *patterns)
{
    if (patterns == NULL)
        patterns = filename_temporary_patterns;
    if (g_str_has_prefix(name, FILENAME_GATEWAY_PREFIX))
        return true;
    for (size_t i = 0; patterns[i] != NULL; i++) {
        if (matches(name, patterns[i]))
            return true;
    }
    return false;
}
