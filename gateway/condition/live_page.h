/*
 * The live page: the condition of the gateway and its day as one HTML text, for a screen on the wall, a phone or paper.
 * It names no Device and no supply point: whatever looks like an EUI-64, and every long number, is left out. A pure
 * function, but for what the figures say.
 *
 *   char *page = live_page(&gateway, &condition, &day); … g_free(page);
 */
#ifndef ECOSGATE_GATEWAY_CONDITION_LIVE_PAGE_H
#define ECOSGATE_GATEWAY_CONDITION_LIVE_PAGE_H

#include "gateway/condition/condition.h"
#include "gateway/condition/day.h"

/* Seconds between two writings, at least; a browser reads the page anew as often. */
enum { LIVE_PAGE_SECONDS = 10 };

/* The whole page, UTF-8. g_free. */
char *live_page(const struct gateway *gateway, const struct condition *condition, const struct day *day);

/* Keeps the page in the configured folder, under this name. */
#define LIVE_PAGE_FILE "status.html"
struct live_page_file {
    int64_t next; /* monotonic microseconds: not written before */
    char *cause;  /* why it could not be written last; NULL: it was, or none is configured; the owner frees it */
};
/* Writes the page if a folder is configured and it is time; `last` is the end of a run, when it always is. A page that
 * cannot be written is said once and stops nothing. */
void live_page_keep(struct live_page_file *file, struct gateway *gateway, bool last);

#endif
