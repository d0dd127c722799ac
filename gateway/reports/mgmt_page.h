/*
 * The management report as a page for people: one HTML text with tables and charts, from the rows of MGMT alone
 * (formats/FILES.md, 10). Pure functions: the same figures give the same bytes; they know no clock and no network, and
 * cannot fail. The page holds all that it needs and loads nothing.
 *
 *   char *page = mgmt_page(&figures); … g_free(page);
 *
 * Strings are borrowed and may hold any text: they are escaped. Numbers below 0 count as 0. Times are seconds UTC.
 */
#ifndef ECOSGATE_GATEWAY_REPORTS_MGMT_PAGE_H
#define ECOSGATE_GATEWAY_REPORTS_MGMT_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One row of MGMT, in the order of its columns. All figures are numbers of Devices. */
struct mgmt_row {
    const char *device_type, *region; /* region NULL or "": not known */
    int64_t in_scope, migrated, failed_once, failed_many, non_migratable, remaining;
    const char *top_error; /* the most frequent code of the period; NULL or "": none */
};

/* The sums over all rows of one week's MGMT. */
struct mgmt_week {
    int64_t end; /* of the week */
    int64_t in_scope, migrated, remaining;
};

struct mgmt_figures {
    const char *org, *environment; /* the gateway's */
    int64_t start, end;            /* of the period */
    const struct mgmt_row *rows;
    size_t n_rows;
    const struct mgmt_week *weeks; /* oldest first; the last one is this period's */
    size_t n_weeks;
    int64_t end_date; /* by which all Devices shall be migrated (setting migration_end); 0: not set */
    int64_t closes;   /* when TCoS closes (setting tcos_closes); 0: not set */
};

/* When nothing will remain, if the pace of the last weeks (at most four) goes on. */
struct mgmt_forecast {
    int64_t remaining;
    double per_week; /* Devices migrated in a week, on average; 0: none, or fewer than two weeks are known */
    int64_t finish;  /* when nothing remains; 0: not within 100 years */
    double needed; /* Devices a week to be done by the end date; 0: there is none, it has passed, or nothing remains */
};
/* Fills *forecast. */
void mgmt_forecast(const struct mgmt_figures *figures, struct mgmt_forecast *forecast);

/* The whole page, UTF-8. g_free. */
char *mgmt_page(const struct mgmt_figures *figures);

#endif
