/*
 * A good document for the XML reader, edits of it, and what the reader gives for them as text. For test_xml_reader.c
 * and test_xml_reader_hostile.c.
 */
#ifndef ECOSGATE_TESTS_XML_DOCUMENT_H
#define ECOSGATE_TESTS_XML_DOCUMENT_H

#include "formats/profile.h"
#include "formats/reader.h"
#include "formats/text.h"
#include "tests/unit/fault_kinds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HEADER                                                                                                         \
    "  <Header>\n"                                                                                                     \
    "    <SenderId>90-B3-D5-1F-30-0E-C0-01</SenderId>\n"                                                               \
    "    <RecipientId>90-B3-D5-1F-30-00-00-04</RecipientId>\n"                                                         \
    "    <FileSequence> 1\n </FileSequence>\n"                                                                         \
    "    <CreationDateTime>2023-07-03T06:00:00Z</CreationDateTime>\n"                                                  \
    "    <Environment>TEST</Environment>\n"                                                                            \
    "    <BatchId>B1</BatchId>\n"                                                                                      \
    "    <DeviceCount>2</DeviceCount>\n"                                                                               \
    "  </Header>\n"
#define DEVICE_1                                                                                                       \
    "    <Device>\n"                                                                                                   \
    "      <RecordNumber>1</RecordNumber>\n"                                                                           \
    "      <DeviceID>00-DB-12-34-56-78-90-A0</DeviceID>\n"                                                             \
    "      <DeviceType>ESME</DeviceType>\n"                                                                            \
    "      <DeviceManufacturer>AB01</DeviceManufacturer>\n"                                                            \
    "      <DeviceModel>010A030B</DeviceModel>\n"                                                                      \
    "      <FirmwareVersion>0002012F</FirmwareVersion>\n"                                                              \
    "      <MPxN>1012345678903</MPxN>\n"                                                                               \
    "      <CSPRegion>Central</CSPRegion>\n"                                                                           \
    "      <Attempt>1</Attempt>\n"                                                                                     \
    "    </Device>\n"
#define DEVICE_2                                                                                                       \
    "    <Device><RecordNumber>2</RecordNumber><DeviceID> é </DeviceID><DeviceType/>"                                 \
    "<DeviceManufacturer>a&amp;b&#33;</DeviceManufacturer><DeviceModel>m</DeviceModel>"                                \
    "<FirmwareVersion>f</FirmwareVersion><CHFDeviceID>c</CHFDeviceID><Attempt>2</Attempt>"                             \
    "</Device>\n"
#define DECLARATION "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
#define ROOT "<MigrationInstruction xmlns=\"urn:ecos-gateway:migration:1\" schemaVersion=\"1.0\">\n"
#define END "  </Devices>\n</MigrationInstruction>\n"
#define GOOD DECLARATION ROOT HEADER "  <Devices>\n" DEVICE_1 DEVICE_2 END

/* What the reader has given: all as text, and the faults alone as "KIND field #ordinal", joined by "|". */
struct reading {
    GString *all, *faults;
    struct place first_fault;
    unsigned n_headers, n_records, n_faults;
    const char *places_of; /* the document in which every place must be that of a '<', or NULL */
};

static inline struct place brute_place(const char *doc, const char *p)
{
    struct place at = {1, 1};

    for (; doc < p; doc++) {
        at.column += (*doc & 0xc0) != 0x80;
        if (*doc == '\n')
            at = (struct place){at.line + 1, 1};
    }
    return at;
}

static const char *at_place(const char *doc, struct place at)
{
    for (; at.line > 1; at.line--)
        doc = strchr(doc, '\n') + 1;
    for (; at.column > 1; at.column--)
        for (doc++; (*doc & 0xc0) == 0x80;)
            doc++;
    return doc;
}

/* Asserts that the start tag of that name stands at the place, if places are checked. */
static inline void assert_element_at(const struct reading *reading, struct place at, const char *name)
{
    const char *p = reading->places_of ? at_place(reading->places_of, at) : NULL;

    if (!p)
        return;
    assert_int_equal(*p, '<');
    assert_memory_equal(p + 1, name, strlen(name));
    assert_non_null(strchr("> \n/", p[1 + strlen(name)]));
}

static inline void add_record(struct reading *reading, const struct record *record, const struct layout_record *layout)
{
    assert_element_at(reading, record->at, layout->element);
    g_string_append_printf(reading->all, "%s #%u @%u:%u", layout->element, record->ordinal, record->at.line,
                           record->at.column);
    for (size_t i = 0; i < layout->n_columns; i++) {
        const struct field *f = &record->fields[i];

        if (f->text)
            assert_element_at(reading, f->at, layout->columns[i].name);
        g_string_append_printf(reading->all, " [%.*s]@%u:%u", f->text ? (int)f->len : 1, f->text ? f->text : "-",
                               f->at.line, f->at.column);
    }
    g_string_append_c(reading->all, '\n');
}

static inline void on_header(void *user, const struct record *header)
{
    struct reading *reading = user;

    reading->n_headers++;
    assert_int_equal(header->n_fields, HEADER_FIELDS);
    assert_null(header->fields[HEADER_MODE].text);
    add_record(reading, header, profile_type(profile_builtin(), "EMI", 3)->header);
}

static inline void on_record(void *user, const struct record *record)
{
    struct reading *reading = user;

    reading->n_records++;
    assert_int_equal(record->n_fields, INSTRUCTION_FIELDS);
    add_record(reading, record, profile_type(profile_builtin(), "EMI", 3)->record);
}

static inline void on_count(void *user, const struct field *declared)
{
    struct reading *reading = user;

    g_string_append_printf(reading->all, "count [%.*s]@%u:%u\n", (int)declared->len, declared->text, declared->at.line,
                           declared->at.column);
}

static inline void on_fault(void *user, const struct fault *fault)
{
    struct reading *reading = user;
    g_autofree char *value = fault->value ? text_escape(fault->value, fault->value_len, 64) : NULL;

    assert_true(fault->kind <= FAULT_ENCODING); /* the others are CSV's */
    assert_non_null(fault->text);
    assert_null(strchr(fault->text, '\n'));
    assert_true(g_utf8_validate(fault->text, -1, NULL));
    if (reading->n_faults++ == 0)
        reading->first_fault = fault->at;
    g_string_append_printf(reading->all, "fault %s @%u:%u #%u %s [%s] %s\n", fault_kinds[fault->kind], fault->at.line,
                           fault->at.column, fault->ordinal, fault->field ? fault->field : "-", value ? value : "-",
                           fault->text);
    g_string_append_printf(reading->faults, "%s%s %s #%u", reading->faults->len ? "|" : "", fault_kinds[fault->kind],
                           fault->field ? fault->field : "-", fault->ordinal);
}

static inline void reading_clear(struct reading *reading)
{
    g_string_free(reading->all, TRUE);
    g_string_free(reading->faults, TRUE);
}

static uint32_t max_records = 1000000; /* the limit that read_document gives the reader */

static inline struct reader *start(struct reading *reading)
{
    const struct reader_sink sink = {reading, on_header, on_record, on_count, on_fault};
    const struct reader_limits limits = {max_records};

    reading->all = g_string_new(NULL);
    reading->faults = g_string_new(NULL);
    return reader_new(FORM_XML, profile_type(profile_builtin(), "EMI", 3), &limits, &sink);
}

/* Reads the document in pieces of step bytes; 0: whole. Each piece is a copy of its exact size, so that the sanitizer
 * sees a read beyond its end. */
static inline struct reading read_in_pieces(const char *doc, size_t len, size_t step, bool check_places)
{
    struct reading reading = {.places_of = check_places ? doc : NULL};
    struct reader *reader = start(&reading);
    bool more = true;

    for (size_t i = 0; i < len && more; i += step ? step : len) {
        size_t n = step && step < len - i ? step : len - i;
        g_autofree char *piece = g_memdup2(doc + i, n);

        more = reader_push(reader, piece, n);
        assert_true(more || reading.n_faults > 0);
    }
    reader_finish(reader);
    reader_free(reader);
    reading.places_of = NULL;
    return reading;
}

/* Reads the document whole, byte by byte and in other pieces: all must give the same. */
static inline struct reading read_document(const char *doc, size_t len, bool check_places)
{
    static const size_t steps[] = {1, 7, 4099, 32768, 40000};
    struct reading whole = read_in_pieces(doc, len, 0, check_places);

    for (size_t i = 0; i < G_N_ELEMENTS(steps); i++) {
        struct reading again = read_in_pieces(doc, len, steps[i], check_places);

        assert_string_equal(again.all->str, whole.all->str);
        reading_clear(&again);
    }
    return whole;
}

/* GOOD with the first occurrence of find replaced; both may be NULL. g_free. */
static inline char *edit(const char *find, const char *replacement)
{
    const char *p = find ? strstr(GOOD, find) : GOOD;

    assert_non_null(p);
    return g_strdup_printf("%.*s%s%s", (int)(p - GOOD), GOOD, replacement ? replacement : "",
                           p + (find ? strlen(find) : 0));
}

#endif
