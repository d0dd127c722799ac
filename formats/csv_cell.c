/* Quoting of CSV values, and the apostrophe that keeps a spreadsheet from running text as a formula. */
#include "formats/csv_cell.h"

#include <stdbool.h>
#include <string.h>

/* Spaces at the ends need quotes too: spreadsheets and some readers trim them otherwise. */
static bool needs_quotes(const char *value, size_t len)
{
    return value[0] == ' ' || value[len - 1] == ' ' || strcspn(value, ",\"\r\n") != len;
}

static void append_quoted(GString *out, const char *value)
{
    g_string_append_c(out, '"');
    for (const char *p = value; *p != '\0'; p++) {
        if (*p == '"')
            g_string_append_c(out, '"');
        g_string_append_c(out, *p);
    }
    g_string_append_c(out, '"');
}

void csv_cell(GString *out, const char *value)
{
    size_t len = value != NULL ? strlen(value) : 0;

    if (len == 0)
        return;
    if (needs_quotes(value, len))
        append_quoted(out, value);
    else
        g_string_append_len(out, value, (gssize)len);
}

char *csv_harmless(const char *value)
{
    bool formula = value != NULL && *value != '\0' && strchr("=+-@\t\r", *value) != NULL;

    return formula ? g_strconcat("'", value, NULL) : g_strdup(value);
}

void csv_text_cell(GString *out, const char *value)
{
    g_autofree char *harmless = csv_harmless(value);

    csv_cell(out, harmless);
}
