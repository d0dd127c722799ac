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
#include "gateway/condition/kept_file.h"

/* Seconds between two writings, at least; a browser reads the page anew as often. */
enum { LIVE_PAGE_SECONDS = 10 };

/* The whole page, UTF-8. g_free. */
char *live_page(const struct gateway *gateway, const struct condition *condition, const struct day *day);

#define LIVE_PAGE_FILE "status.html"
/* Keeps the page in the configured folder, under that name; nothing if there is none. */
void live_page_keep(struct kept_file *file, struct gateway *gateway, bool last);

#endif
