/*
 * A day at a glance, and the same weekday a week before: files, Devices, incidents and reports, as counts. The day is a
 * calendar day in UTC, as the periods of reports are.
 *
 *   struct day day;
 *   if (day_look(&gateway, day_of(clock_now()), &day, &error)) … day_clear(&day);
 */
#ifndef ECOSGATE_GATEWAY_CONDITION_DAY_H
#define ECOSGATE_GATEWAY_CONDITION_DAY_H

#include "gateway/gateway.h"

/* Figures stand together by section, which is the same constant text for all of one section. */
struct day_figure {
    const char *section; /* "files in", "Devices" … */
    char *name;          /* "EMI AC", "migrated" … */
    int64_t n, before;   /* in the day, and a week before */
};

struct day {
    int64_t starts;  /* seconds UTC: 00:00 of the day */
    GArray *figures; /* struct day_figure */
};

/* 00:00 UTC of the day in which the time lies. */
int64_t day_of(int64_t at);
/* Fills *day. False: the ledger failed, and there is nothing to clear. */
bool day_look(struct gateway *gateway, int64_t starts, struct day *day, GError **error);
/* Frees what it holds. */
void day_clear(struct day *day);

/* The greatest figure of a section on either day, at least 1: bars of one section have one scale. */
int64_t day_greatest(const struct day *day, const char *section);

#endif
