/*
 * Output for people and for programs from one source. A command builds the JSON object that --json prints; the
 * functions here print the same object as aligned text.
 *
 *   json_t *row = json_object();
 *   output_set_text(row, "name", name);
 *   output_list_add(&list, row);
 */
#ifndef ECOSGATE_GATEWAY_COMMANDS_OUTPUT_H
#define ECOSGATE_GATEWAY_COMMANDS_OUTPUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Rows that a table for people shows at most; with --json a list has no limit. */
enum { OUTPUT_MOST_ROWS = 1000 };

/* ---- members of an object ---- */

/* Sets a member. Takes the reference of the value; NULL becomes JSON null. */
void output_set(json_t *object, const char *key, json_t *value);
/* Sets a text; NULL becomes JSON null. */
void output_set_text(json_t *object, const char *key, const char *text);
/* Sets a number. */
void output_set_number(json_t *object, const char *key, json_int_t number);
/* Sets a number, or JSON null when it equals `none`. */
void output_set_optional(json_t *object, const char *key, json_int_t number, json_int_t none);

/* ---- text for people ---- */

/* Columns at which lines for people are broken: those of the terminal, or what the environment variable COLUMNS says;
 * at least 40. 0: standard output is no terminal. Then nothing is broken, so that `grep` sees a row or a fact whole. */
int output_columns(void);

/* Prints the members that are text, number or boolean, one on a line: "key            value". A long value is broken
 * at spaces. */
void output_print(const json_t *object);

/* Prints an object that has no lists: as one line of JSON, or for people. Takes the reference. */
void output_object(bool json, json_t *object);

/* Prints the members named by columns (NULL-terminated) of the first `most` rows as a table with a heading, each line
 * after `indent`. A row that is too wide goes on in a further line, as the heading does; the last column, if it is
 * text, is broken at spaces. A last line says how many rows are left out. No rows: prints nothing. */
void output_table(const json_t *rows, const char *const *columns, size_t most, const char *indent);

/* Prints a title and under it a table of at most OUTPUT_MOST_ROWS rows. No rows: prints nothing. */
void output_section(const char *title, const json_t *rows, const char *const *columns);

/* ---- lists ---- */

/* With --json each row is printed as soon as it is added. For people the rows are kept for one table. */
struct output_list {
    bool json;
    size_t most;  /* rows that the table shows */
    json_t *rows; /* for people; one more than `most` is kept, so that the output can say that there are more */
};

/* Begins a list; end it with output_list_end. */
void output_list_begin(struct output_list *list, bool json, size_t most);
/* Adds a row. Takes the reference. */
void output_list_add(struct output_list *list, json_t *row);
/* For people: prints the table, or the line `none` for an empty list (NULL: no line). Frees the rows. */
void output_list_end(struct output_list *list, const char *const *columns, const char *none);
/* For people, behind a page that was filled (more): how to see the next one. after: the value of --after. */
void output_page_end(bool json, bool more, const char *after);
/* Frees the rows and prints nothing, after an error. */
void output_list_drop(struct output_list *list);

#endif
