/*
 * Fuzz target: any bytes as a name.
 * - It is in the grammar exactly when a regular expression and a calendar say so. Then its parts give the same name
 * when they are put together again.
 * - Else faults lie within the name, from left to right, and each guess has the form that it should have.
 * - The name of an answer is no name of an inbound file, and differs for each type of answer and revision.
 * All but the second half of the first holds of the second profile, too, whose names are of other kinds.
 */
#include "formats/eui64.h"
#include "formats/name/filename.h"
#include "formats/instant.h"
#include "formats/layout.h"
#include "formats/profile.h"
#include "tests/fuzz/reading.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* --- The grammar once more -------------------------------------------------------------------- */

static unsigned number(const char *digits, size_t n)
{
    unsigned value = 0;

    for (size_t i = 0; i < n; i++)
        value = value * 10 + (unsigned)(digits[i] - '0');
    return value;
}

static bool is_date(const char *d)
{
    static const unsigned days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    unsigned year = number(d, 4), month = number(d + 4, 2), day = number(d + 6, 2);
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1] + (leap && month == 2);
}

static bool is_in_grammar(const char *name, size_t size)
{
    static GRegex *regex;
    g_autoptr(GMatchInfo) match = NULL;
    g_autofree char *date = NULL, *time = NULL, *sequence = NULL;

    if (regex == NULL) {
        g_autofree char *types = profile_inbound_codes(profile_builtin(), "|", "|");
        g_autofree char *pattern = g_strdup_printf("\\A(?:%s)_[A-Z0-9]{2,8}_(?:[0-9A-F]{2}-){7}[0-9A-F]{2}"
                                                   "_([0-9]{8})_([0-9]{6})_([0-9]{6})\\.(?:xml|csv)"
                                                   "(?:\\.gz|\\.zip)?\\z",
                                                   types);
        regex = g_regex_new(pattern, G_REGEX_RAW, 0, NULL);
    }
    if (size > 128 || !g_regex_match_full(regex, name, (gssize)size, 0, 0, &match, NULL))
        return false;
    date = g_match_info_fetch(match, 1);
    time = g_match_info_fetch(match, 2);
    sequence = g_match_info_fetch(match, 3);
    return is_date(date) && number(time, 2) < 24 && number(time + 2, 2) < 60 && number(time + 4, 2) < 60 &&
           number(sequence, 6) > 0;
}

/* --- The names of samples/profiles/contrast-2.0 ------------------------------------------------- */

#define ORG "[A-Z0-9]{2,8}"
#define DAY "(?<Y>[0-9]{4})(?<M>[0-9]{2})(?<D>[0-9]{2})"
#define CLOCK "(?<h>[0-9]{2})(?<m>[0-9]{2})(?<s>[0-9]{2})"
#define INSTANT DAY "T" CLOCK "Z"
#define DAY_FIRST(sep) "(?<D>[0-9]{2})" sep "(?<M>[0-9]{2})" sep "(?<Y>[0-9]{4})"

static const char *const contrast_names[] = {
    "ASSIGN-" ORG "-(?<q>[0-9]{4})-" INSTANT "\\.(?:XML|txt)",
    INSTANT "~REPORT~(?<q>[0-9]{5})\\.(?:XML|txt)",
    "STATE\\.[0-9A-F]{16}\\.(?<Y>[0-9]{4})-(?<M>[0-9]{2})-(?<D>[0-9]{2})\\." CLOCK
    "\\.(?<q>[1-9][0-9]{0,5})\\.(?:XML|txt)",
    "STOCK-[A-Z0-9]{3}-" INSTANT "\\.txt",
    "SWITCH_" DAY_FIRST("-") "_(?<h>[0-9]{2})(?<m>[0-9]{2})_(?<q>[0-9]{6})_S_" ORG "\\.txt",
    "(?<q>[0-9]{4})\\." DAY_FIRST("\\.") "\\.MODELS\\.txt",
    "PARTIES-" ORG "-(?<q>[0-9]{4})\\.txt",
};

/* The number that a group holds; otherwise where the name has none. */
static unsigned group(GMatchInfo *match, const char *name, unsigned otherwise)
{
    g_autofree char *text = g_match_info_fetch_named(match, name);

    return text != NULL && *text != '\0' ? number(text, strlen(text)) : otherwise;
}

static bool is_real(GMatchInfo *match)
{
    g_autofree char *date = g_strdup_printf("%04u%02u%02u", group(match, "Y", 2023), group(match, "M", 1), //
                                            group(match, "D", 1));

    return is_date(date) && group(match, "h", 0) < 24 && group(match, "m", 0) < 60 && group(match, "s", 0) < 60 &&
           group(match, "q", 1) > 0;
}

static bool is_in_contrast(const char *name, size_t size)
{
    static GRegex *regexes[G_N_ELEMENTS(contrast_names)];
    bool real = false;

    for (size_t i = 0; size <= 128 && !real && i < G_N_ELEMENTS(contrast_names); i++) {
        g_autoptr(GMatchInfo) match = NULL;
        if (regexes[i] == NULL) {
            g_autofree char *whole = g_strdup_printf("\\A%s(?:\\.gz|\\.zip)?\\z", contrast_names[i]);
            regexes[i] = g_regex_new(whole, G_REGEX_RAW, 0, NULL);
            g_assert(regexes[i] != NULL);
        }
        real = g_regex_match_full(regexes[i], name, (gssize)size, 0, 0, &match, NULL) && is_real(match);
    }
    return real;
}

/* NULL: the samples are not there. */
static const struct profile *contrast(void)
{
    static const struct profile *profile;
    static bool tried;
    const char *source = g_getenv("top_srcdir");

    if (!tried) {
        g_autofree char *folder =
            g_build_filename(source != NULL ? source : ".", "samples", "profiles", "contrast-2.0", NULL);
        profile = g_file_test(folder, G_FILE_TEST_IS_DIR) ? profile_load(folder, NULL, NULL) : NULL;
        g_assert(source == NULL || profile != NULL);
        tried = true;
    }
    return profile;
}

/* --- What was read ---------------------------------------------------------------------------- */

static void check_spelling(const char *name, size_t size, const struct filename *f)
{
    static const char *const packs[] = {[FILENAME_PLAIN] = "", [FILENAME_GZ] = ".gz", [FILENAME_ZIP] = ".zip"};
    char eui64[EUI64_TEXT_SIZE], date[INSTANT_DATE_SIZE], time[INSTANT_TIME_SIZE];
    const struct filename_own same = {f->type->code, f->org, f->eui64, f->created, f->sequence, form_name(f->form)};
    g_autofree char *own = filename_own(profile_builtin(), &same);

    eui64_print(f->eui64, eui64);
    instant_print_name(f->created, date, time);
    g_autofree char *again = g_strdup_printf("%s_%s_%s_%s_%s_%06u.%s%s", f->type->code, f->org, eui64, f->date, f->time,
                                             f->sequence, form_name(f->form), packs[f->pack]);
    g_assert(strlen(again) == size && memcmp(again, name, size) == 0);
    g_assert(f->stem_len == size - strlen(packs[f->pack]));
    g_assert(strcmp(date, f->date) == 0 && strcmp(time, f->time) == 0);
    g_assert(strlen(own) == f->stem_len && memcmp(own, name, f->stem_len) == 0);
    g_assert(f->type->inbound);
}

static bool is_word(const char *text, size_t least, size_t most, const char *letters)
{
    return strlen(text) >= least && strlen(text) <= most && strspn(text, letters) == strlen(text);
}

static void check_guess(size_t size, const struct filename *f)
{
    g_assert(f->type == NULL || f->type->inbound);
    g_assert(f->org[0] == '\0' || is_word(f->org, 2, 8, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"));
    g_assert(f->date[0] == '\0' || is_word(f->date, 8, 8, "0123456789"));
    g_assert(f->time[0] == '\0' || is_word(f->time, 6, 6, "0123456789"));
    g_assert(f->sequence <= 999999 && f->stem_len <= size);
    g_assert(f->form <= FORM_CSV && f->pack <= FILENAME_ZIP);
    g_assert(f->pack == FILENAME_PLAIN || f->stem_len < size);
}

/* The names of answers to the name. */
static void check_answers(const char *name, size_t size, const struct filename *f)
{
    g_autofree char *text = g_strndup(name, size);
    bool instructs = strcmp(f->type->code, "EMI") == 0; /* others get no EMD */
    g_autofree char *ema = filename_answer(profile_builtin(), text, "EMA", 1),
                    *emd = filename_answer(profile_builtin(), text, instructs ? "EMD" : "EMA", 1);
    g_autofree char *second = filename_answer(profile_builtin(), text, "EMA", 2),
                    *most = filename_answer(profile_builtin(), text, "EMA", G_MAXUINT);
    struct filename again;

    g_assert(!filename_parse(profile_builtin(), ema, strlen(ema), &again, NULL, NULL) && again.type == NULL);
    g_assert(g_str_has_prefix(ema, "EMA_") && strcmp(ema + 3, emd + 3) == 0);
    g_assert(g_str_has_prefix(emd, instructs ? "EMD_" : "EMA_"));
    g_assert(strcmp(ema, second) != 0 && strlen(most) <= FILENAME_MAX_BYTES);
    g_assert(g_str_has_suffix(ema, f->form == FORM_XML ? "_R1.xml" : "_R1.csv"));
    g_assert(memcmp(ema + 3, text + 3, f->stem_len - 3 - strlen(".xml")) == 0);
    g_assert(!filename_is_temporary(ema, NULL) && !filename_is_temporary(text, NULL));
}

/* --- Faults ------------------------------------------------------------------------------------ */

struct seen {
    const char *name;
    size_t len, characters, last;
    bool utf8;
    unsigned n;
    struct {
        const char *segment;
        size_t position;
    } faults[32];
};

static void on_fault(void *user, const struct filename_fault *fault)
{
    static const char *const segments[] = {"type", "org",       "eui64", "date",    "time", "seq", "form",
                                           "pack", "separator", "name",  "instant", "word", NULL};
    struct seen *seen = user;
    size_t offset = (size_t)(fault->found - seen->name);

    g_assert(fault->position >= 1 && fault->position <= seen->characters + 1);
    g_assert(fault->position >= seen->last); /* left to right */
    g_assert(fault->found >= seen->name && offset <= seen->len && fault->found_len <= seen->len - offset);
    g_assert(fault->position == 1 + (seen->utf8 ? (size_t)g_utf8_strlen(seen->name, (gssize)offset) : offset));
    g_assert(g_strv_contains(segments, fault->segment) && fault->expected[0] != '\0');
    assert_printable(fault->expected);
    /* Each segment and each separator has one fault at most. */
    for (unsigned i = 0; i < seen->n; i++)
        g_assert(seen->faults[i].position != fault->position || strcmp(seen->faults[i].segment, fault->segment) != 0 ||
                 strcmp(fault->segment, "name") == 0); /* "name" can have two: a wrong byte, and the length */
    g_assert(seen->n < G_N_ELEMENTS(seen->faults));
    seen->faults[seen->n].segment = fault->segment;
    seen->faults[seen->n++].position = fault->position;
    seen->last = fault->position;
}

/* The same by the second profile. */
static void read_contrast(const char *name, size_t size)
{
    struct seen seen = {.name = name, .len = size};
    struct filename f, silent;

    seen.utf8 = g_utf8_validate_len(name, size, NULL);
    seen.characters = seen.utf8 ? (size_t)g_utf8_strlen(name, (gssize)size) : size;
    bool good = filename_parse(contrast(), name, size, &f, on_fault, &seen);

    g_assert(good == (seen.n == 0) && good == is_in_contrast(name, size));
    g_assert(filename_parse(contrast(), name, size, &silent, NULL, NULL) == good && memcmp(&f, &silent, sizeof f) == 0);
    g_assert(f.type == NULL || f.type->inbound);
    if (!good)
        return;
    g_autofree char *text = g_strndup(name, size);
    g_autofree char *first = filename_answer(contrast(), text, "EMA", 1),
                    *second = filename_answer(contrast(), text, "EMA", 2);
    g_assert(strcmp(first, second) != 0 && strlen(first) <= FILENAME_MAX_BYTES);
    g_assert(!filename_parse(contrast(), first, strlen(first), &f, NULL, NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *name = g_malloc(size ? size : 1); /* the exact size, so that the sanitizer sees a read beyond it */
    struct seen seen = {.name = name, .len = size};
    struct filename f, silent;

    if (size > 0)
        memcpy(name, data, size);
    seen.utf8 = g_utf8_validate_len(name, size, NULL);
    seen.characters = seen.utf8 ? (size_t)g_utf8_strlen(name, (gssize)size) : size;
    bool good = filename_parse(profile_builtin(), name, size, &f, on_fault, &seen);

    g_assert(good == (seen.n == 0) && good == is_in_grammar(name, size));
    g_assert(filename_parse(profile_builtin(), name, size, &silent, NULL, NULL) == good &&
             memcmp(&f, &silent, sizeof f) == 0);
    check_guess(size, &f);
    if (good) {
        check_spelling(name, size, &f);
        check_answers(name, size, &f);
    }
    if (contrast() != NULL)
        read_contrast(name, size);
    return 0;
}
