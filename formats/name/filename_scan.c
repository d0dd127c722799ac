/*
 * Reads a name from left to right by the parts of a grammar and goes on after every fault, so that one answer names all
 * of them and the content can be judged too: whatever can be guessed of the name is filled in. Nothing is read twice
 * but the few bytes by which a part's end is found.
 *
 * A segment has at most one fault, and so has the separator after it. Missing segments give one fault, at the first.
 */
#include "formats/name/filename_scan_private.h"

#include "formats/instant.h"
#include "formats/nearest.h"

#include <string.h>

void scan_add_fault(struct scan *s, enum filename_fault_kind kind, struct span span, const char *expected, ...)
{
    g_assert(s->n_faults < SCAN_MAX_FAULTS);
    struct filename_fault *fault = &s->faults[s->n_faults].fault;
    char *text = s->faults[s->n_faults++].expected;
    va_list args;

    va_start(args, expected);
    (void)g_vsnprintf(text, SCAN_EXPECTED_SIZE, expected, args); /* a hint may be cut */
    va_end(args);
    *fault = (struct filename_fault){.kind = kind,
                                     .segment = span.segment,
                                     .position = span.start, /* an offset until give_faults */
                                     .found = s->name + span.start,
                                     .found_len = span.end - span.start};
}

void scan_add_fault_of(struct scan *s, const struct name_part *part, size_t start, size_t end, const char *expected)
{
    scan_add_fault(s, FILENAME_BAD_GRAMMAR, (struct span){name_part_label(part->kind), start, end}, "%s", expected);
}

bool scan_is_alnum(const struct scan *s, size_t at)
{
    return at < s->limit && g_ascii_isalnum(s->name[at]);
}

size_t scan_run_end(const struct scan *s, size_t at)
{
    while (scan_is_alnum(s, at))
        at++;
    return at;
}

bool scan_is_word(const char *text, size_t len, const char *word)
{
    return strlen(word) == len && g_ascii_strncasecmp(text, word, len) == 0;
}

/* How a word that was found in the wrong case has to be written. */
static const char *case_of(const char *word)
{
    bool upper = false, lower = false;

    for (; *word != '\0'; word++) {
        upper = upper || g_ascii_isupper(*word);
        lower = lower || g_ascii_islower(*word);
    }
    return upper && lower ? "exactly" : upper ? "upper case" : "lower case";
}

static const struct name_form_word *form_at(const struct scan *s, size_t at)
{
    size_t n = scan_run_end(s, at) - at;

    for (size_t i = 0; i < s->grammar->n_forms; i++)
        if (scan_is_word(s->name + at, n, s->grammar->forms[i].word))
            return &s->grammar->forms[i];
    return NULL;
}

/* True where the name ends with exactly this. */
static bool ends_packed(const struct scan *s, size_t at)
{
    size_t left = s->len - at;

    return (left == 3 && memcmp(s->name + at, ".gz", 3) == 0) || (left == 4 && memcmp(s->name + at, ".zip", 4) == 0);
}

/* Where '.' separates other segments too, only a form that ends the name is one. */
bool scan_at_tail(const struct scan *s, size_t at)
{
    const struct name_grammar *g = s->grammar;

    if (at >= s->limit)
        return true;
    if (s->name[at] != '.')
        return false;
    if (g->tail == g->n)
        return ends_packed(s, at);
    size_t end = scan_run_end(s, at + 1);
    if (!g->dotted)
        return end == s->len || form_at(s, at + 1) != NULL;
    return ends_packed(s, at) || (form_at(s, at + 1) != NULL && (end == s->len || ends_packed(s, end)));
}

static void scan_separator(struct scan *s, const struct name_part *part)
{
    size_t start = s->pos;

    if (part == &s->grammar->parts[s->grammar->tail] && start < s->len && s->name[start] == '.') {
        s->pos++;
        return;
    }
    while (!scan_is_alnum(s, s->pos) && !scan_at_tail(s, s->pos))
        s->pos++;
    if (s->pos == start)
        return; /* a segment is missing before or after it: that gives the fault */
    if (s->pos - start != part->max || memcmp(s->name + start, part->text, part->max) != 0)
        scan_add_fault_of(s, part, start, s->pos, part->expected);
}

bool scan_begin_segment(struct scan *s, const struct name_part *part, const char *expected)
{
    if (!scan_at_tail(s, s->pos))
        return true;
    if (!s->segments_missing)
        scan_add_fault_of(s, part, s->pos, s->pos, expected);
    s->segments_missing = true;
    return false;
}

/* ---- type and words ---- */

/* Two to eight letters and digits in the case of the words that there are. */
static bool is_type_shaped(const struct scan *s, const char *text, size_t len)
{
    bool lower = g_ascii_islower(s->inbound->types[0].word[0]);

    if (len < 2 || len > 8 || !g_ascii_isalpha(text[0]))
        return false;
    for (size_t i = 0; i < len; i++)
        if (!g_ascii_isdigit(text[i]) && !(lower ? g_ascii_islower(text[i]) : g_ascii_isupper(text[i])))
            return false;
    return true;
}

static const struct names_word *type_named(const struct scan *s, const char *text, size_t len)
{
    for (size_t i = 0; i < s->inbound->n_types; i++)
        if (scan_is_word(text, len, s->inbound->types[i].word))
            return &s->inbound->types[i];
    return NULL;
}

/* The word for a type of file that the gateway writes; NULL: it is none. */
static const char *written_type(const struct scan *s, const char *text, size_t len)
{
    for (size_t i = 0; i < s->names->n_own; i++) {
        const struct names_own *own = &s->names->own[i];
        if (own->use != NAMES_REPORT && strlen(own->word) == len && memcmp(own->word, text, len) == 0)
            return own->word;
    }
    return NULL;
}

/* How far a text is from the nearest word for a type of this grammar. */
static size_t type_distance(const struct scan *s, const char *text, size_t len)
{
    size_t least = SIZE_MAX;

    for (size_t i = 0; i < s->inbound->n_types; i++)
        least = MIN(least, nearest_distance(text, len, s->inbound->types[i].word));
    return least;
}

/* The type's letters begin at word; what stands between start and word belongs to the same fault. */
static void judge_type(struct scan *s, size_t start, size_t word)
{
    const char *text = s->name + word, *written;
    size_t len = s->pos - word;
    const struct names_word *named = type_named(s, text, len);
    const struct span span = {"type", start, s->pos};

    if (named != NULL) {
        s->out->type = named->type;
        if (word != start || memcmp(named->word, text, len) != 0)
            scan_add_fault(s, FILENAME_BAD_GRAMMAR, span, "%s%s%s", word == start ? case_of(named->word) : "",
                           word == start ? ": " : "", named->word);
    } else if (word == start && (written = written_type(s, text, len)) != NULL) {
        scan_add_fault(s, FILENAME_BAD_TYPE, span, "an inbound file type; %s is written by the gateway", written);
    } else {
        bool shaped = word == start && is_type_shaped(s, text, len);
        s->distance += type_distance(s, text, len);
        scan_add_fault(s, shaped ? FILENAME_BAD_TYPE : FILENAME_BAD_GRAMMAR, span, "%s", s->names->expected_type);
    }
}

static void scan_type(struct scan *s, const struct name_part *part)
{
    size_t start = s->pos, word = start;

    if (!scan_begin_segment(s, part, s->names->expected_type))
        return;
    while (!scan_is_alnum(s, word) && !scan_at_tail(s, word))
        word++;
    s->pos = scan_run_end(s, word);
    s->out->type_at = (struct filename_place){start, s->pos - start};
    judge_type(s, start, word);
}

/* A word that is always the same. */
static void scan_word(struct scan *s, const struct name_part *part)
{
    size_t start = s->pos;

    if (!scan_begin_segment(s, part, part->expected))
        return;
    s->pos = scan_run_end(s, start);
    if (s->pos - start == part->max && memcmp(s->name + start, part->text, part->max) == 0)
        return;
    s->distance += nearest_distance(s->name + start, s->pos - start, part->text);
    scan_add_fault_of(s, part, start, s->pos, part->expected);
}

/* ---- the sender ---- */

static void scan_org(struct scan *s, const struct name_part *part)
{
    if (!scan_begin_segment(s, part, part->expected))
        return;
    size_t start = s->pos;
    s->pos = scan_run_end(s, start);
    size_t len = s->pos - start;
    s->out->org_at = (struct filename_place){start, len};
    if (len < part->min || len > part->max) {
        scan_add_fault_of(s, part, start, s->pos, part->expected);
        return;
    }
    for (size_t i = 0; i < len; i++)
        s->out->org[i] = g_ascii_toupper(s->name[start + i]);
    s->out->org[len] = '\0';
    if (memcmp(s->out->org, s->name + start, len) != 0)
        scan_add_fault(s, FILENAME_BAD_GRAMMAR, (struct span){name_part_label(part->kind), start, s->pos},
                       "upper case: %s", s->out->org);
}

/* ---- digits ---- */

/* True for a letter of {instant} that stands between digits: it may be written in lower case, or be wrong. */
static bool is_letter_between(const struct name_part *part, char c)
{
    return part->kind == NAME_INSTANT && strchr("TtZz", c) != NULL && c != '\0';
}

/* Reads n digits at the scan's position into out. Single separators between them are passed over ("2023-07-03"). Sets
 * *end to the offset after them. */
static bool take_digits(const struct scan *s, const struct name_part *part, size_t n, char *out, size_t *end)
{
    size_t at = s->pos, got = 0;

    for (; got < n && at < s->limit; at++) {
        if (g_ascii_isdigit(s->name[at]))
            out[got++] = s->name[at];
        else if ((scan_is_alnum(s, at) && !is_letter_between(part, s->name[at])) || got == 0 ||
                 !scan_is_alnum(s, at + 1))
            break;
    }
    out[got] = '\0';
    if (at < s->limit && is_letter_between(part, s->name[at]))
        at++;
    *end = at;
    return got == n && !scan_is_alnum(s, at);
}

/* The same where the digits stand exactly as the picture has them. */
static bool take_picture(const struct scan *s, const struct name_part *part, char *out)
{
    size_t got = 0;

    if (s->limit - s->pos < part->max)
        return false;
    for (size_t i = 0; i < part->max; i++) {
        char c = s->name[s->pos + i];
        if (!name_picture_is_digit(part->text[i]) ? c != part->text[i] : !g_ascii_isdigit(c))
            return false;
        if (name_picture_is_digit(part->text[i]))
            out[got++] = c;
    }
    out[got] = '\0';
    return !scan_is_alnum(s, s->pos + part->max);
}

/* A date, a time or both. What is read in spite of a fault is a guess, whose calendar is not judged. */
static void scan_calendar(struct scan *s, const struct name_part *part)
{
    char digits[NAME_TEXT_SIZE];
    size_t start = s->pos, end = start + part->max;

    if (!scan_begin_segment(s, part, part->expected))
        return;
    bool clean = take_picture(s, part, digits);
    if (!clean && !take_digits(s, part, name_picture_digits(part->text), digits, &end)) {
        s->pos = scan_run_end(s, start);
        scan_add_fault_of(s, part, start, s->pos, part->expected);
        return;
    }
    s->pos = end;
    name_picture_take(part, digits, s->out->date, s->out->time);
    struct span span = {name_part_label(part->kind), start, end};
    if (!clean)
        scan_add_fault(s, FILENAME_BAD_GRAMMAR, span, "%s%s", part->expected,
                       name_picture_digits(part->text) == part->max ? ", nothing between them" : "");
    if (clean && part->kind != NAME_TIME)
        s->date = span;
    if (clean && part->kind != NAME_DATE)
        s->time = span;
    if (s->out->created_at.len == 0)
        s->out->created_at.at = start;
    s->out->created_at.len = end - s->out->created_at.at;
}

/* Makes a point in time of both. It stays 0 where there is a fault. */
static void judge_calendar(struct scan *s)
{
    struct filename *out = s->out;
    const char *time = (s->grammar->tells & (1U << NAME_TIME | 1U << NAME_INSTANT)) != 0 ? out->time : "000000";

    if (instant_from_name(out->date, time, &out->created))
        return;
    bool bad_date = s->date.segment != NULL && !instant_date_is_real(out->date);
    bool both = s->date.segment == s->time.segment; /* {instant} */
    if (bad_date)
        scan_add_fault(s, FILENAME_BAD_CALENDAR, s->date, "a date of the calendar");
    if (s->time.segment != NULL && !(bad_date && both) && !instant_time_is_real(out->time))
        scan_add_fault(s, FILENAME_BAD_CALENDAR, s->time, "a time of day, 000000 to 235959");
}

/* Offset after the sequence whose digits end at `at`. What stands between them and the dot belongs to it, as in the
 * copies that file managers make ("000001 (1).xml"), but not a wrong separator before the form ("000001_xml"). */
static size_t sequence_tail(const struct scan *s, const struct name_part *part, size_t at)
{
    size_t next = (size_t)(part - s->grammar->parts) + 1;
    size_t dot = at;

    if (part->joined || (next < s->grammar->n && next != s->grammar->tail))
        return at;
    if (scan_at_tail(s, at) || form_at(s, at + 1) != NULL)
        return at;
    while (!scan_at_tail(s, dot))
        dot++;
    return dot;
}

static void scan_sequence(struct scan *s, const struct name_part *part)
{
    char digits[8];
    size_t start = s->pos, width = part->min, end;

    if (!scan_begin_segment(s, part, part->expected))
        return;
    while (width < part->max && start + width < s->limit && g_ascii_isdigit(s->name[start + width]))
        width++;
    bool read = take_digits(s, part, width, digits, &end);
    s->pos = sequence_tail(s, part, read ? end : scan_run_end(s, start));
    if (read)
        s->out->sequence = (uint32_t)g_ascii_strtoull(digits, NULL, 10);
    bool padded = part->min != part->max && s->name[start] == '0';
    if (s->out->sequence == 0 || s->pos - start != width || padded)
        scan_add_fault_of(s, part, start, s->pos, part->expected);
}

/* The digits of a revision or hash, in names of the gateway's own. */
static void scan_digits(struct scan *s, const struct name_part *part)
{
    size_t start = s->pos;

    if (!scan_begin_segment(s, part, part->expected))
        return;
    s->pos = scan_run_end(s, start);
    size_t len = s->pos - start;
    const char *accepted = part->kind == NAME_HASH ? "0123456789abcdef" : "0123456789";
    bool good = len >= part->min && len <= part->max;
    for (size_t at = start; good && at < s->pos; at++)
        good = strchr(accepted, s->name[at]) != NULL;
    if (!good)
        scan_add_fault_of(s, part, start, s->pos, part->expected);
}

/* ---- the end ---- */

static void scan_form(struct scan *s, const struct name_part *part)
{
    size_t start = s->pos;
    bool last = part + 1 == s->grammar->parts + s->grammar->n;

    if (start >= s->limit && !scan_begin_segment(s, part, part->expected))
        return;
    const struct name_form_word *found = form_at(s, start);
    s->pos = scan_run_end(s, start);
    size_t len = s->pos - start;
    if (found == NULL) {
        const char *pack = !last || start == 0                         ? NULL
                           : scan_is_word(s->name + start, len, "gz")  ? "gz"
                           : scan_is_word(s->name + start, len, "zip") ? "zip"
                                                                       : NULL;
        scan_add_fault(s, FILENAME_BAD_GRAMMAR, (struct span){name_part_label(part->kind), start, s->pos}, "%s%s%s",
                       part->expected, pack != NULL ? " before ." : "", pack != NULL ? pack : "");
        if (pack != NULL)
            s->pos = start - 1; /* "….gz": the form was left out */
        return;
    }
    s->form_read = true;
    s->out->form = found->form;
    if (memcmp(s->name + start, found->word, len) != 0)
        scan_add_fault(s, FILENAME_BAD_GRAMMAR, (struct span){"form", start, s->pos}, "%s: %s", case_of(found->word),
                       found->word);
}

/* Reads all that is left of the name. */
static void scan_pack(struct scan *s)
{
    static const char expected[] = "\"gz\", \"zip\" or the end of the name";
    size_t dot = s->pos, start = dot + 1;

    s->out->stem_len = s->len;
    if (dot >= s->len)
        return;
    const char *text = s->name + start;
    size_t len = s->len - start;
    if (scan_is_word(text, len, "gz"))
        s->out->pack = FILENAME_GZ;
    else if (scan_is_word(text, len, "zip"))
        s->out->pack = FILENAME_ZIP;
    if (s->out->pack == FILENAME_PLAIN) {
        scan_add_fault(s, FILENAME_BAD_GRAMMAR, (struct span){"pack", dot, s->len}, "%s", expected);
        return;
    }
    s->out->stem_len = dot;
    if (s->name[dot] != '.' && s->form_read)
        scan_add_fault(s, FILENAME_BAD_GRAMMAR, (struct span){"separator", dot, start}, "\".\"");
    const char *word = s->out->pack == FILENAME_GZ ? "gz" : "zip";
    if (memcmp(text, word, len) != 0)
        scan_add_fault(s, FILENAME_BAD_GRAMMAR, (struct span){"pack", start, s->len}, "lower case: %s", word);
}

/* ---- all parts ---- */

static void scan_part(struct scan *s, const struct name_part *part)
{
    static void (*const scans[])(struct scan *, const struct name_part *) = {
        [NAME_SEPARATOR] = scan_separator,
        [NAME_WORD] = scan_word,
        [NAME_TYPE] = scan_type,
        [NAME_ORG] = scan_org,
        [NAME_EUI64] = scan_eui64,
        [NAME_DATE] = scan_calendar,
        [NAME_TIME] = scan_calendar,
        [NAME_INSTANT] = scan_calendar,
        [NAME_SEQUENCE] = scan_sequence,
        [NAME_FORM] = scan_form,
        [NAME_REVISION] = scan_digits,
        [NAME_HASH] = scan_digits,
        [NAME_MPID] = scan_org,
    };

    scans[part->kind](s, part);
}

/* What stands before a name that does not begin with a type, which says so by itself. */
static void skip_leading(struct scan *s)
{
    const struct name_part *first = s->grammar->parts;

    if (first->kind == NAME_TYPE || first->kind == NAME_SEPARATOR)
        return;
    while (!scan_is_alnum(s, s->pos) && !scan_at_tail(s, s->pos))
        s->pos++;
    if (s->pos > 0)
        scan_add_fault(s, FILENAME_BAD_GRAMMAR, (struct span){"separator", 0, s->pos}, "nothing before \"%s\"",
                       name_part_label(first->kind));
}

void scan_run(struct scan *scan, const struct scan_name *what, struct filename *out)
{
    const struct name_grammar *grammar = what->grammar;
    const struct filename_place whole = {0, what->len};

    scan->name = what->name;
    scan->len = scan->limit = what->len;
    scan->pos = 0;
    scan->names = what->names;
    scan->inbound = what->inbound;
    scan->grammar = grammar;
    scan->out = out;
    scan->segments_missing = false;
    scan->form_read = (grammar->tells & 1U << NAME_FORM) == 0;
    scan->date = scan->time = (struct span){0};
    scan->n_faults = scan->n_good = scan->distance = 0;
    scan->form_good = false;
    memset(out, 0, sizeof *out);
    out->grammar = grammar;
    out->type_at = out->org_at = out->eui64_at = whole;
    out->form = scan->form_read ? grammar->form : FORM_UNKNOWN;
    if (what->inbound != NULL && (grammar->tells & 1U << NAME_TYPE) == 0)
        out->type = what->inbound->types[0].type;
    skip_leading(scan);
    for (size_t i = 0; i < grammar->n; i++) {
        const struct name_part *part = &grammar->parts[i];
        scan->limit = part->joined ? MIN(scan->len, scan->pos + part->max) : scan->len;
        size_t before = scan->pos, faults = scan->n_faults;
        scan_part(scan, part);
        bool good = part->kind != NAME_SEPARATOR && scan->pos > before && scan->n_faults == faults;
        scan->n_good += good;
        scan->form_good |= good && part->kind == NAME_FORM;
    }
    scan->limit = scan->len;
    scan_pack(scan);
    judge_calendar(scan);
    if (out->created_at.len == 0)
        out->created_at = whole;
}
