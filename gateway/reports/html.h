/*
 * The elements of the pages that the gateway writes for people: the management page and the live page. A page is one
 * text with inline styles, without scripts, and with a content security policy that forbids everything else: it is
 * opened from mail and from shares, where nothing else would be found. It is readable on a phone, on paper, in light
 * and in dark.
 *
 *   html_begin(out, &head); html_section(out, "drops", "Drops"); … html_section_end(out); … html_end(out);
 *
 * Functions append to out and cannot fail. Strings are borrowed and may hold any text, which is escaped; ids, titles of
 * sections and columns are plain ASCII.
 */
#ifndef ECOSGATE_GATEWAY_REPORTS_HTML_H
#define ECOSGATE_GATEWAY_REPORTS_HTML_H

#include <glib.h>
#include <stdint.h>

struct html_head {
    const char *title;
    int refresh; /* seconds after which a browser reads the page anew; 0: never */
};
/* Everything before the first element of `main`. */
void html_begin(GString *out, const struct html_head *head);
/* Everything after its last element. */
void html_end(GString *out);

/* Appends text, escaped; NULL counts as "". */
void html_text(GString *out, const char *text);

/* A section with a heading; what follows stands side by side where there is room. */
void html_section(GString *out, const char *id, const char *title);
/* Ends the section. */
void html_section_end(GString *out);

/* A table with its head. columns: NULL-terminated; one that begins with '<' is a column of words, without that sign. A
 * row is html_row, its cells, html_row_end. */
void html_table(GString *out, const char *id, const char *caption, const char *const *columns);
/* Ends the table. */
void html_table_end(GString *out);
/* A heading over the rows that follow, as wide as so many columns. */
void html_group(GString *out, const char *name, int columns);
/* Begins a row with its head. */
void html_row(GString *out, const char *name);
/* Ends the row. */
void html_row_end(GString *out);
/* A cell with a number; those below 0 count as 0. */
void html_number(GString *out, int64_t n);
/* A cell with words. */
void html_word(GString *out, const char *word);

/* A bar: part of whole, in a colour of the style sheet ("good", "left", "many" …), and its text. */
struct html_bar {
    int64_t part, whole;
    const char *style, *text;
};
/* Two cells: the text, and the bar. */
void html_bar(GString *out, const struct html_bar *bar);

#endif
