/*
 * The management page from figures on standard input, to standard output:
 *     figures ORG ENVIRONMENT START END END_DATE CLOSES
 *     row TYPE REGION IN_SCOPE MIGRATED FAILED_ONCE FAILED_MANY NON_MIGRATABLE REMAINING CODE
 *     week END IN_SCOPE MIGRATED REMAINING
 * Tabs separate the fields; times are seconds UTC.
 */
#include "gateway/reports/mgmt_page.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>

static int64_t number(const char *text)
{
    return g_ascii_strtoll(text, NULL, 10);
}

static bool take_line(char **f, guint n, struct mgmt_figures *figures, GArray *rows, GArray *weeks)
{
    if (n == 7 && strcmp(f[0], "figures") == 0) {
        figures->org = f[1];
        figures->environment = f[2];
        figures->start = number(f[3]);
        figures->end = number(f[4]);
        figures->end_date = number(f[5]);
        figures->closes = number(f[6]);
    } else if (n == 10 && strcmp(f[0], "row") == 0) {
        const struct mgmt_row row = {f[1],         f[2],         number(f[3]), number(f[4]), number(f[5]),
                                     number(f[6]), number(f[7]), number(f[8]), f[9]};
        g_array_append_val(rows, row);
    } else if (n == 5 && strcmp(f[0], "week") == 0) {
        const struct mgmt_week week = {number(f[1]), number(f[2]), number(f[3]), number(f[4])};
        g_array_append_val(weeks, week);
    } else {
        return false;
    }
    return true;
}

int main(void)
{
    g_autoptr(GPtrArray) kept = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
    g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(struct mgmt_row));
    g_autoptr(GArray) weeks = g_array_new(FALSE, FALSE, sizeof(struct mgmt_week));
    struct mgmt_figures figures = {.org = ""};
    char line[4096];

    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        char **fields = g_strsplit(line, "\t", -1);
        g_ptr_array_add(kept, fields);
        if (!take_line(fields, g_strv_length(fields), &figures, rows, weeks)) {
            g_printerr("make_page: the line is none of figures, row and week: %s\n", line);
            return 2;
        }
    }
    figures.rows = (const struct mgmt_row *)(const void *)rows->data;
    figures.n_rows = rows->len;
    figures.weeks = (const struct mgmt_week *)(const void *)weeks->data;
    figures.n_weeks = weeks->len;
    g_autofree char *page = mgmt_page(&figures);
    return fputs(page, stdout) < 0 || fflush(stdout) != 0;
}
