/*
 * Layouts as data: every file type, its XML root, its record types and their columns (FILES.md, 1
 * and 3 to 6). Readers, writers, the XSD and the Table Schemas agree on these tables; a
 * new layout is one new table and one line in the list. All columns beyond the seed's are proposals of
 * this project. All tables are constant and live as long as the program.
 */
#ifndef ECOSGATE_FORMATS_LAYOUT_H
#define ECOSGATE_FORMATS_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

#define LAYOUT_VERSION "1.0"
#define LAYOUT_NAMESPACE "urn:ecos-gateway:migration:1"

enum form { FORM_UNKNOWN, FORM_XML, FORM_CSV };

enum {
    LAYOUT_FIELD_MAX_CHARS = 64, /* a Device field's text; more is B111 */
    LAYOUT_MAX_COLUMNS = 16,
};

struct layout_column {
    const char *name; /* the XML element and the Table Schema field */
    bool required;    /* XML: the element must be there; CSV: always there, may not be empty */
};

/* One record type: the columns after the record's letter (and for H after type and version). */
struct layout_record {
    char letter;         /* 'H', 'D', 'F', 'E' or 'T' */
    const char *element; /* XML element of one such record: "Device", "Finding", "Header", "File" */
    size_t n_columns;
    const struct layout_column *columns;
};

struct file_type {
    const char *code; /* "EMI" */
    const char *root; /* XML root element, NULL for types that have CSV only */
    bool inbound;
    bool readable;                      /* this release reads its content */
    const struct layout_record *file;   /* EMA's F record, else NULL */
    const struct layout_record *record; /* the rows: D, or E for an EMA */
    const char *rows_element;           /* "Devices", or NULL where rows stand right under the root (EMA) */
    const char *count_element;          /* last child of the XML Header: "DeviceCount"; EMA "RowCount", F and E rows */
};

/* Columns of the header, alike for all types: SenderId … ResubmissionOf. */
enum header_column {
    HEADER_SENDER_ID,
    HEADER_RECIPIENT_ID,
    HEADER_FILE_SEQUENCE,
    HEADER_CREATION_DATE_TIME,
    HEADER_ENVIRONMENT,
    HEADER_BATCH_ID,
    HEADER_RESUBMISSION_OF,
    HEADER_COLUMNS,
};
extern const struct layout_record layout_header;

/* Columns of EMI's D record. */
enum instruction_column {
    INSTRUCTION_RECORD_NUMBER,
    INSTRUCTION_DEVICE_ID,
    INSTRUCTION_DEVICE_TYPE,
    INSTRUCTION_MANUFACTURER,
    INSTRUCTION_MODEL,
    INSTRUCTION_FIRMWARE,
    INSTRUCTION_MPXN,
    INSTRUCTION_CHF_DEVICE_ID,
    INSTRUCTION_CSP_REGION,
    INSTRUCTION_ATTEMPT,
    INSTRUCTION_COLUMNS,
};
extern const struct layout_record layout_instruction;

/* NULL where there is no such type. len bytes at code. */
const struct file_type *layout_find(const char *code, size_t len);

/* The table itself, for tests and listings. */
extern const struct file_type layout_types[];
extern const size_t layout_n_types;

const char *form_name(enum form form); /* "xml", "csv", "unknown" */

#endif
