#include "gateway/commands/output.h"

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { KEY_WIDTH = 14, MAX_COLUMNS = 16 };

void output_set(json_t *object, const char *key, json_t *value)
{
    (void)json_object_set_new(object, key, value ? value : json_null()); /* keys are ours: it works */
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

/* A scalar as text, NULL for what is none. */
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

/* The width that a column needs; *numeric: it holds numbers alone and is set to the right. */
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

/* row NULL: the headings. */
static void print_row(const json_t *row, const char *const *columns, const glong *widths, const bool *numbers,
                      const char *indent)
{
    fputs(indent, stdout);
    for (size_t c = 0; columns[c] != NULL; c++) {
        g_autofree char *text = row ? cell(row, columns[c]) : g_strdup(columns[c]);
        bool last = columns[c + 1] == NULL;
        /* Nothing is set behind the last column, so that lines end with their text. */
        pad(text, last && !numbers[c] ? 0 : widths[c], numbers[c]);
        fputs(last ? "\n" : "  ", stdout);
    }
}

void output_table(const json_t *rows, const char *const *columns, size_t most, const char *indent)
{
    glong widths[MAX_COLUMNS];
    bool numbers[MAX_COLUMNS];
    size_t n = json_array_size(rows);

    if (n == 0)
        return;
    for (size_t c = 0; columns[c] != NULL; c++)
        widths[c] = measure(rows, columns[c], most, &numbers[c]);
    print_row(NULL, columns, widths, numbers, indent);
    for (size_t r = 0; r < n && r < most; r++)
        print_row(json_array_get(rows, r), columns, widths, numbers, indent);
    if (n > most)
        printf("%s… and %zu more; --json lists them\n", indent, n - most);
}

void output_section(const char *title, const json_t *rows, const char *const *columns, size_t most)
{
    if (json_array_size(rows) == 0)
        return;
    puts(title);
    output_table(rows, columns, most, "  ");
}
