/*
 * Whether a name can fit two grammars. Each grammar is a row of cells: which characters may stand there, and whether
 * the cell may be left out. Two rows are walked side by side; all pairs of cells that a name can lead to are visited
 * once. Words of forms and packings are taken place by place, so a few pairs are refused that no real name fits.
 */
#include "formats/name/names_private.h"

#include <string.h>

enum { MAX_CELLS = FILENAME_MAX_BYTES + 1, PACKING_CELLS = 4 };

struct cell {
    guint64 low, high; /* bit c: the character c; c - 64 */
    bool optional;
};

struct names_cells {
    size_t n;
    struct cell cells[MAX_CELLS + PACKING_CELLS]; /* behind the n: the cells of ".gz" and ".zip" */
};

/* One that takes each of these characters. */
static struct cell cell_of(const char *accepted)
{
    struct cell cell = {0};

    for (; *accepted != '\0'; accepted++) {
        unsigned char c = (unsigned char)*accepted;
        *(c < 64 ? &cell.low : &cell.high) |= G_GUINT64_CONSTANT(1) << (c % 64);
    }
    return cell;
}

static void add_cell(struct names_cells *cells, struct cell cell, bool optional)
{
    cell.optional = optional;
    if (cells->n < MAX_CELLS) /* else such a name would be too long */
        cells->cells[cells->n++] = cell;
}

static void add_text(struct names_cells *cells, const char *text)
{
    for (; *text != '\0'; text++)
        add_cell(cells, cell_of((const char[]){*text, '\0'}), false);
}

static void add_run(struct names_cells *cells, const char *accepted, const struct name_part *part)
{
    const struct cell cell = cell_of(accepted);

    for (size_t i = 0; i < part->max; i++)
        add_cell(cells, cell, i >= part->min);
}

static void add_picture(struct names_cells *cells, const struct name_part *part)
{
    const struct cell digit = cell_of("0123456789"), lower = cell_of("0123456789abcdef"),
                      upper = cell_of("0123456789ABCDEF");

    for (const char *p = part->text; *p != '\0'; p++) {
        bool is_digit = name_picture_is_digit(*p), hex = is_digit && part->kind == NAME_EUI64;
        add_cell(cells,
                 hex        ? (*p == 'x' ? lower : upper)
                 : is_digit ? digit
                            : cell_of((const char[]){*p, '\0'}),
                 false);
    }
}

/* The i-th characters of all words, place by place. */
static void add_forms(struct names_cells *cells, const struct name_grammar *grammar, const struct name_part *part)
{
    for (size_t i = 0; i < part->max; i++) {
        char accepted[NAME_FORM_WORDS + 1] = "";
        size_t n = 0;
        for (size_t f = 0; f < grammar->n_forms; f++)
            if (i < strlen(grammar->forms[f].word))
                accepted[n++] = grammar->forms[f].word[i];
        add_cell(cells, cell_of(accepted), i >= part->min);
    }
}

static void add_parts(struct names_cells *cells, const struct name_grammar *grammar, const char *type)
{
    static const char digits[] = "0123456789", code[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

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

struct names_cells *names_cells_new(const struct name_grammar *grammar, const char *word)
{
    static const char *const packing[PACKING_CELLS] = {".", "gz", "iz", "p"};
    struct names_cells *cells = g_new(struct names_cells, 1);

    cells->n = 0;
    add_parts(cells, grammar, word);
    for (size_t i = 0; i < PACKING_CELLS; i++) {
        cells->cells[cells->n + i] = cell_of(packing[i]);
        cells->cells[cells->n + i].optional = true;
    }
    return cells;
}

static bool meet(const struct cell *a, const struct cell *b)
{
    return (a->low & b->low) != 0 || (a->high & b->high) != 0;
}

/* One row of the walk: from the pairs (i, …) that a name can lead to, to those of i + 1. b has n cells. False: it leads
 * to none. */
static bool walk_row(const struct cell *a, const struct cell *b, size_t n, bool *row, bool *next)
{
    bool any = false;

    memset(next, 0, (n + 1) * sizeof *next);
    for (size_t j = 0; j <= n; j++) {
        if (!row[j])
            continue;
        if (j < n && b[j].optional)
            row[j + 1] = true;
        if (a->optional)
            next[j] = any = true;
        if (j < n && meet(a, &b[j]))
            next[j + 1] = any = true;
    }
    return any;
}

bool names_may_meet(const struct names_cells *a, const struct names_cells *b, bool packed)
{
    size_t more = packed ? PACKING_CELLS : 0, n = a->n + more, m = b->n + more;
    bool rows[2][MAX_CELLS + PACKING_CELLS + 1] = {{true}};

    for (size_t i = 0; i < n; i++)
        if (!walk_row(&a->cells[i], b->cells, m, rows[i % 2], rows[(i + 1) % 2]))
            return false;
    bool *last = rows[n % 2];
    for (size_t j = 0; j < m; j++)
        if (last[j] && b->cells[j].optional)
            last[j + 1] = true;
    return last[m];
}
