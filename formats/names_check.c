/*
 * Whether a name can fit two grammars. Each grammar is a row of cells: which characters may stand there, and whether
 * the cell may be left out. Two rows are walked side by side; all pairs of cells that a name can lead to are visited
 * once. Words of forms and packings are taken place by place, so a few pairs are refused that no real name fits.
 */
#include "formats/names_private.h"

#include <string.h>

enum { MAX_CELLS = FILENAME_MAX_BYTES + 5 };

struct cell {
    guint64 low, high; /* bit c: the character c; c - 64 */
    bool optional;
};

struct cells {
    size_t n;
    struct cell cells[MAX_CELLS];
};

static void add_cell(struct cells *cells, const char *accepted, bool optional)
{
    if (cells->n == MAX_CELLS)
        return; /* such a name would be too long */
    struct cell *cell = &cells->cells[cells->n++];
    *cell = (struct cell){.optional = optional};
    for (; *accepted != '\0'; accepted++) {
        unsigned char c = (unsigned char)*accepted;
        *(c < 64 ? &cell->low : &cell->high) |= G_GUINT64_CONSTANT(1) << (c % 64);
    }
}

static void add_text(struct cells *cells, const char *text)
{
    for (; *text != '\0'; text++)
        add_cell(cells, (const char[]){*text, '\0'}, false);
}

static void add_run(struct cells *cells, const char *accepted, const struct name_part *part)
{
    for (size_t i = 0; i < part->max; i++)
        add_cell(cells, accepted, i >= part->min);
}

static void add_picture(struct cells *cells, const struct name_part *part)
{
    for (const char *p = part->text; *p != '\0'; p++) {
        bool hex = part->kind == NAME_EUI64 && name_picture_is_digit(*p);
        add_cell(cells,
                 hex                         ? (*p == 'x' ? "0123456789abcdef" : "0123456789ABCDEF")
                 : name_picture_is_digit(*p) ? "0123456789"
                                             : (const char[]){*p, '\0'},
                 false);
    }
}

/* The i-th characters of all words, place by place. */
static void add_forms(struct cells *cells, const struct name_grammar *grammar, const struct name_part *part)
{
    for (size_t i = 0; i < part->max; i++) {
        char accepted[NAME_FORM_WORDS + 1] = "";
        size_t n = 0;
        for (size_t f = 0; f < grammar->n_forms; f++)
            if (i < strlen(grammar->forms[f].word))
                accepted[n++] = grammar->forms[f].word[i];
        add_cell(cells, accepted, i >= part->min);
    }
}

static void make_cells(const struct name_grammar *grammar, const char *type, struct cells *cells)
{
    static const char digits[] = "0123456789", code[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

    cells->n = 0;
    for (size_t i = 0; i < grammar->n; i++) {
        const struct name_part *part = &grammar->parts[i];
        if (part->kind == NAME_TYPE)
            add_text(cells, type);
        else if (part->kind == NAME_SEPARATOR || part->kind == NAME_WORD)
            add_text(cells, part->text);
        else if (part->kind == NAME_ORG || part->kind == NAME_MPID)
            add_run(cells, code, part);
        else if (part->kind == NAME_SEQUENCE || part->kind == NAME_REVISION)
            add_run(cells, digits, part);
        else if (part->kind == NAME_HASH)
            add_run(cells, "0123456789abcdef", part);
        else if (part->kind == NAME_FORM)
            add_forms(cells, grammar, part);
        else
            add_picture(cells, part);
    }
}

static void add_packing(struct cells *cells)
{
    add_cell(cells, ".", true);
    add_cell(cells, "gz", true);
    add_cell(cells, "iz", true);
    add_cell(cells, "p", true);
}

static bool meet(const struct cell *a, const struct cell *b)
{
    return (a->low & b->low) != 0 || (a->high & b->high) != 0;
}

/* One row of the walk: from the pairs (i, …) that a name can lead to, to those of i + 1. False: it leads to none. */
static bool walk_row(const struct cell *a, const struct cells *b, bool *row, bool *next)
{
    bool any = false;

    memset(next, 0, (b->n + 1) * sizeof *next);
    for (size_t j = 0; j <= b->n; j++) {
        if (!row[j])
            continue;
        if (j < b->n && b->cells[j].optional)
            row[j + 1] = true;
        if (a->optional)
            next[j] = any = true;
        if (j < b->n && meet(a, &b->cells[j]))
            next[j + 1] = any = true;
    }
    return any;
}

bool names_may_meet(const struct names_reading *a, const struct names_reading *b)
{
    struct cells x, y;
    bool rows[2][MAX_CELLS + 1] = {{true}};

    make_cells(a->grammar, a->word, &x);
    make_cells(b->grammar, b->word, &y);
    if (a->packed && b->packed) {
        add_packing(&x);
        add_packing(&y);
    }
    for (size_t i = 0; i < x.n; i++)
        if (!walk_row(&x.cells[i], &y, rows[i % 2], rows[(i + 1) % 2]))
            return false;
    bool *last = rows[x.n % 2];
    for (size_t j = 0; j < y.n; j++)
        if (last[j] && y.cells[j].optional)
            last[j + 1] = true;
    return last[y.n];
}
