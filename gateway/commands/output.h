/*
 * Facts for people: the JSON that --json prints, as aligned text. One source, so that both say the
 * same.
 */
#ifndef ECOSGATE_GATEWAY_COMMANDS_OUTPUT_H
#define ECOSGATE_GATEWAY_COMMANDS_OUTPUT_H

#include <jansson.h>
#include <stddef.h>

/* Sets key, taking the reference; a value that could not be made (NULL) becomes null. */
void output_set(json_t *object, const char *key, json_t *value);
void output_set_text(json_t *object, const char *key, const char *text);
void output_set_number(json_t *object, const char *key, json_int_t number);
/* The number, null for none. */
void output_set_optional(json_t *object, const char *key, json_int_t number, json_int_t none);

/* The scalar members that are not null, one a line: "key         value". */
void output_print(const json_t *object);

/* The named members (NULL-terminated) of at most `most` of the objects, in columns under their
 * names, with what stands before each line; then how many more there are. */
void output_table(const json_t *rows, const char *const *columns, size_t most, const char *indent);

/* A title and the table under it; nothing where there are no rows. */
void output_section(const char *title, const json_t *rows, const char *const *columns, size_t most);

#endif
