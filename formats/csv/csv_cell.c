/* Quoting of CSV values, and the apostrophe that keeps a spreadsheet from running text as a formula. */
#include "formats/csv/csv_cell.h"

#include <string.h>

const struct csv_separator csv_separators[CSV_SEPARATORS] = {
    {',', "comma", "','", true},        {';', "semicolon", "';'", true}, {'\t', "tab", "'\\t'", true},
    {'|', "vertical bar", "'|'", true}, {'^', "caret", "'^'", true},     {'~', "tilde", "'~'", true},
    {':', "colon", "':'", false},       {' ', "blank", "' '", false},
};

const struct csv_separator *csv_separator(char c)
{
    for (size_t i = 0; i < CSV_SEPARATORS; i++)
        if (csv_separators[i].c == c)
            return &csv_separators[i];
    return NULL;
}

/* Spaces at the ends need quotes too: spreadsheets and some readers trim them otherwise. A loop: strcspn makes a table
 * of the special characters for each cell, which takes longer than most cells. */
static bool needs_quotes(const struct dialect *dialect, const char *value, size_t len)
{
    const char delimiter = dialect->delimiter, quote = dialect->quote;
    bool special = value[0] == ' ' || value[len - 1] == ' ';

    for (size_t i = 0; i < len; i++)
        special |= value[i] == delimiter || value[i] == quote || value[i] == '\r' || value[i] == '\n';
    return special;
}

static void append_quoted(GString *out, char quote, const char *value)
{
    g_string_append_c(out, quote);
    for (const char *p = value; *p != '\0'; p++) {
        if (*p == quote)
            g_string_append_c(out, quote);
        g_string_append_c(out, *p);
    }
    g_string_append_c(out, quote);
}

void csv_cell(GString *out, const struct dialect *dialect, const char *value)
{
    size_t len = value != NULL ? strlen(value) : 0;

    if (len == 0)
        return;
    if (needs_quotes(dialect, value, len))
        append_quoted(out, dialect->quote, value);
    else
        g_string_append_len(out, value, (gssize)len);
}

bool csv_is_formula(const char *text)
{
    return text != NULL && *text != '\0' && strchr("=+-@\t\r", *text) != NULL;
}

char *csv_harmless(const char *value)
{
    return csv_is_formula(value) ? g_strconcat("'", value, NULL) : g_strdup(value);
}

void csv_text_cell(GString *out, const struct dialect *dialect, const char *value)
{
    if (!csv_is_formula(value)) { /* nearly all: without a copy */
        csv_cell(out, dialect, value);
        return;
    }
    g_autofree char *harmless = csv_harmless(value);
    csv_cell(out, dialect, harmless);
}
