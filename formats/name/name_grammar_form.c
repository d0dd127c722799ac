/*
 * The form at the end of a name: the words of {form}, or a word after the last '.' that is always the same ("….csv").
 */
#include "formats/name/name_grammar_private.h"

#include <string.h>

static enum form form_named(const char *name)
{
    return g_ascii_strcasecmp(name, "xml") == 0   ? FORM_XML
           : g_ascii_strcasecmp(name, "csv") == 0 ? FORM_CSV
                                                  : FORM_UNKNOWN;
}

/* The words of {form}, and what is expected: "xml" or "csv". */
static void finish_forms(struct name_compiling *c, struct name_part *part)
{
    struct name_grammar *g = c->grammar;
    g_autoptr(GString) expected = g_string_new(NULL);

    part->min = part->max = strlen(g->forms[0].word);
    for (size_t i = 0; i < g->n_forms; i++) {
        size_t len = strlen(g->forms[i].word);
        part->min = MIN(part->min, len);
        part->max = MAX(part->max, len);
        g_string_append_printf(expected, "%s\"%s\"", i > 0 ? " or " : "", g->forms[i].word);
    }
    (void)g_strlcpy(part->expected, expected->str, sizeof part->expected);
}

static bool is_word(const char *text)
{
    size_t len = strlen(text), at = 0;

    while (g_ascii_isalnum(text[at]))
        at++;
    return at == len && len > 0 && len <= 8 && g_ascii_strcasecmp(text, "gz") != 0 &&
           g_ascii_strcasecmp(text, "zip") != 0;
}

/* One of "xml=XML,csv=txt". "xml=" alone: nothing stands in the name, and the form is XML. */
static bool read_form(struct name_compiling *c, const char *choice, bool alone)
{
    struct name_grammar *g = c->grammar;
    g_auto(GStrv) sides = g_strsplit(choice, "=", 2);
    enum form form = sides[0] != NULL ? form_named(sides[0]) : FORM_UNKNOWN;
    const char *word = sides[0] != NULL && sides[1] != NULL ? sides[1] : sides[0];

    if (form != FORM_UNKNOWN && alone && *word == '\0') {
        g->form = form;
        return true;
    }
    bool twice = g->n_forms == 1 && (g->forms[0].form == form || strcmp(g->forms[0].word, word) == 0);
    if (form == FORM_UNKNOWN || !is_word(word) || g->n_forms == 2 || twice) {
        FAULT(c,
              "expected xml and csv, each at most once, and a word of 1 to 8 letters and digits for it, such as "
              "xml=XML,csv=txt; found \"%s\"",
              choice);
        return false;
    }
    (void)g_strlcpy(g->forms[g->n_forms].word, word, NAME_TEXT_SIZE);
    g->forms[g->n_forms++].form = form;
    return true;
}

void name_grammar_add_form(struct name_compiling *c, const char *option)
{
    g_auto(GStrv) choices = g_strsplit(option != NULL ? option : "xml,csv", ",", 3);
    struct name_grammar *g = c->grammar;

    if (g->n_forms > 0 || g->form != FORM_UNKNOWN) {
        FAULT(c, "this part stands in the name already; expected it once");
        return;
    }
    for (size_t i = 0; choices[i] != NULL; i++)
        if (!read_form(c, choices[i], choices[1] == NULL))
            return;
    if (g->form != FORM_UNKNOWN)
        return;
    struct name_part *part = g->n_forms > 0 ? name_grammar_add_part(c, NAME_FORM, 0, 0) : NULL;
    if (part != NULL)
        finish_forms(c, part);
    else if (g->n_forms == 0)
        FAULT(c, "expected xml or csv after {form:");
}

static bool is_dot(const struct name_part *part)
{
    return part->kind == NAME_SEPARATOR && strcmp(part->text, ".") == 0;
}

void name_grammar_find_tail(struct name_compiling *c)
{
    struct name_grammar *g = c->grammar;
    struct name_part *last = g->n > 0 ? &g->parts[g->n - 1] : NULL;

    g->tail = g->n;
    for (size_t i = 0; i + 2 < g->n; i++)
        if (strchr(g->parts[i].text, '.') != NULL)
            g->dotted = true;
    if (g->n < 2 || !is_dot(&g->parts[g->n - 2]))
        return;
    bool known = form_named(last->text) != FORM_UNKNOWN || g_ascii_strcasecmp(last->text, "html") == 0;
    if (last->kind == NAME_WORD && g->n_forms == 0 && (known || !g->dotted) && is_word(last->text)) {
        (void)g_strlcpy(g->forms[0].word, last->text, NAME_TEXT_SIZE);
        g->forms[0].form = g->form != FORM_UNKNOWN ? g->form : form_named(last->text);
        g->n_forms = 1;
        last->kind = NAME_FORM;
        g->tells |= 1U << NAME_FORM;
        finish_forms(c, last);
    }
    if (last->kind == NAME_FORM)
        g->tail = g->n - 2;
}
