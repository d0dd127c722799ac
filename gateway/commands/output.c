/*
 * Both forms of output come from one JSON object, so that a person and a program can never be told different things.
 * Widths are counted in characters, not bytes: texts may hold UTF-8.
 */
#include "gateway/commands/output.h"

#include "gateway/commands/command.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>

/* The longest keys and states are as wide: device_incidents, CONFIRM_MISMATCH. */
enum { KEY_WIDTH = 16, MAX_COLUMNS = 16 };

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
        if (text != NULL)
            printf("%-*s %s\n", KEY_WIDTH, key, text);
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

/* The width of a column. *numeric: it holds numbers only, which are aligned to the right. */
static glong measure(const json_t *rows, const char *column, size_t most, bool *numeric)
{
    glong width = (glong)strlen(column);
    size_t numbers = 0, texts = 0;

    for (size_t r = 0; r < json_array_size(rows) && r < most; r++) {
        const json_t *row = json_array_get(rows, r);
        const json_t *value = json_object_get(row, column);
        g_autofree char *text = cell(row, column);
        width = MAX(width, g_utf8_strlen(text, -1));
        numbers += json_is_integer(value);
        texts += !json_is_integer(value) && !json_is_null(value);
    }
    *numeric = numbers > 0 && texts == 0;
    return width;
}

/* How the columns of one table are set. */
struct table {
    const char *const *columns;
    const char *indent;
    glong widths[MAX_COLUMNS];
    bool numeric[MAX_COLUMNS];
};

/* row NULL: the heading. */
static void print_row(const struct table *table, const json_t *row)
{
    fputs(table->indent, stdout);
    for (size_t c = 0; table->columns[c] != NULL; c++) {
        g_autofree char *text = row ? cell(row, table->columns[c]) : g_strdup(table->columns[c]);
        bool last = table->columns[c + 1] == NULL;
        /* No spaces after the last column: a line ends with its text. */
        pad(text, last && !table->numeric[c] ? 0 : table->widths[c], table->numeric[c]);
        fputs(last ? "\n" : "  ", stdout);
    }
}

static void print_table(const json_t *rows, const char *const *columns, size_t most, const char *indent)
{
    struct table table = {.columns = columns, .indent = indent};

    for (size_t c = 0; columns[c] != NULL; c++)
        table.widths[c] = measure(rows, columns[c], most, &table.numeric[c]);
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
