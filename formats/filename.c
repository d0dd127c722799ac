/*
 * Reads a name from left to right and goes on after every fault, so that one answer names all of them and
 * the content can be judged too: whatever can be guessed of the name is filled in.
 *
 * A segment has at most one fault, and so has the separator after it. The end of the EUI-64 is found by the date and
 * time after it, so that wrong, missing or too many separators within it do not spoil what follows. Missing segments
 * give one fault, at the first. A byte that no name may hold gives one fault of the segment "name", which replaces the
 * fault of the segment or separator that holds it. tests/unit/test_filename.c compares the verdict with a regular
 * expression on 200,000 mutated names.
 */
#include "formats/filename.h"

#include "formats/eui64.h"
#include "formats/instant.h"
#include "formats/profile.h"

#include <string.h>

/* Eight segments, seven separators, a bad byte and the length. */
enum { MAX_FAULTS = 17, EXPECTED_SIZE = 96 };

/* Faults are collected and given to the caller in order at the end: only then is it known which of them the fault of a
 * single byte explains. */
struct scan {
    const char *name;
    size_t len;
    size_t pos;
    struct filename *out;
    bool segments_missing; /* one fault: what follows the first missing segment is missing too */
    size_t n_faults;
    struct {
        struct filename_fault fault;
        char expected[EXPECTED_SIZE];
    } faults[MAX_FAULTS];
};

/* A segment or separator as it stands in the name: its bytes from start up to end. */
struct span {
    const char *segment; /* as in struct filename_fault */
    size_t start, end;
};

G_GNUC_PRINTF(4, 5)
static void add_fault(struct scan *s, enum filename_fault_kind kind, struct span span, const char *expected, ...)
{
    g_assert(s->n_faults < MAX_FAULTS);
    struct filename_fault *fault = &s->faults[s->n_faults].fault;
    char *text = s->faults[s->n_faults++].expected;
    va_list args;

    va_start(args, expected);
    (void)g_vsnprintf(text, EXPECTED_SIZE, expected, args); /* a hint may be cut */
    va_end(args);
    *fault = (struct filename_fault){.kind = kind,
                                     .segment = span.segment,
                                     .position = span.start, /* an offset until give_faults */
                                     .found = s->name + span.start,
                                     .found_len = span.end - span.start};
}

static bool is_alnum_at(const struct scan *s, size_t at)
{
    return at < s->len && g_ascii_isalnum(s->name[at]);
}

static size_t run_end(const struct scan *s, size_t at)
{
    while (is_alnum_at(s, at))
        at++;
    return at;
}

static bool is_word(const char *text, size_t len, const char *word)
{
    return strlen(word) == len && g_ascii_strncasecmp(text, word, len) == 0;
}

static bool is_form_word(const struct scan *s, size_t at)
{
    size_t n = run_end(s, at) - at;

    return is_word(s->name + at, n, "xml") || is_word(s->name + at, n, "csv");
}

/* True at the end of the name and where its ".form" begins: no further segment can stand here. */
static bool at_tail(const struct scan *s, size_t at)
{
    if (at >= s->len)
        return true;
    if (s->name[at] != '.')
        return false;
    return is_form_word(s, at + 1) || run_end(s, at + 1) == s->len;
}

/* True at eight digits, one other character and six digits: date and time, by which the EUI-64's end is found. */
static bool at_date_and_time(const struct scan *s, size_t at)
{
    if (s->len - at < 15 || is_alnum_at(s, at + 8) || (at > 0 && is_alnum_at(s, at - 1)))
        return false;
    for (size_t i = 0; i < 15; i++)
        if (i != 8 && !g_ascii_isdigit(s->name[at + i]))
            return false;
    return !is_alnum_at(s, at + 15);
}

static void scan_separator(struct scan *s, const char *wanted)
{
    size_t start = s->pos;

    while (!is_alnum_at(s, s->pos) && !at_tail(s, s->pos))
        s->pos++;
    if (s->pos == start)
        return; /* a segment is missing before or after it: that gives the fault */
    if (s->pos - start != 1 || s->name[start] != wanted[0])
        add_fault(s, FILENAME_BAD_GRAMMAR, (struct span){"separator", start, s->pos}, "\"%s\"", wanted);
}

/* True when there is a segment at all. Else gives its fault, unless an earlier segment is missing too. */
static bool begin_segment(struct scan *s, const char *segment, const char *expected)
{
    if (!at_tail(s, s->pos))
        return true;
    if (!s->segments_missing)
        add_fault(s, FILENAME_BAD_GRAMMAR, (struct span){segment, s->pos, s->pos}, "%s", expected);
    s->segments_missing = true;
    return false;
}

static bool is_type_shaped(const char *text, size_t len)
{
    if (len < 2 || len > 8 || !g_ascii_isupper(text[0]))
        return false;
    for (size_t i = 0; i < len; i++)
        if (!g_ascii_isupper(text[i]) && !g_ascii_isdigit(text[i]))
            return false;
    return true;
}

static char *type_expected(void)
{
    g_autofree char *codes = profile_inbound_codes(profile_builtin(), ", ", " or ");

    return g_strconcat("an inbound file type: ", codes, NULL);
}

/* The type's letters begin at word; what stands between start and word belongs to the same fault. */
static void judge_type(struct scan *s, size_t start, size_t word)
{
    const char *text = s->name + word;
    size_t len = s->pos - word;
    g_autofree char *upper = g_ascii_strup(text, (gssize)len);
    const struct file_type *type = profile_type(profile_builtin(), upper, len);
    bool exact = word == start && memcmp(upper, text, len) == 0;

    if (type != NULL && type->inbound) {
        s->out->type = type;
        if (!exact)
            add_fault(s, FILENAME_BAD_GRAMMAR, (struct span){"type", start, s->pos}, "%s%s",
                      word == start ? "upper case: " : "", type->code);
    } else if (type != NULL && exact) {
        add_fault(s, FILENAME_BAD_TYPE, (struct span){"type", start, s->pos},
                  "an inbound file type; %s is written by the gateway", type->code);
    } else {
        bool shaped = word == start && is_type_shaped(text, len);
        g_autofree char *expected = type_expected();
        add_fault(s, shaped ? FILENAME_BAD_TYPE : FILENAME_BAD_GRAMMAR, (struct span){"type", start, s->pos}, "%s",
                  expected);
    }
}

static void scan_type(struct scan *s)
{
    g_autofree char *expected = type_expected();
    size_t start = s->pos, word = start;

    if (!begin_segment(s, "type", expected))
        return;
    while (!is_alnum_at(s, word) && !at_tail(s, word))
        word++;
    s->pos = run_end(s, word);
    judge_type(s, start, word);
}

static void scan_org(struct scan *s)
{
    static const char expected[] = "2 to 8 upper-case letters and digits";

    if (!begin_segment(s, "org", expected))
        return;
    size_t start = s->pos;
    s->pos = run_end(s, start);
    size_t len = s->pos - start;
    if (len < 2 || len > 8) {
        add_fault(s, FILENAME_BAD_GRAMMAR, (struct span){"org", start, s->pos}, "%s", expected);
        return;
    }
    for (size_t i = 0; i < len; i++)
        s->out->org[i] = g_ascii_toupper(s->name[start + i]);
    s->out->org[len] = '\0';
    if (memcmp(s->out->org, s->name + start, len) != 0)
        add_fault(s, FILENAME_BAD_GRAMMAR, (struct span){"org", start, s->pos}, "upper case: %s", s->out->org);
}

/* Offset after the EUI-64: of the separator before date and time where these can be seen; else after 16 hex digits
 * with any single separators between them. */
static size_t eui64_end(const struct scan *s)
{
    for (size_t at = s->pos; at < s->len; at++) {
        if (!at_date_and_time(s, at))
            continue;
        while (at > s->pos && !is_alnum_at(s, at - 1))
            at--;
        return at;
    }
    size_t at = s->pos, digits = 0;
    while (digits < 16 && at < s->len && !at_tail(s, at)) {
        if (g_ascii_isxdigit(s->name[at]))
            digits++;
        else if (is_alnum_at(s, at) || !is_alnum_at(s, at + 1))
            break;
        at++;
    }
    return run_end(s, at);
}

/* Reads 16 hex digits, whatever separates them. */
static bool guess_eui64(const char *text, size_t len, uint64_t *id)
{
    size_t digits = 0;
    uint64_t value = 0;

    for (size_t i = 0; i < len; i++) {
        if (g_ascii_isxdigit(text[i])) {
            value = value << 4 | (uint64_t)g_ascii_xdigit_value(text[i]);
            digits++;
        } else if (g_ascii_isalnum(text[i])) {
            return false;
        }
    }
    if (digits != 16)
        return false;
    *id = value;
    return true;
}

static void scan_eui64(struct scan *s)
{
    static const char expected[] = "eight upper-case hex pairs joined by \"-\"";
    char canonical[EUI64_TEXT_SIZE];

    if (!begin_segment(s, "eui64", expected))
        return;
    size_t start = s->pos, len = eui64_end(s) - start;
    s->pos = start + len;
    if (!guess_eui64(s->name + start, len, &s->out->eui64)) {
        add_fault(s, FILENAME_BAD_GRAMMAR, (struct span){"eui64", start, s->pos}, "%s", expected);
        return;
    }
    eui64_print(s->out->eui64, canonical);
    if (is_word(s->name + start, len, canonical)) {
        if (memcmp(s->name + start, canonical, len) != 0)
            add_fault(s, FILENAME_BAD_GRAMMAR, (struct span){"eui64", start, s->pos}, "upper case: %s", canonical);
        return;
    }
    add_fault(s, FILENAME_BAD_GRAMMAR, (struct span){"eui64", start, s->pos}, "%s: %s", expected, canonical);
}

/* Reads n digits at the scan's position into out. Single separators between them are passed over ("2023-07-03"). Sets
 * *end to the offset after them. */
static bool take_digits(const struct scan *s, size_t n, char *out, size_t *end)
{
    size_t at = s->pos, got = 0;

    for (; got < n && at < s->len; at++) {
        if (g_ascii_isdigit(s->name[at]))
            out[got++] = s->name[at];
        else if (is_alnum_at(s, at) || got == 0 || !is_alnum_at(s, at + 1))
            break;
    }
    out[got] = '\0';
    *end = at;
    return got == n && !is_alnum_at(s, at);
}

enum digits { DIGITS_NONE, DIGITS_FAULTY, DIGITS_CLEAN };

/* Reads the n digits of a date or time. DIGITS_FAULTY: they could be read, and a fault was added. */
static enum digits scan_digits(struct scan *s, const char *segment, size_t n, char *out, const char *expected)
{
    size_t start = s->pos, end;

    out[0] = '\0';
    if (!begin_segment(s, segment, expected))
        return DIGITS_NONE;
    if (!take_digits(s, n, out, &end)) {
        out[0] = '\0';
        s->pos = run_end(s, start);
        add_fault(s, FILENAME_BAD_GRAMMAR, (struct span){segment, start, s->pos}, "%s", expected);
        return DIGITS_NONE;
    }
    s->pos = end;
    if (end - start == n)
        return DIGITS_CLEAN;
    add_fault(s, FILENAME_BAD_GRAMMAR, (struct span){segment, start, end}, "%s, nothing between them", expected);
    return DIGITS_FAULTY;
}

static void scan_date_and_time(struct scan *s)
{
    struct filename *out = s->out;

    if (scan_digits(s, "date", 8, out->date, "eight digits, YYYYMMDD") == DIGITS_CLEAN &&
        !instant_date_is_real(out->date))
        add_fault(s, FILENAME_BAD_CALENDAR, (struct span){"date", s->pos - 8, s->pos}, "a date of the calendar");
    scan_separator(s, "_");
    if (scan_digits(s, "time", 6, out->time, "six digits, HHMMSS") == DIGITS_CLEAN && !instant_time_is_real(out->time))
        add_fault(s, FILENAME_BAD_CALENDAR, (struct span){"time", s->pos - 6, s->pos},
                  "a time of day, 000000 to 235959");
    (void)instant_from_name(out->date, out->time, &out->created); /* stays 0: there is a fault */
}

/* Offset after the sequence whose digits end at `at`. What stands between them and the dot belongs to it, as in the
 * copies that file managers make ("000001 (1).xml"), but not a wrong separator before the form ("000001_xml"). */
static size_t sequence_tail(const struct scan *s, size_t at)
{
    size_t dot = at;

    if (at_tail(s, at) || is_form_word(s, at + 1))
        return at;
    while (!at_tail(s, dot))
        dot++;
    return dot;
}

static void scan_sequence(struct scan *s)
{
    static const char expected[] = "six digits, 000001 to 999999";
    char digits[7];
    size_t start = s->pos, end;

    if (!begin_segment(s, "seq", expected))
        return;
    bool read = take_digits(s, 6, digits, &end);
    s->pos = sequence_tail(s, read ? end : run_end(s, start));
    if (read)
        s->out->sequence = (uint32_t)g_ascii_strtoull(digits, NULL, 10);
    if (s->out->sequence == 0 || s->pos - start != 6)
        add_fault(s, FILENAME_BAD_GRAMMAR, (struct span){"seq", start, s->pos}, "%s", expected);
}

static void scan_form(struct scan *s)
{
    static const char expected[] = "\"xml\" or \"csv\"";
    size_t start = s->pos, len;
    const char *text = s->name + start;

    if (start >= s->len && !begin_segment(s, "form", expected))
        return;
    s->pos = run_end(s, start);
    len = s->pos - start;
    if (is_word(text, len, "xml"))
        s->out->form = FORM_XML;
    else if (is_word(text, len, "csv"))
        s->out->form = FORM_CSV;
    if (s->out->form == FORM_UNKNOWN) {
        add_fault(s, FILENAME_BAD_GRAMMAR, (struct span){"form", start, s->pos}, "%s", expected);
        if (start > 0 && (is_word(text, len, "gz") || is_word(text, len, "zip"))) /* "….gz": the form was left out */
            s->pos = start - 1;
    } else if (memcmp(text, form_name(s->out->form), len) != 0) {
        add_fault(s, FILENAME_BAD_GRAMMAR, (struct span){"form", start, s->pos}, "lower case: %s",
                  form_name(s->out->form));
    }
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
    if (is_word(text, len, "gz"))
        s->out->pack = FILENAME_GZ;
    else if (is_word(text, len, "zip"))
        s->out->pack = FILENAME_ZIP;
    if (s->out->pack == FILENAME_PLAIN) {
        add_fault(s, FILENAME_BAD_GRAMMAR, (struct span){"pack", dot, s->len}, "%s", expected);
        return;
    }
    s->out->stem_len = dot;
    if (s->name[dot] != '.' && s->out->form != FORM_UNKNOWN)
        add_fault(s, FILENAME_BAD_GRAMMAR, (struct span){"separator", dot, start}, "\".\"");
    const char *word = s->out->pack == FILENAME_GZ ? "gz" : "zip";
    if (memcmp(text, word, len) != 0)
        add_fault(s, FILENAME_BAD_GRAMMAR, (struct span){"pack", start, s->len}, "lower case: %s", word);
}

static void scan_segments(struct scan *s)
{
    scan_type(s);
    scan_separator(s, "_");
    scan_org(s);
    scan_separator(s, "_");
    scan_eui64(s);
    scan_separator(s, "_");
    scan_date_and_time(s);
    scan_separator(s, "_");
    scan_sequence(s);
    if (s->pos < s->len && s->name[s->pos] == '.')
        s->pos++;
    else
        scan_separator(s, ".");
    scan_form(s);
    scan_pack(s);
}

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
        add_fault(s, FILENAME_BAD_GRAMMAR, (struct span){"name", at, character_end(s, at)},
                  "ASCII letters, digits, \"_\", \"-\" and \".\" only");
    }
    if (s->len > FILENAME_MAX_BYTES)
        add_fault(s, FILENAME_BAD_GRAMMAR, (struct span){"name", FILENAME_MAX_BYTES, s->len}, "at most %d bytes",
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
    const struct filename_fault *order[MAX_FAULTS];

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

bool filename_parse(const char *name, size_t len, struct filename *out, filename_fault_fn *on_fault, void *user)
{
    struct scan s = {.name = name, .len = len, .out = out};

    memset(out, 0, sizeof *out);
    scan_segments(&s);
    judge_name(&s);
    if (s.n_faults > 0 && on_fault != NULL)
        give_faults(&s, on_fault, user);
    return s.n_faults == 0;
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
