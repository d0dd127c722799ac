/* Any bytes as an XML document, in pieces of a size that the first byte picks: the reader never
 * crashes, a stop always has a reason, and the size of the pieces makes no difference. */
#include "formats/reader.h"

#include <glib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
    unsigned headers, records, faults;
    uint32_t last_ordinal;
    guint hash; /* of all places and lengths */
};

static void look_at(struct seen *seen, struct place at, const char *text, size_t len)
{
    g_assert(at.line == 0 || at.column > 0);
    seen->hash = (seen->hash * 31 + at.line) * 31 + at.column;
    for (size_t i = 0; text && i < len; i++) /* reads all of it */
        seen->hash = seen->hash * 31 + (unsigned char)text[i];
}

static void look_at_fields(struct seen *seen, const struct record *record, size_t max_chars)
{
    look_at(seen, record->at, NULL, 0);
    for (size_t i = 0; i < record->n_fields; i++) {
        const struct field *f = &record->fields[i];

        look_at(seen, f->at, f->text, f->len);
        g_assert(f->text || f->len == 0);
        g_assert(!f->text || g_utf8_strlen(f->text, (gssize)f->len) <= (glong)max_chars);
    }
}

static void on_header(void *user, const struct record *header)
{
    struct seen *seen = user;

    seen->headers++;
    g_assert(header->n_fields == HEADER_COLUMNS);
    look_at_fields(seen, header, 128);
}

static void on_record(void *user, const struct record *record)
{
    struct seen *seen = user;

    g_assert(record->ordinal > seen->last_ordinal && record->n_fields == INSTRUCTION_COLUMNS);
    seen->last_ordinal = record->ordinal;
    seen->records++;
    look_at_fields(seen, record, LAYOUT_FIELD_MAX_CHARS);
}

static void on_count(void *user, const struct field *declared)
{
    look_at(user, declared->at, declared->text, declared->len);
}

static void on_fault(void *user, const struct fault *fault)
{
    struct seen *seen = user;

    seen->faults++;
    g_assert(fault->text && !strchr(fault->text, '\n') && g_utf8_validate(fault->text, -1, NULL));
    look_at(seen, fault->at, fault->value, fault->value_len);
    look_at(seen, fault->at, fault->text, strlen(fault->text));
}

static struct seen read_in_pieces(const uint8_t *data, size_t size, size_t step)
{
    struct seen seen = {0};
    const struct reader_sink sink = {&seen, on_header, on_record, on_count, on_fault};
    const struct reader_limits limits = {100};
    struct reader *reader = reader_new(FORM_XML, layout_find("EMI", 3), &limits, &sink);
    bool more = true;

    for (size_t i = 0; i < size && more; i += step) {
        size_t n = MIN(step, size - i);
        g_autofree char *piece = g_memdup2(data + i, n); /* exact size: the sanitizer sees one byte over */

        more = reader_push(reader, piece, n);
        g_assert(more || seen.faults > 0);
    }
    reader_finish(reader);
    g_assert(seen.records <= reader_records(reader));
    g_assert(seen.faults > 0 || seen.headers == 1);
    reader_free(reader);
    return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t step = size > 0 ? (size_t)data[0] + 1 : 1;
    struct seen whole, pieces;

    if (size == 0)
        return 0;
    whole = read_in_pieces(data + 1, size - 1, size);
    pieces = read_in_pieces(data + 1, size - 1, step);
    g_assert(whole.hash == pieces.hash && whole.faults == pieces.faults && whole.records == pieces.records);
    return 0;
}
