/*
 * Both forms of output come from one JSON object, so that a person and a program can never be told different things.
 * Widths are counted in characters, not bytes: texts may hold UTF-8.
 */
#include "gateway/commands/output.h"

#include "gateway/commands/command.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* The longest keys and states are as wide: device_incidents, CONFIRM_MISMATCH. What does not fit into a line goes on in
 * the next one, CONTINUED further to the right; a text that has LEAST columns left is broken where it stands. */
enum { KEY_WIDTH = 16, MAX_COLUMNS = 16, CONTINUED = 4, LEAST = 30, NARROWEST = 40 };

/* ---- the width of lines ---- */

int output_columns(void)
{
    const char *said = g_getenv("COLUMNS");
    struct winsize size = {0};
    gint64 columns = said != NULL ? g_ascii_strtoll(said, NULL, 10) : 0;

    if (columns <= 0 && isatty(STDOUT_FILENO) == 1 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
        columns = size.ws_col;
    return columns <= 0 ? 0 : (int)CLAMP(columns, NARROWEST, G_MAXINT);
}

/* How many bytes of the text go into a line of that width: up to a space if there is one, else all up to the next. */
static size_t line_length(const char *text, glong width)
{
    size_t fits = 0;

    for (const char *space = text; *space != '\0';) {
        const char *end = strchr(space, ' ');
        size_t len = end != NULL ? (size_t)(end - text) : strlen(text);
        if (fits > 0 && g_utf8_strlen(text, (gssize)len) > width)
            break;
        fits = len;
        if (end == NULL)
            break;
        space = end + 1;
    }
    return fits;
}

/* Prints the text and a line's end, broken at spaces, the further lines as far to the right as `at`. columns 0: not
 * broken. */
static void print_broken(const char *text, int at, int columns)
{
    while (columns > 0 && g_utf8_strlen(text, -1) > columns - at) {
        size_t len = line_length(text, columns - at);
        if (text[len] == '\0')
            break;
        printf("%.*s\n%*s", (int)len, text, at, "");
        text += len + 1;
    }
    puts(text);
}

/* ---- objects ---- */

void output_set(json_t *object, const char *key, json_t *value)
{
    (void)json_object_set_new(object, key, value ? value : json_null()); /* fails only for a key that is not UTF-8 */
}

void output_set_text(json_t *object, const char *key, const char *text)
{
    output_set(object, key, text ? json_string(text) : NULL);
}

void output_set_number(json_t *object, const char *key, json_int_t number)
{
    output_set(object, key, json_integer(number));
}

void output_set_optional(json_t *object, const char *key, json_int_t number, json_int_t none)
{
    output_set(object, key, number != none ? json_integer(number) : NULL);
}

/* NULL for null, arrays and objects. */
static char *scalar_text(const json_t *value)
{
    if (json_is_string(value))
        return g_strdup(json_string_value(value));
    if (json_is_integer(value))
        return g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
    if (json_is_boolean(value))
        return g_strdup(json_is_true(value) ? "yes" : "no");
    return NULL;
}

void output_print(const json_t *object)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)object, key, value)
    {
        g_autofree char *text = scalar_text(value);
        if (text == NULL)
            continue;
        int at = MAX(KEY_WIDTH, (int)strlen(key)) + 1;
        printf("%-*s ", KEY_WIDTH, key);
        print_broken(text, at, output_columns());
    }
}

void output_object(bool json, json_t *object)
{
    if (json) {
        command_print_json(object);
        return;
    }
    output_print(object);
    json_decref(object);
}

static char *cell(const json_t *row, const char *column)
{
    char *text = scalar_text(json_object_get(row, column));

    return text ? text : g_strdup("-");
}

static void pad(const char *text, glong width, bool right)
{
    glong missing = MAX(width - g_utf8_strlen(text, -1), 0);

    if (right)
        printf("%*s%s", (int)missing, "", text);
    else
        printf("%s%*s", text, (int)missing, "");
}

/* The widest word of a text. */
static glong longest_word(const char *text)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    glong longest = 0;

    for (char **word = words; *word != NULL; word++)
        longest = MAX(longest, g_utf8_strlen(*word, -1));
    return longest;
}

/* What the cells of a column are. */
struct measure {
    glong width, word; /* of the widest, and of the widest word */
    bool numeric;      /* it holds numbers only, which are aligned to the right */
};

static struct measure measure(const json_t *rows, const char *column, size_t most)
{
    struct measure m = {.width = (glong)strlen(column)};
    size_t numbers = 0, texts = 0;

    for (size_t r = 0; r < json_array_size(rows) && r < most; r++) {
        const json_t *row = json_array_get(rows, r);
        const json_t *value = json_object_get(row, column);
        g_autofree char *text = cell(row, column);
        m.width = MAX(m.width, g_utf8_strlen(text, -1));
        m.word = MAX(m.word, longest_word(text));
        numbers += json_is_integer(value);
        texts += !json_is_integer(value) && !json_is_null(value);
    }
    m.numeric = numbers > 0 && texts == 0;
    return m;
}

/* How the columns of one table are set. */
struct table {
    const char *const *columns;
    const char *indent;
    int room; /* output_columns */
    struct measure cells[MAX_COLUMNS];
    bool breaks[MAX_COLUMNS]; /* the column begins a further line of the row */
    int last_at;              /* where the last column begins */
};

/* Rows that are too wide get further lines, each in the same places. The last column, if it is text, takes what is
 * left, as long as that is enough for its widest word. */
static void set_places(struct table *table)
{
    int first = (int)g_utf8_strlen(table->indent, -1), at = first;

    for (size_t c = 0; table->columns[c] != NULL; c++) {
        const struct measure *cells = &table->cells[c];
        bool takes_rest =
            table->columns[c + 1] == NULL && !cells->numeric && table->room - at >= MAX(LEAST, cells->word);
        table->breaks[c] = c > 0 && table->room > 0 && at + cells->width > table->room && !takes_rest;
        if (table->breaks[c])
            at = first + CONTINUED;
        table->last_at = at;
        at += (int)cells->width + 2;
    }
}

/* Whether the row has no value from that column on: then its further lines are left out. */
static bool is_empty_from(const struct table *table, const json_t *row, size_t c)
{
    while (table->columns[c] != NULL && json_is_null(json_object_get(row, table->columns[c])))
        c++;
    return table->columns[c] == NULL;
}

/* row NULL: the heading. */
static void print_row(const struct table *table, const json_t *row)
{
    fputs(table->indent, stdout);
    for (size_t c = 0; table->columns[c] != NULL; c++) {
        g_autofree char *text = row ? cell(row, table->columns[c]) : g_strdup(table->columns[c]);
        bool last = table->columns[c + 1] == NULL, ends = last || table->breaks[c + 1];
        if (table->breaks[c] && row != NULL && is_empty_from(table, row, c))
            break;
        if (table->breaks[c])
            printf("%s%*s", table->indent, CONTINUED, "");
        if (last && !table->cells[c].numeric) {
            print_broken(text, table->last_at, table->room);
            break;
        }
        /* No spaces after the last one: a line ends with its text. */
        pad(text, ends && !table->cells[c].numeric ? 0 : table->cells[c].width, table->cells[c].numeric);
        fputs(ends ? "\n" : "  ", stdout);
    }
}

static void print_table(const json_t *rows, const char *const *columns, size_t most, const char *indent)
{
    struct table table = {.columns = columns, .indent = indent, .room = output_columns()};

    for (size_t c = 0; columns[c] != NULL; c++)
        table.cells[c] = measure(rows, columns[c], most);
    set_places(&table);
    print_row(&table, NULL);
    for (size_t r = 0; r < json_array_size(rows) && r < most; r++)
        print_row(&table, json_array_get(rows, r));
}

void output_table(const json_t *rows, const char *const *columns, size_t most, const char *indent)
{
    size_t n = json_array_size(rows);

    if (n == 0)
        return;
    print_table(rows, columns, most, indent);
    if (n > most)
        printf("%s… and %zu more; --json lists them\n", indent, n - most);
}

void output_section(const char *title, const json_t *rows, const char *const *columns)
{
    if (json_array_size(rows) == 0)
        return;
    puts(title);
    output_table(rows, columns, OUTPUT_MOST_ROWS, "  ");
}

void output_list_begin(struct output_list *list, bool json, size_t most)
{
    *list = (struct output_list){.json = json, .most = most, .rows = json_array()};
}

void output_list_add(struct output_list *list, json_t *row)
{
    if (list->json)
        command_print_json(row);
    else if (json_array_size(list->rows) > list->most)
        json_decref(row);
    else
        (void)json_array_append_new(list->rows, row); /* fails only without memory, which ends the program */
}

void output_list_end(struct output_list *list, const char *const *columns, const char *none)
{
    size_t n = json_array_size(list->rows);

    if (n > 0)
        print_table(list->rows, columns, list->most, "");
    else if (!list->json && none != NULL)
        puts(none);
    if (n > list->most)
        puts("… and more; --json lists them all");
    output_list_drop(list);
}

void output_list_drop(struct output_list *list)
{
    json_decref(list->rows);
    list->rows = NULL;
}

void output_page_end(bool json, bool more, const char *after)
{
    if (more && !json)
        printf("… perhaps more: the same call with --after %s\n", after);
}
