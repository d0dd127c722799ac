/*
 * Compiling reads a template once, from left to right, and goes on after a fault. Then the parts are looked at in
 * their order: whether each of them ends where it must, and what the name tells.
 */
#include "formats/name/name_grammar_private.h"

#include "formats/name/filename.h"

#include <string.h>

const char *name_part_label(enum name_part_kind kind)
{
    static const char *const labels[] = {
        [NAME_SEPARATOR] = "separator", [NAME_WORD] = "word", [NAME_TYPE] = "type",         [NAME_ORG] = "org",
        [NAME_EUI64] = "eui64",         [NAME_DATE] = "date", [NAME_TIME] = "time",         [NAME_INSTANT] = "instant",
        [NAME_SEQUENCE] = "seq",        [NAME_FORM] = "form", [NAME_REVISION] = "revision", [NAME_HASH] = "hash",
        [NAME_MPID] = "mpid",
    };
    return labels[kind];
}

const char *name_part_in_braces(enum name_part_kind kind)
{
    return kind == NAME_SEQUENCE ? "sequence" : name_part_label(kind);
}

void name_grammar_fault(struct name_compiling *c, size_t position, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    c->good = false;
    if (c->on_fault != NULL)
        c->on_fault(c->user, position, text);
}

struct name_part *name_grammar_add_part(struct name_compiling *c, enum name_part_kind kind, size_t min, size_t max)
{
    struct name_grammar *g = c->grammar;
    bool literal = kind == NAME_SEPARATOR || kind == NAME_WORD;

    if (!literal && (g->tells & 1U << kind) != 0) {
        FAULT(c, "this part stands in the name already; expected it once");
        return NULL;
    }
    if (g->n == NAME_MAX_PARTS) {
        FAULT(c, "expected at most %d parts", NAME_MAX_PARTS);
        return NULL;
    }
    struct name_part *part = &g->parts[g->n++];
    *part = (struct name_part){.kind = kind, .min = min, .max = max, .at = c->begin + 1};
    g->tells |= 1U << kind;
    return part;
}

/* ---- text ---- */

static void add_literal(struct name_compiling *c, enum name_part_kind kind, const char *text, size_t len)
{
    struct name_grammar *g = c->grammar;
    struct name_part *last = g->n > 0 ? &g->parts[g->n - 1] : NULL;
    bool grows = kind == NAME_SEPARATOR && last != NULL && last->kind == NAME_SEPARATOR;
    size_t before = grows ? strlen(last->text) : 0;
    struct name_part *part = grows ? last : name_grammar_add_part(c, kind, len, len);

    if (part == NULL)
        return;
    if (before + len >= NAME_TEXT_SIZE) {
        FAULT(c, "expected at most %d characters between two parts", NAME_TEXT_SIZE - 1);
        return;
    }
    memcpy(part->text + before, text, len);
    part->text[before + len] = '\0';
    part->min = part->max = before + len;
    (void)g_snprintf(part->expected, sizeof part->expected, "\"%s\"", part->text);
}

/* Words are letters and digits, separators all other characters. written: it stands in the template at c->begin. */
static void add_text(struct name_compiling *c, const char *text, size_t len, bool written)
{
    size_t begin = c->begin;

    for (size_t at = 0, end; at < len; at = end) {
        bool word = g_ascii_isalnum(text[at]);
        if (written)
            c->begin = begin + at;
        for (end = at; end < len && !g_ascii_isalnum(text[end]) == !word;)
            end++;
        add_literal(c, word ? NAME_WORD : NAME_SEPARATOR, text + at, end - at);
    }
}

static void add_type(struct name_compiling *c, const char *word, size_t len)
{
    struct name_part *part;

    if (c->word[0] != '\0') {
        FAULT(c, "this part stands in the name already; expected it once");
        return;
    }
    if (len == 0 || len >= NAME_TEXT_SIZE) {
        FAULT(c, "expected a word of 1 to %d characters for the type", NAME_TEXT_SIZE - 1);
        return;
    }
    (void)g_strlcpy(c->word, word, len + 1);
    if (c->from->writes) {
        add_text(c, word, len, false);
        return;
    }
    for (size_t i = 0; i < len; i++) {
        if (!g_ascii_isalnum(word[i])) {
            FAULT(c, "expected letters and digits as the word for the type, found \"%.*s\"", (int)len, word);
            return;
        }
    }
    part = name_grammar_add_part(c, NAME_TYPE, len, len);
    if (part != NULL)
        (void)g_strlcpy(part->text, word, len + 1);
}

/* The code of the type as a word in the text; NULL: it is not there. */
static const char *find_code(const char *text, size_t len, const char *code)
{
    size_t code_len = code != NULL ? strlen(code) : len + 1;

    for (size_t at = 0; code_len > 0 && at + code_len <= len; at++) {
        bool begins = at == 0 || !g_ascii_isalnum(text[at - 1]);
        bool ends = at + code_len == len || !g_ascii_isalnum(text[at + code_len]);
        if (begins && ends && memcmp(text + at, code, code_len) == 0)
            return text + at;
    }
    return NULL;
}

/* The text from one brace to the next. A word that is the code of the type is the part {type}. */
static void read_text(struct name_compiling *c, const char *text, size_t len)
{
    const char *code = c->from->code, *found;
    size_t begin = c->begin;

    for (size_t i = 0; i < len; i++) {
        if (text[i] > ' ' && text[i] <= '~' && text[i] != '/' && text[i] != '\\' && text[i] != '}')
            continue;
        c->begin += i;
        FAULT(c, "expected letters, digits and printable separators other than blank, '/', '\\' and '}'");
        return;
    }
    if ((found = find_code(text, len, code)) == NULL)
        found = find_code(text, len, code = c->from->other_code);
    if (found == NULL || c->word[0] != '\0') {
        add_text(c, text, len, true);
        return;
    }
    size_t before = (size_t)(found - text);
    add_text(c, text, before, true);
    c->begin = begin + before;
    add_type(c, found, strlen(code));
    c->begin = begin + before + strlen(code);
    add_text(c, found + strlen(code), len - before - strlen(code), true);
}

/* ---- parts ---- */

/* "3" or "2-8". False, and a fault, if it is outside least and most. */
static bool read_width(struct name_compiling *c, const char *option, size_t least, size_t most, struct name_part *part)
{
    char *end;
    guint64 min = g_ascii_strtoull(option, &end, 10), max = min;

    if (*end == '-' && end != option)
        max = g_ascii_strtoull(end + 1, &end, 10);
    if (!g_ascii_isdigit(option[0]) || *end != '\0' || min < least || max > most || min > max) {
        FAULT(c, "expected a number from %zu to %zu, or two of them joined by '-'; found \"%s\"", least, most, option);
        return false;
    }
    part->min = (size_t)min;
    part->max = (size_t)max;
    return true;
}

static void add_short_code(struct name_compiling *c, enum name_part_kind kind, const char *option)
{
    struct name_part *part = name_grammar_add_part(c, kind, 2, 8);

    if (part == NULL || (option != NULL && !read_width(c, option, 2, 8, part)))
        return;
    if (part->min == part->max)
        (void)g_snprintf(part->expected, sizeof part->expected, "%zu upper-case letters and digits", part->min);
    else
        (void)g_snprintf(part->expected, sizeof part->expected, "%zu to %zu upper-case letters and digits", part->min,
                         part->max);
}

static void add_sequence(struct name_compiling *c, const char *option)
{
    static const char *const numbers[] = {"", "one", "two", "three", "four", "five", "six"};
    struct name_part *part = name_grammar_add_part(c, NAME_SEQUENCE, 6, 6);

    if (part == NULL || (option != NULL && !read_width(c, option, 1, 6, part)))
        return;
    c->grammar->sequence_max = 0;
    for (size_t i = 0; i < part->max; i++)
        c->grammar->sequence_max = c->grammar->sequence_max * 10 + 9;
    if (part->min == part->max)
        (void)g_snprintf(part->expected, sizeof part->expected, "%s digit%s, %0*d to %u", numbers[part->min],
                         part->min == 1 ? "" : "s", (int)part->min, 1, c->grammar->sequence_max);
    else
        (void)g_snprintf(part->expected, sizeof part->expected, "a number of %zu to %zu digits, at least 1", part->min,
                         part->max);
}

static void add_digits(struct name_compiling *c, enum name_part_kind kind)
{
    bool hash = kind == NAME_HASH;
    struct name_part *part = name_grammar_add_part(c, kind, hash ? 16 : 1, hash ? 16 : 20);

    if (part != NULL)
        (void)g_strlcpy(part->expected, hash ? "16 hex digits" : "the number of the answer", sizeof part->expected);
}

static void add_picture(struct name_compiling *c, enum name_part_kind kind, const char *option)
{
    static const char *const pictures[] = {[NAME_EUI64] = "XX-XX-XX-XX-XX-XX-XX-XX",
                                           [NAME_DATE] = "YYYYMMDD",
                                           [NAME_TIME] = "HHMMSS",
                                           [NAME_INSTANT] = "YYYYMMDDTHHMMSSZ"};
    const char *picture = option != NULL ? option : pictures[kind];
    size_t len = strlen(picture);
    struct name_part *part = name_grammar_add_part(c, kind, len, len);

    if (part == NULL)
        return;
    const char *wrong = len >= NAME_TEXT_SIZE ? "at most 31 characters" : name_picture_fault(kind, picture);
    if (wrong != NULL) {
        FAULT(c, "expected %s as the picture of {%s}, found \"%s\"", wrong, name_part_in_braces(kind), picture);
        return;
    }
    (void)g_strlcpy(part->text, picture, sizeof part->text);
    name_picture_expect(part);
    int64_t precision = kind != NAME_EUI64 ? name_picture_precision(part) : 0, before = c->grammar->precision;
    if (precision != 0)
        c->grammar->precision = before != 0 ? MIN(before, precision) : precision; /* of date and time, the time's */
}

/* The parts of the answered file's name without the form at its end. */
static void add_original(struct name_compiling *c)
{
    const struct name_grammar *original = c->from->original;

    for (size_t i = 0; i < original->tail; i++) {
        const struct name_part *from = &original->parts[i];
        if (from->kind == NAME_TYPE) {
            add_text(c, c->from->answered, strlen(c->from->answered), false);
        } else if (from->kind == NAME_SEPARATOR || from->kind == NAME_WORD) {
            add_text(c, from->text, from->max, false);
        } else {
            size_t at = c->begin + 1;
            struct name_part *part = name_grammar_add_part(c, from->kind, from->min, from->max);
            if (part == NULL)
                return;
            *part = *from;
            part->at = at;
        }
    }
    c->grammar->precision = original->precision;
    c->grammar->sequence_max = original->sequence_max;
}

/* ---- a part in braces ---- */

struct part_name {
    const char *name;
    enum name_part_kind kind;
    bool option; /* it may have one */
    bool writes; /* only in names that the gateway writes */
};

static const struct part_name part_names[] = {
    {"type", NAME_TYPE, true, false},         {"org", NAME_ORG, true, false},
    {"eui64", NAME_EUI64, true, false},       {"date", NAME_DATE, true, false},
    {"time", NAME_TIME, true, false},         {"instant", NAME_INSTANT, true, false},
    {"sequence", NAME_SEQUENCE, true, false}, {"form", NAME_FORM, true, false},
    {"revision", NAME_REVISION, false, true}, {"hash", NAME_HASH, false, true},
    {"mpid", NAME_MPID, true, true},
};

static void add_named(struct name_compiling *c, enum name_part_kind kind, const char *option)
{
    switch (kind) {
    case NAME_TYPE:
        add_type(c, option != NULL ? option : c->from->code, strlen(option != NULL ? option : c->from->code));
        break;
    case NAME_ORG:
    case NAME_MPID:
        add_short_code(c, kind, option);
        break;
    case NAME_SEQUENCE:
        add_sequence(c, option);
        break;
    case NAME_FORM:
        name_grammar_add_form(c, option);
        break;
    case NAME_REVISION:
    case NAME_HASH:
        add_digits(c, kind);
        break;
    default:
        add_picture(c, kind, option);
        break;
    }
}

/* {answered.type} and {answered.name}. False: it is none of them. */
static bool add_answered(struct name_compiling *c, const char *name)
{
    bool type = strcmp(name, "answered.type") == 0;

    if (!type && strcmp(name, "answered.name") != 0)
        return false;
    if (c->from->answered == NULL || (!type && c->from->original == NULL))
        FAULT(c, "{%s} belongs into the name of an answer; this file answers none", name);
    else if (type)
        add_text(c, c->from->answered, strlen(c->from->answered), false);
    else
        add_original(c);
    return true;
}

static void add_braced(struct name_compiling *c, const char *text, size_t len)
{
    g_autofree char *name = g_strndup(text, len);
    char *option = strchr(name, ':');

    if (option != NULL)
        *option++ = '\0';
    if (add_answered(c, name))
        return;
    for (size_t i = 0; i < G_N_ELEMENTS(part_names); i++) {
        if (strcmp(part_names[i].name, name) != 0)
            continue;
        if (part_names[i].writes && !c->from->writes)
            FAULT(c, "{%s} belongs into the name of a file that the gateway writes", name);
        else if (option != NULL && !part_names[i].option)
            FAULT(c, "expected {%s} without an option, found \":%s\"", name, option);
        else
            add_named(c, part_names[i].kind, option);
        return;
    }
    FAULT(c,
          "expected {type}, {org}, {eui64}, {date}, {time}, {instant}, {sequence} or {form}, of files that the gateway "
          "writes also {revision}, {answered.type}, {answered.name}, {hash} or {mpid}; found {%s}",
          name);
}

static void read_template(struct name_compiling *c)
{
    const char *text = c->from->text;

    for (size_t at = 0; text[at] != '\0';) {
        const char *open = strchr(text + at, '{');
        size_t begin = open != NULL ? (size_t)(open - text) : strlen(text);
        c->begin = at;
        if (begin > at)
            read_text(c, text + at, begin - at);
        if (open == NULL)
            return;
        const char *close = strchr(open, '}');
        c->begin = begin;
        if (close == NULL) {
            FAULT(c, "'{' without '}'");
            return;
        }
        add_braced(c, open + 1, (size_t)(close - open) - 1);
        at = (size_t)(close - text) + 1;
    }
}

/* ---- the whole ---- */

/* Each part has a fixed width, or a separator follows it: none of them can hold a separator beyond its picture. */
static void judge_ends(struct name_compiling *c)
{
    struct name_grammar *g = c->grammar;
    size_t most = strlen(".zip");

    for (size_t i = 0; i < g->n; i++) {
        struct name_part *part = &g->parts[i];
        most += part->max;
        part->joined = part->kind != NAME_SEPARATOR && i + 1 < g->n && g->parts[i + 1].kind != NAME_SEPARATOR;
        if (part->joined && part->min != part->max)
            name_grammar_fault(
                c, part->at,
                "this part has %zu to %zu characters, and what follows it may be taken for more of it; expected a "
                "separator after it, or a fixed width",
                part->min, part->max);
    }
    if (most > FILENAME_MAX_BYTES)
        name_grammar_fault(c, 1, "such names have up to %zu bytes; expected at most %d", most, FILENAME_MAX_BYTES);
}

static void judge_parts(struct name_compiling *c)
{
    const struct name_grammar *g = c->grammar;
    bool date = (g->tells & 1U << NAME_DATE) != 0, time = (g->tells & 1U << NAME_TIME) != 0;

    if (g->n == 0)
        name_grammar_fault(c, 1, "expected the name of a file");
    else if (g->parts[0].kind == NAME_SEPARATOR && g->parts[0].text[0] == '.')
        name_grammar_fault(c, 1, "names that begin with '.' are no files yet; expected another character");
    const char *end = g->n > 0 ? g->parts[g->n - 1].text : "";
    if (strcmp(end, "gz") == 0 || strcmp(end, "zip") == 0)
        name_grammar_fault(c, g->parts[g->n - 1].at,
                           "a file whose name ends in \"%s\" is packed; expected another word here", end);
    if (time && !date)
        name_grammar_fault(c, 1, "{time} says nothing without {date}; expected both");
    if ((g->tells & 1U << NAME_INSTANT) != 0 && (date || time))
        name_grammar_fault(c, 1,
                           "{instant} tells date and time already; expected {instant} alone, or {date} and {time}");
    if (g->tells != 0 && c->from->writes && c->from->answered != NULL && (g->tells & 1U << NAME_REVISION) == 0)
        name_grammar_fault(c, 1, "expected {revision}: a file may be answered again, and no name is given twice");
}

/* What follows the EUI-64 and its separator, if that is date and time. */
static void find_anchor(struct name_grammar *g)
{
    size_t i = 0, len = 0;

    while (i < g->n && g->parts[i].kind != NAME_EUI64)
        i++;
    if (i + 2 >= g->n || g->parts[i].joined)
        return;
    for (i += 2; i < g->n && !(g->parts[i].kind == NAME_SEPARATOR && len == 0); i++) {
        const struct name_part *part = &g->parts[i];
        bool digits = part->kind == NAME_DATE || part->kind == NAME_TIME || part->kind == NAME_INSTANT;
        bool between = part->kind == NAME_SEPARATOR && i + 1 < g->n && g->parts[i + 1].kind == NAME_TIME;
        if ((!digits && !between) || len + part->max + 1 >= sizeof g->anchor)
            break;
        for (const char *p = part->text; *p != '\0'; p++)
            g->anchor[len++] = name_picture_is_digit(*p) && digits ? 'd' : g_ascii_isalnum(*p) ? *p : '?';
    }
    if (len > 0 && g->parts[i - 1].joined)
        g->anchor[len++] = '*';
    g->anchor[len] = '\0';
}

bool name_grammar_compile(const struct name_template *from, struct name_grammar *grammar, char word[NAME_TEXT_SIZE],
                          name_fault_fn *on_fault, void *user)
{
    struct name_compiling c = {
        .from = from, .grammar = grammar, .word = word, .on_fault = on_fault, .user = user, .good = true};

    *grammar = (struct name_grammar){0};
    word[0] = '\0';
    if (strlen(from->text) > NAME_TEMPLATE_MAX) {
        name_grammar_fault(&c, NAME_TEMPLATE_MAX + 1, "expected at most %d bytes", NAME_TEMPLATE_MAX);
        return false;
    }
    read_template(&c);
    if (!c.good)
        return false;
    name_grammar_find_tail(&c);
    judge_ends(&c);
    judge_parts(&c);
    find_anchor(grammar);
    for (size_t i = 0; i < grammar->n_forms; i++)
        if (grammar->n_forms == 1)
            grammar->form = grammar->forms[0].form;
    return c.good;
}

bool name_grammar_same_shape(const struct name_grammar *a, const struct name_grammar *b)
{
    bool same = a->n == b->n && a->n_forms == b->n_forms && a->form == b->form;

    for (size_t i = 0; same && i < a->n_forms; i++)
        same = a->forms[i].form == b->forms[i].form && strcmp(a->forms[i].word, b->forms[i].word) == 0;
    for (size_t i = 0; same && i < a->n; i++) {
        const struct name_part *x = &a->parts[i], *y = &b->parts[i];
        bool type = x->kind == NAME_TYPE && !x->joined;
        same = x->kind == y->kind && x->joined == y->joined;
        same = same && (type || (x->min == y->min && x->max == y->max));
        same = same && (x->kind == NAME_TYPE || strcmp(x->text, y->text) == 0);
    }
    return same;
}

const char *name_grammar_form_word(const struct name_grammar *grammar, enum form form)
{
    for (size_t i = 0; i < grammar->n_forms; i++)
        if (grammar->forms[i].form == form)
            return grammar->forms[i].word;
    return NULL;
}
