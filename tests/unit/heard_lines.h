/*
 * What a reader gives for a document in a format that a test has made, one line for each call of the sink. Include it
 * after cmocka.
 */
#ifndef ECOSGATE_TESTS_UNIT_HEARD_LINES_H
#define ECOSGATE_TESTS_UNIT_HEARD_LINES_H

#include "formats/profile.h"
#include "formats/reader.h"

#include <glib.h>

static void heard_add_record(GString *out, const char *what, const struct record *record)
{
    g_string_append(out, what);
    for (size_t i = 0; i < record->n_fields; i++) {
        const struct field *f = &record->fields[i];

        g_string_append_printf(out, "|%.*s", f->text ? (int)f->len : 1, f->text ? f->text : "-");
    }
    g_string_append_c(out, '\n');
}

static void heard_on_header(void *user, const struct record *record)
{
    heard_add_record(user, "header", record);
}

static void heard_on_record(void *user, const struct record *record)
{
    heard_add_record(user, "row", record);
}

static void heard_on_count(void *user, const struct field *declared)
{
    g_string_append_printf(user, "count %.*s\n", (int)declared->len, declared->text);
}

static void heard_on_fault(void *user, const struct fault *fault)
{
    g_string_append_printf(user, "%s: %s\n", fault->field ? fault->field : "-", fault->text);
}

/* Reads a document of the type, and compares what was given. */
static void heard_expect(const struct file_type *type, enum form form, const char *document, const char *expected)
{
    g_autoptr(GString) heard = g_string_new(NULL);
    const struct reader_sink sink = {heard, heard_on_header, heard_on_record, heard_on_count, heard_on_fault};
    const struct reader_limits limits = {10};
    struct reader *reader = reader_new(form, type, &limits, &sink);

    (void)reader_push(reader, document, strlen(document)); /* reader_finish says the same */
    (void)reader_finish(reader);
    reader_free(reader);
    assert_string_equal(heard->str, expected);
}

#endif
