/*
 * The management report as a page for people: one self-contained HTML text with tables and pictures, from the rows of
 * MGMT alone (formats/FILES.md, 10). Pure: the same facts give the same bytes; nothing is read, no clock, no
 * network.
 *
 *   char *page = mgmt_page(&facts); … g_free(page);
 *
 * Strings are borrowed and may hold any text: they are escaped. Numbers below 0 count as 0.
 */
#ifndef ECOSGATE_GATEWAY_REPORTS_MGMT_PAGE_H
#define ECOSGATE_GATEWAY_REPORTS_MGMT_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One row of MGMT, in its order (formats/FILES.md, 10). All are numbers of Devices. */
struct mgmt_row {
    const char *device_type, *region; /* region NULL or "": not known */
    int64_t in_scope, migrated, failed_once, failed_many, non_migratable, remaining;
    const char *top_error; /* the most frequent code of the period; NULL or "": none */
};

/* The sums of one week's MGMT. */
struct mgmt_week {
    int64_t end; /* of its period */
    int64_t in_scope, migrated, remaining;
};

struct mgmt_figures {
    const char *org, *environment; /* the gateway's */
    int64_t start, end;            /* of the period, seconds UTC */
    const struct mgmt_row *rows;
    size_t n_rows;
    const struct mgmt_week *weeks; /* oldest first; the last one is this period's */
    size_t n_weeks;
    int64_t end_date; /* when all shall be migrated; 0: not set */
};

/* What remains, at the pace of the last weeks (at most four). */
struct mgmt_forecast {
    int64_t remaining;
    double per_week; /* migrated, on average; 0: none, or fewer than two weeks are known */
    int64_t finish;  /* when nothing remains; 0: not within 100 years at that pace */
    double needed;   /* a week, to be done by the end date; 0: there is none, or it has passed, or nothing remains */
};
void mgmt_forecast(const struct mgmt_figures *facts, struct mgmt_forecast *forecast);

/* The whole page, UTF-8; g_free. */
char *mgmt_page(const struct mgmt_figures *facts);

#endif
