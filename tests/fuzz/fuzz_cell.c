/*
 * Fuzz target: any bytes as a document that a cell reads, or as what a cell says (cell_message.h). The first byte tells
 * which (enum input), so that each input is heard few times.
 * - What the gateway hears is what the reader gave, event by event, however the messages are cut; and what it gives
 *   record by record, by the slow way (reader_parse_all).
 * - No record reaches a sink that has stopped the reading.
 * - Of messages with wrong bytes, and of any bytes, nothing reaches the sink that a reader would not give: texts are
 *   UTF-8 within their limits, records count up, a message that is not right ends the hearing.
 */
#include "formats/xml/xml_signature.h"
#include "gateway/cells/cell_message.h"
#include "tests/fuzz/document.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_RECORDS = 100, MAX_PLAIN = 1 << 20, GUARDS = 5 };

/* The first byte. No document begins with one of these. */
enum input {
    INPUT_RECORDS,   /* what a cell says of a document in CSV or XML; the next byte tells the file type */
    INPUT_BYTES,     /* of plain bytes */
    INPUT_SIGNATURE, /* of a signature */
    INPUTS,          /* any other: a document, with its first byte */
};

static const struct unpack_limits limits = {.max_bytes = MAX_PLAIN, .max_ratio = 200};

/* All that a sink gets, as text. */
struct listener {
    GString *events;
    const struct file_type *type;
    uint32_t ordinal;
    enum reading_signature signature;
    unsigned faults;
    size_t plain;
    struct cell_out *out;    /* what comes is said there, too; NULL: nowhere */
    struct reading *reading; /* is stopped at the record stop_at; NULL: never */
    uint32_t stop_at;
};

static void add_fields(struct listener *l, const struct field *fields, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        g_assert(fields[i].text != NULL || fields[i].len == 0);
        g_assert(fields[i].len <= 4 * LAYOUT_HEADER_MAX_CHARS);
        g_assert(fields[i].len == 0 || g_utf8_validate_len(fields[i].text, fields[i].len, NULL));
        g_string_append_printf(l->events, " %u:%u %c", fields[i].at.line, fields[i].at.column,
                               fields[i].text != NULL ? '=' : '-');
        g_string_append_len(l->events, fields[i].len > 0 ? fields[i].text : "", (gssize)fields[i].len);
    }
}

static void add_record(struct listener *l, const char *word, const struct record *record)
{
    g_string_append_printf(l->events, "\n%s %u %u:%u", word, record->ordinal, record->at.line, record->at.column);
    add_fields(l, record->fields, record->n_fields);
    if (record->words != NULL)
        add_fields(l, record->words, record->n_fields);
}

static void on_header(void *user, const struct record *record)
{
    struct listener *l = user;

    g_assert(record->ordinal == 0);
    add_record(l, "header", record);
    if (l->out != NULL)
        cell_say_header(l->out, record);
}

static void on_record(void *user, const struct record *record)
{
    struct listener *l = user;

    g_assert(record->ordinal > l->ordinal && record->ordinal <= MAX_RECORDS);
    g_assert(record->n_fields == l->type->record->n_fields + l->type->record->n_kept);
    g_assert(l->reading == NULL || !l->reading->stopped);
    l->ordinal = record->ordinal;
    if (l->reading != NULL)
        l->reading->stopped = record->ordinal >= l->stop_at;
    add_record(l, "record", record);
    if (l->out != NULL)
        cell_say_record(l->out, record);
}

static void on_rows(void *user, const struct rows *given)
{
    struct listener *l = user;
    struct rows rows = *given;
    struct field fields[LAYOUT_MAX_COLUMNS];

    g_assert(rows.n > 0 && rows.ordinal > l->ordinal && rows.n <= MAX_RECORDS - rows.ordinal + 1);
    while (rows.n > 0) {
        const struct record record = {
            .ordinal = rows.ordinal, .at = {rows.line, 1}, .n_fields = rows.n_fields, .fields = fields};
        l->ordinal = rows.ordinal;
        rows_take(&rows, fields);
        add_record(l, "record", &record);
    }
    cell_say_rows(l->out, given);
}

static void on_count(void *user, const struct field *declared)
{
    struct listener *l = user;

    g_assert(declared->text != NULL);
    g_string_append(l->events, "\ncount");
    add_fields(l, declared, 1);
    if (l->out != NULL)
        cell_say_count(l->out, declared);
}

static void check_line(const char *text)
{
    g_assert(g_utf8_validate(text, -1, NULL));
    for (const char *p = text; *p != '\0'; p++)
        g_assert(!g_ascii_iscntrl(*p));
}

static void on_fault(void *user, const struct fault *fault)
{
    struct listener *l = user;
    size_t len = MIN(fault->value_len, (size_t)CELL_MAX_VALUE);

    if (l->signature == READING_SIGNATURE_WANTED)
        g_assert(++l->faults == 1 && fault->kind <= FAULT_SIGNATURE);
    else
        g_assert(fault->kind <= FAULT_QUOTING);
    g_assert(fault->ordinal <= MAX_RECORDS);
    check_line(fault->text);
    check_line(fault->field != NULL ? fault->field : "");
    g_string_append_printf(l->events, "\nfault %d %u %u:%u %s %s %zu ", (int)fault->kind, fault->ordinal,
                           fault->at.line, fault->at.column, fault->field != NULL ? fault->field : "-", fault->text,
                           len);
    g_string_append_len(l->events, fault->value != NULL ? fault->value : "", (gssize)(fault->value != NULL ? len : 0));
    if (l->out != NULL)
        cell_say_fault(l->out, fault);
}

static void on_bytes(void *user, const char *bytes, size_t len)
{
    struct listener *l = user;

    g_assert(len <= CELL_PIECE);
    g_string_append_len(l->events, bytes, (gssize)len);
    g_assert(l->signature == READING_SIGNATURE_WANTED || l->events->len <= MAX_PLAIN);
    l->plain += len;
    g_assert(l->signature != READING_SIGNATURE_WANTED || l->plain <= XML_SIGNATURE_MAX_CHAIN);
}

static struct reader_sink sink_of(struct listener *l)
{
    return (struct reader_sink){l, on_header, on_record, on_count, on_fault};
}

/* ---- hearing ---- */

struct heard {
    struct listener listener;
    struct reading reading;
    enum reading_state end; /* if it is over */
    bool over, nonsense;
};

/* Hears the bytes: those up to `cut`, and then all that is left. type NULL: plain bytes are expected, or what is said
 * of a signature. stop_at: the record at which the reading is stopped; 0: none. */
static struct heard hear_of(const struct file_type *type, enum reading_signature signature, const unsigned char *bytes,
                            size_t len, size_t cut, uint32_t stop_at)
{
    struct heard heard = {
        .listener = {.events = g_string_new(NULL), .type = type, .signature = signature, .stop_at = stop_at}};
    const struct reading_request request = {.type = type,
                                            .signature = signature,
                                            .unpack = &limits,
                                            .max_records = MAX_RECORDS,
                                            .sink = sink_of(&heard.listener),
                                            .on_bytes = on_bytes};
    struct cell_ear ear = {.reading = &heard.reading, .request = &request, .file_size = len};

    heard.listener.reading = stop_at > 0 ? &heard.reading : NULL;
    size_t used = cell_hear(&ear, bytes, cut);
    g_assert(used <= cut);
    /* A copy of what is left, exactly as long, so that the sanitizer sees a read beyond it. */
    g_autofree unsigned char *rest = g_memdup2(bytes + used, len - used);
    if (ear.nonsense == NULL)
        g_assert(cell_hear(&ear, rest, len - used) <= len - used);
    g_assert(!ear.over || ear.nonsense == NULL);
    g_assert((ear.failure != NULL) == (ear.over && ear.end == READING_FAILED));
    g_assert(heard.reading.records <= MAX_RECORDS && heard.reading.packed <= len);
    heard.end = ear.end;
    heard.over = ear.over;
    heard.nonsense = ear.nonsense != NULL;
    cell_ear_clear(&ear);
    return heard;
}

static struct heard hear(const struct file_type *type, const unsigned char *bytes, size_t len, size_t cut)
{
    return hear_of(type, READING_SIGNATURE_NONE, bytes, len, cut, 0);
}

static void heard_free(struct heard *heard)
{
    g_string_free(heard->listener.events, TRUE);
}

/* ---- saying ---- */

/* Reads the document: as a cell does, or each record by the slow way. */
static enum reading_state read_document(const struct document *document, enum form form, struct listener *l,
                                        bool as_cell, uint32_t *records)
{
    const struct reader_limits most = {MAX_RECORDS};
    struct reader_sink sink = sink_of(l);
    struct reader *reader = reader_new(form, l->type, &most, &sink);

    if (as_cell)
        reader_give_rows(reader, on_rows);
    else
        reader_parse_all(reader);
    bool whole = document_push(document, reader, false);
    *records = reader_records(reader);
    reader_free(reader);
    return whole ? READING_WHOLE : READING_CUT;
}

/* Reads the document as a cell does, and says it into a file in memory. Returns what the reader gave. */
static struct listener say(const struct document *document, enum form form, const struct file_type *type, int fd,
                           enum reading_state *end)
{
    static struct cell_out out; /* a megabyte */
    struct listener l = {.events = g_string_new(NULL), .type = type, .out = &out};
    struct reading reading = {0};

    out.fd = fd;
    out.len = 0;
    cell_say_hello(&out, GUARDS);
    *end = read_document(document, form, &l, true, &reading.records);
    cell_say_end(&out, &reading, *end);
    return l;
}

/* The same document, read by the slow way, gives the same. */
static void check_slowly(const struct document *document, enum form form, const struct listener *given,
                         enum reading_state end)
{
    struct listener slowly = {.events = g_string_new(NULL), .type = given->type};
    uint32_t records;

    g_assert(read_document(document, form, &slowly, false, &records) == end);
    g_assert_cmpstr(slowly.events->str, ==, given->events->str);
    g_assert(g_string_equal(slowly.events, given->events));
    g_string_free(slowly.events, TRUE);
}

static void check_same(const struct listener *given, enum reading_state end, struct heard heard)
{
    g_assert(heard.over && !heard.nonsense && heard.end == end);
    if (!g_string_equal(given->events, heard.listener.events)) {
        g_printerr("given:%s\nheard:%s\n", given->events->str, heard.listener.events->str);
        g_assert_not_reached();
    }
    heard_free(&heard);
}

static void say_and_hear(const struct document *document, enum form form)
{
    const struct file_type *type = document_type(document, form);
    static int fd = -1; /* one for all inputs: to make it takes longer than to read most documents */
    uint32_t state = document->hash;
    enum reading_state end;

    if (fd < 0)
        fd = memfd_create("fuzz", MFD_CLOEXEC);
    g_assert(lseek(fd, 0, SEEK_SET) == 0);
    struct listener given = say(document, form, type, fd, &end);
    size_t len = (size_t)lseek(fd, 0, SEEK_CUR);
    g_autofree unsigned char *said = g_malloc(len);

    g_assert(pread(fd, said, len, 0) == (ssize_t)len);
    check_slowly(document, form, &given, end);
    check_same(&given, end, hear(type, said, len, document_random(&state) % (len + 1)));
    struct heard stopped = hear_of(type, READING_SIGNATURE_NONE, said, len, document_random(&state) % len,
                                   1 + document_random(&state) % 4);
    heard_free(&stopped);
    for (uint32_t i = 0, wrong = 1 + document_random(&state) % 2; i < wrong; i++)
        said[document_random(&state) % len] ^= (unsigned char)(1u << document_random(&state) % 8);
    struct heard heard = hear(type, said, len, document_random(&state) % len);
    heard_free(&heard);
    g_string_free(given.events, TRUE);
}

/* Any type that a sender may send. */
static const struct file_type *type_of(uint8_t number)
{
    const struct profile *profile = profile_builtin();
    size_t i = number % profile->n_types;

    while (!profile->types[i].inbound)
        i = (i + 1) % profile->n_types;
    return &profile->types[i];
}

/* Hears what a cell may have said. */
static void hear_any(enum input input, const uint8_t *data, size_t size)
{
    struct heard heard;

    if (input == INPUT_RECORDS && size > 0)
        heard = hear(type_of(data[0]), data + 1, size - 1, (size - 1) / 2);
    else
        heard = hear_of(NULL, input == INPUT_SIGNATURE ? READING_SIGNATURE_WANTED : READING_SIGNATURE_NONE, data, size,
                        size / 2, 0);
    heard_free(&heard);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 0 && data[0] < INPUTS) {
        hear_any((enum input)data[0], data + 1, size - 1);
        return 0;
    }
    /* As it is: csv and xml have documents that are long. */
    struct document *document = document_of((const char *)data, size);
    say_and_hear(document, document->len > 0 && document->text[0] == '<' ? FORM_XML : FORM_CSV);
    document_free(document);
    return 0;
}
