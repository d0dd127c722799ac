/*
 * The names of files that arrive are compiled first: answers are named by them. Then each answer is compiled for each
 * type that it may answer, so that a name of an answer is read by one grammar like any other.
 */
#include "formats/name/names_private.h"

#include "formats/profile.h"
#include "formats/record_kinds.h"

#include <string.h>

/* The names of a type that arrives, as those of others are compared with them. */
struct arriving {
    struct names_cells *cells;
    char word[NAME_TEXT_SIZE];
    const struct file_type *type;
    guint inbound; /* its index in compiling.inbound */
};

/* The table of names while it is compiled. */
struct compiling {
    const struct profile *profile;
    const struct names_template *templates;
    size_t n;
    bool sound;            /* as in struct names_table */
    GArray *inbound, *own; /* of struct names_inbound and names_own */
    GArray *arriving;      /* of struct arriving */
    GPtrArray *written;    /* the cells of each of `own` */
    names_fault_fn *on_fault;
    void *user;
    size_t index;                     /* of the template that is compiled now */
    const struct file_type *answered; /* that it is compiled for, of a template for several types; else NULL */
    GPtrArray *held;                  /* faults of such a template (struct held) */
    bool good;
};

/* A fault of a template for several answered types: it is told once, with the types that it is about. */
struct held {
    size_t position, n_types;
    char *text;
    GString *types; /* "INV, COS" */
};

static void held_free(gpointer user)
{
    struct held *held = user;

    g_free(held->text);
    g_string_free(held->types, TRUE);
    g_free(held);
}

static void hold(struct compiling *c, size_t position, const char *text)
{
    struct held *held = NULL;

    for (guint i = 0; i < c->held->len && held == NULL; i++) {
        struct held *before = c->held->pdata[i];
        if (before->position == position && strcmp(before->text, text) == 0)
            held = before;
    }
    if (held == NULL) {
        held = g_new0(struct held, 1);
        *held = (struct held){.position = position, .text = g_strdup(text), .types = g_string_new(NULL)};
        g_ptr_array_add(c->held, held);
    }
    if (g_str_has_suffix(held->types->str, c->answered->code))
        return; /* the same mistake twice in one template */
    g_string_append_printf(held->types, "%s%s", held->n_types++ > 0 ? ", " : "", c->answered->code);
}

static void on_fault(void *user, size_t position, const char *text)
{
    struct compiling *c = user;

    c->good = false;
    if (c->answered != NULL)
        hold(c, position, text);
    else if (c->on_fault != NULL)
        c->on_fault(c->user, c->index, position, text);
}

/* n_types: for which the template was compiled. A fault that not all of them have names those that do. */
static void tell_held(struct compiling *c, size_t n_types)
{
    c->answered = NULL;
    for (guint i = 0; i < c->held->len; i++) {
        const struct held *held = c->held->pdata[i];
        g_autofree char *text = held->n_types == n_types
                                    ? g_strdup(held->text)
                                    : g_strdup_printf("answers to %s: %s", held->types->str, held->text);
        on_fault(c, held->position, text);
    }
    g_ptr_array_set_size(c->held, 0);
}

static const struct file_type *type_of(const struct compiling *c, const char *code)
{
    const struct file_type *type = code != NULL ? profile_type(c->profile, code, strlen(code)) : NULL;

    if (type == NULL && code != NULL) {
        g_autofree char *text = g_strdup_printf("there is no file type \"%s\"", code);
        on_fault((void *)c, 1, text);
    }
    return type;
}

/* A file whose name means "still being written" is never picked up, by the gateway or by a partner. */
static void check_finished(struct compiling *c, const struct name_grammar *grammar, const char *word)
{
    struct name_values values = {.type = word,
                                 .org = "AB",
                                 .date = "20230703",
                                 .time = "060000",
                                 .sequence = 1,
                                 .revision = 1,
                                 .hash = "0123456789abcdef"};

    for (size_t i = 0; i < MAX(grammar->n_forms, 1); i++) {
        values.form = grammar->n_forms > 0 ? grammar->forms[i].word : "";
        g_autofree char *name = name_grammar_print(grammar, &values);
        if (!filename_is_temporary(name, NULL))
            continue;
        on_fault(c, 1, "such a name means a file that is still being written; expected another beginning or end");
        return;
    }
}

/* ---- files that arrive ---- */

static void add_word(struct names_inbound *of, const char *word, const struct file_type *type)
{
    of->types = g_renew(struct names_word, of->types, of->n_types + 1);
    (void)g_strlcpy(of->types[of->n_types].word, word, NAME_TEXT_SIZE);
    of->types[of->n_types++].type = type;
}

static void tell_meeting(struct compiling *c, const struct file_type *type)
{
    g_autofree char *text = g_strdup_printf("a file with such a name may be of the type %s too; expected another word "
                                            "for the type, or another grammar",
                                            type->code);
    on_fault(c, 1, text);
}

/* Two types with one grammar need different words; those with other grammars, names that fit one of them only. */
static void check_meetings(struct compiling *c, const struct arriving *new)
{
    for (guint i = 0; i < c->arriving->len; i++) {
        const struct arriving *old = &g_array_index(c->arriving, struct arriving, i);
        if (old->inbound == new->inbound ? *new->word == '\0' || g_ascii_strcasecmp(old->word, new->word) == 0
                                         : names_may_meet(new->cells, old->cells, true))
            tell_meeting(c, old->type);
    }
}

static void add_inbound(struct compiling *c, const struct name_grammar *grammar, const char *word,
                        const struct file_type *type)
{
    struct arriving new = {.type = type};

    while (new.inbound < c->inbound->len &&
           !name_grammar_same_shape(&g_array_index(c->inbound, struct names_inbound, new.inbound).grammar, grammar))
        new.inbound++;
    if (new.inbound == c->inbound->len) {
        const struct names_inbound of = {.grammar = *grammar};
        g_array_append_val(c->inbound, of);
    }
    (void)g_strlcpy(new.word, word, sizeof new.word);
    if (!c->sound) {
        new.cells = names_cells_new(grammar, word);
        check_meetings(c, &new);
    }
    add_word(&g_array_index(c->inbound, struct names_inbound, new.inbound), word, type);
    g_array_append_val(c->arriving, new);
}

/* ---- files that the gateway writes ---- */

static const struct name_grammar *grammar_of(const struct compiling *c, const struct file_type *type, const char **word)
{
    for (guint i = 0; i < c->inbound->len; i++) {
        const struct names_inbound *of = &g_array_index(c->inbound, struct names_inbound, i);
        for (size_t t = 0; t < of->n_types; t++) {
            *word = of->types[t].word[0] != '\0' ? of->types[t].word : layout_type_name(type);
            if (of->types[t].type == type)
                return &of->grammar;
        }
    }
    return NULL;
}

/* An answer may use the parts that the name of the answered file has. */
static void check_parts(struct compiling *c, const struct name_grammar *grammar, const struct name_grammar *original)
{
    static const enum name_part_kind kinds[] = {NAME_ORG,  NAME_EUI64,   NAME_DATE,
                                                NAME_TIME, NAME_INSTANT, NAME_SEQUENCE};
    unsigned calendar = 1U << NAME_DATE | 1U << NAME_INSTANT, has = original->tells;

    if ((has & calendar) != 0)
        has |= calendar;
    if (original->precision > 0 && original->precision < 86400)
        has |= 1U << NAME_TIME;
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if ((grammar->tells & ~has & 1U << kinds[i]) == 0)
            continue;
        g_autofree char *text = g_strdup_printf("the name of the answered file has no {%s}; expected only parts that "
                                                "it has, or {answered.name} or {hash}",
                                                name_part_in_braces(kinds[i]));
        on_fault(c, 1, text);
    }
}

enum { ENOUGH_NUMBERS = 999999 }; /* of the gateway's own files of a type, for as long as a migration lasts */

/* No name is given twice: what tells two files of a kind apart must stand in it. */
static void check_unique(struct compiling *c, const struct names_template *from, const struct name_grammar *grammar)
{
    unsigned recipient = 1U << NAME_MPID | 1U << NAME_EUI64, calendar = 1U << NAME_DATE | 1U << NAME_INSTANT;
    /* NMDM is issued when it changes, ECOSMIG-002 four times a day. */
    bool moment = from->code != NULL && (strcmp(from->code, "NMDM") == 0 || strcmp(from->code, "ECOSMIG-002") == 0);

    if (from->use == NAMES_TYPE && grammar->precision != 1 && grammar->sequence_max < ENOUGH_NUMBERS)
        on_fault(
            c, 1,
            "expected date and time to the second, or a {sequence} of six digits: no two files of the gateway's own "
            "have one name");
    if (from->use != NAMES_REPORT)
        return;
    if ((grammar->tells & recipient) == 0)
        on_fault(c, 1, "expected {mpid} or {eui64}: each recipient gets a report of another name");
    if ((grammar->tells & calendar) == 0 || (moment && (grammar->tells & (1U << NAME_TIME | 1U << NAME_INSTANT)) == 0))
        on_fault(c, 1,
                 moment ? "expected {date} and {time}, or {instant}: no two reports have one name"
                        : "expected {date} or {instant}: no two reports have one name");
}

/* A file with such a name would be taken for the gateway's own and never be read. */
static void check_arrivals(struct compiling *c, const struct names_cells *own)
{
    for (guint i = 0; i < c->arriving->len; i++) {
        const struct arriving *theirs = &g_array_index(c->arriving, struct arriving, i);
        if (!names_may_meet(own, theirs->cells, false))
            continue;
        if (c->answered == NULL) {
            tell_meeting(c, theirs->type);
            continue;
        }
        on_fault(c, 1, "a file that arrives may have such a name too; expected another grammar");
        return;
    }
}

/* Two kinds of files that are written must not share names either: the second one of a name could not be written. */
static void check_written(struct compiling *c, const struct names_own *own, const struct names_cells *cells)
{
    for (guint i = 0; i < c->own->len; i++) {
        const struct names_own *other = &g_array_index(c->own, struct names_own, i);

        if (strcmp(own->code, other->code) == 0 || !names_may_meet(cells, c->written->pdata[i], false))
            continue;
        g_autofree char *text =
            g_strdup_printf("a name of %s may be one of %s, too; expected names that differ", own->code, other->code);
        on_fault(c, 1, text);
        return;
    }
}

/* original: the names of the answered file; NULL: it answers none, or names outside every grammar. */
static void check_own(struct compiling *c, const struct names_template *from, const struct names_own *own,
                      const struct name_grammar *original)
{
    struct names_cells *cells = names_cells_new(&own->grammar, own->word);

    if (original != NULL)
        check_parts(c, &own->grammar, original);
    check_unique(c, from, &own->grammar);
    check_finished(c, &own->grammar, own->word);
    check_arrivals(c, cells);
    check_written(c, own, cells);
    g_ptr_array_add(c->written, cells);
}

static void add_own(struct compiling *c, const struct names_template *from, const struct file_type *answered)
{
    struct names_own own = {.use = from->use, .code = from->code, .answered = answered};
    const struct file_type *type = profile_type(c->profile, from->code, strlen(from->code));
    struct name_template one = {.text = from->text,
                                .code = type != NULL ? layout_type_name(type) : from->code,
                                .other_code = from->code,
                                .writes = true};
    const char *word = "unknown";

    if (answered != NULL)
        one.original = grammar_of(c, answered, &word);
    if (from->use == NAMES_ANSWER || from->use == NAMES_UNKNOWN)
        one.answered = word;
    if (!name_grammar_compile(&one, &own.grammar, own.word, on_fault, c))
        return;
    if (!c->sound)
        check_own(c, from, &own, one.original);
    g_array_append_val(c->own, own);
}

static bool has_line(const struct compiling *c, const char *code, const char *answered)
{
    for (size_t i = 0; i < c->n; i++)
        if (c->templates[i].use == NAMES_ANSWER && strcmp(c->templates[i].code, code) == 0 &&
            g_strcmp0(c->templates[i].answered, answered) == 0)
            return true;
    return false;
}

/* One line for all types that have none of their own. */
static void add_answers(struct compiling *c, const struct names_template *from)
{
    const struct file_type *only = type_of(c, from->answered);
    const struct type_kind *answer = type_kind_of(from->code);
    size_t n = 0;

    for (size_t i = 0; i < c->profile->n_types; i++) {
        const struct file_type *type = &c->profile->types[i];
        const char *word;
        bool wanted = only != NULL ? type == only : from->answered == NULL && !has_line(c, from->code, type->code);
        if (!wanted || !type->inbound || !type_kind_answers(answer, type->code) || grammar_of(c, type, &word) == NULL)
            continue;
        n++;
        c->answered = only == NULL ? type : NULL;
        add_own(c, from, type);
    }
    tell_held(c, n);
}

/* ---- the table ---- */

/* A type has a CSV form, and may have an XML form too. Then the name has to say which of them the file has. */
static void settle_form(struct compiling *c, struct name_grammar *grammar, const struct file_type *type)
{
    bool known = grammar->n_forms > 0 || grammar->form != FORM_UNKNOWN;

    for (size_t i = 0; i < grammar->n_forms; i++)
        known = known && grammar->forms[i].form != FORM_UNKNOWN;
    if (known)
        return;
    if (type->root != NULL) {
        on_fault(c, 1,
                 "this type has an XML form and a CSV form; expected {form}, or which of them such a file has: "
                 "{form:csv=WORD} with the word that stands in the name, {form:csv=} without one");
        return;
    }
    grammar->form = FORM_CSV;
    for (size_t i = 0; i < grammar->n_forms; i++)
        grammar->forms[i].form = FORM_CSV;
}

static void compile_type(struct compiling *c, const struct names_template *from)
{
    const struct file_type *type = type_of(c, from->code);
    const struct name_template one = {
        .text = from->text, .code = type != NULL ? layout_type_name(type) : from->code, .other_code = from->code};
    struct name_grammar grammar;
    char word[NAME_TEXT_SIZE];

    if (type == NULL || !type->inbound || !name_grammar_compile(&one, &grammar, word, on_fault, c))
        return;
    settle_form(c, &grammar, type);
    if (!c->sound)
        check_finished(c, &grammar, word);
    add_inbound(c, &grammar, word, type);
}

static void compile_own(struct compiling *c, const struct names_template *from)
{
    const struct file_type *type = profile_type(c->profile, from->code, strlen(from->code));

    if (from->use == NAMES_ANSWER)
        add_answers(c, from);
    else if (from->use != NAMES_TYPE || (type != NULL && !type->inbound))
        add_own(c, from, NULL);
}

/* The words for all types whose names have one, in the order of the profile. */
static char *expected_type(const struct profile *profile, const struct names *names)
{
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    GString *text = g_string_new("an inbound file type");

    for (size_t i = 0; i < profile->n_types; i++) {
        const struct names_word *word = NULL;
        if (names_of_type(names, &profile->types[i], &word) != NULL && word->word[0] != '\0')
            g_ptr_array_add(words, (char *)word->word);
    }
    for (guint i = 0; i < words->len; i++)
        g_string_append_printf(text, "%s%s",
                               i == 0               ? ": "
                               : i + 1 < words->len ? ", "
                                                    : " or ",
                               (const char *)words->pdata[i]);
    return g_string_free(text, FALSE);
}

bool names_compile(const struct profile *profile, const struct names_table *table, struct names *names,
                   names_fault_fn *fault, void *user)
{
    struct compiling c = {.profile = profile,
                          .templates = table->templates,
                          .n = table->n,
                          .sound = table->sound,
                          .inbound = g_array_new(FALSE, FALSE, sizeof(struct names_inbound)),
                          .own = g_array_new(FALSE, FALSE, sizeof(struct names_own)),
                          .held = g_ptr_array_new_with_free_func(held_free),
                          .arriving = g_array_new(FALSE, FALSE, sizeof(struct arriving)),
                          .written = g_ptr_array_new_with_free_func(g_free),
                          .on_fault = fault,
                          .user = user,
                          .good = true};

    for (c.index = 0; c.index < c.n; c.index++)
        if (c.templates[c.index].use == NAMES_TYPE)
            compile_type(&c, &c.templates[c.index]);
    for (c.index = 0; c.index < c.n; c.index++)
        compile_own(&c, &c.templates[c.index]);
    g_ptr_array_free(c.held, TRUE);
    for (guint i = 0; i < c.arriving->len; i++)
        g_free(g_array_index(c.arriving, struct arriving, i).cells);
    g_array_free(c.arriving, TRUE);
    g_ptr_array_free(c.written, TRUE);
    names->n_inbound = c.inbound->len;
    names->n_own = c.own->len;
    names->inbound = (struct names_inbound *)(void *)g_array_free(c.inbound, FALSE);
    names->own = (struct names_own *)(void *)g_array_free(c.own, FALSE);
    names->expected_type = expected_type(profile, names);
    if (!c.good)
        names_clear(names);
    return c.good;
}

void names_clear(struct names *names)
{
    for (size_t i = 0; i < names->n_inbound; i++)
        g_free(names->inbound[i].types);
    g_free(names->inbound);
    g_free(names->own);
    g_free(names->expected_type);
    *names = (struct names){0};
}

const struct name_grammar *names_of_type(const struct names *names, const struct file_type *type,
                                         const struct names_word **word)
{
    for (size_t i = 0; i < names->n_inbound; i++)
        for (size_t t = 0; t < names->inbound[i].n_types; t++) {
            if (names->inbound[i].types[t].type != type)
                continue;
            if (word != NULL)
                *word = &names->inbound[i].types[t];
            return &names->inbound[i].grammar;
        }
    return NULL;
}

const struct names_own *names_own(const struct names *names, enum names_use use, const char *code,
                                  const struct file_type *answered)
{
    for (size_t i = 0; i < names->n_own; i++) {
        const struct names_own *own = &names->own[i];
        if (own->use == use && own->answered == answered && strcmp(own->code, code) == 0)
            return own;
    }
    return NULL;
}
