/*
 * Layouts as data: every file type, its XML root, its record types and their columns (FILES.md, 1 and 3 to 9). The
 * readers and writers work from these tables, which the loader of profiles makes (profile.h). A new file type:
 * README.md, "Adding a file type".
 *
 * Each column names the fact that it carries (facts.def). What the rules find in a record that arrives are fields: the
 * enums here number them. A field has one fact (record_kinds.c), whatever the order and the names of the columns of its
 * file are.
 *
 * All columns beyond those of the consultation are proposals of this project. All tables are constant and live as long
 * as their profile. Functions fail only where their comment says so.
 */
#ifndef ECOSGATE_FORMATS_LAYOUT_H
#define ECOSGATE_FORMATS_LAYOUT_H

#include "formats/facts.h"

#include <stdbool.h>
#include <stddef.h>

enum form { FORM_UNKNOWN, FORM_XML, FORM_CSV };

enum {
    LAYOUT_FIELD_MAX_CHARS = 64,   /* characters in a field of a D record; more is B111 */
    LAYOUT_HEADER_MAX_CHARS = 128, /* the same of the header */
    LAYOUT_MAX_COLUMNS = 30,       /* bounds the field arrays of readers and writers */
    LAYOUT_MAX_STEPS = 4,          /* of the path of an XML element */
    LAYOUT_NO_FIELD = LAYOUT_MAX_COLUMNS,
    RECORD_NUMBER_FIELD = 0, /* of the D record of every inbound type */
};

struct layout_column {
    const char *name; /* the Table Schema field; of FRAME_TITLE the title; the XML element unless xml is another */
    enum fact fact;   /* that it carries; FACT_NONE: the gateway does not know it */
    /* Of a column that leaves, in place of a fact: the column of the instruction (EMI) whose kept text it has. */
    const char *passed;
    bool required;   /* XML: the element must be present; FRAME_TITLE: the column must be */
    const char *xml; /* the element below that of the record, or the path to it: "Identity/DeviceID"; NULL: name */
};

/* What stands around the rows of the CSV form. */
enum frame {
    FRAME_RECORDS, /* a letter begins each record; the H record comes first, the T record last */
    FRAME_TITLE,   /* a title row names the columns, which may stand in any order; then rows. No letters, no H, no T */
    FRAME_ROWS,    /* rows alone, with the columns in the order of the layout */
};

/* How the CSV form is written. Readers take CRLF and LF, whichever line_end says. */
struct dialect {
    char delimiter; /* between two fields; csv_cell.h lists those that there are */
    char quote;
    const char *line_end; /* CRLF or LF, of what the gateway writes */
    enum frame frame;     /* of a report FRAME_TITLE or FRAME_ROWS */
    bool trailer;         /* of FRAME_RECORDS: a T record ends the file; without one nobody notices a lost end */
};

/* That of RFC 4180, with records. What a profile does not say is as here. */
extern const struct dialect layout_dialect;

/* The cells of FRAME_RECORDS that frame the file. The letter is the first cell of each record. */
struct frame_cells {
    const char *letter; /* name of that cell: "RecordType" */
    /* Of the H record: names and indexes of the cells for published type and version; an index of 0: there is none. */
    const char *type, *version;
    size_t type_at, version_at;
    char trailer;      /* letter of the T record; '\0': there is none */
    const char *count; /* name of its second cell */
};

enum { FRAME_MAX_CELLS = 3 }; /* of one record */

/* One record type: its columns, without the cells that frame the file (struct frame_cells). */
struct layout_record {
    char letter;         /* 'H', 'D', 'F' or 'E'; a profile may have other ones */
    const char *element; /* XML element of one such record: "Device", "File"; NULL: none, so a Header has no columns */
    size_t n_columns;
    const struct layout_column *columns; /* in the order of the file */
    /* Of a file that arrives: the fact of each field, by the enums below. Which columns give them is the layout's. */
    size_t n_fields;
    const enum fact *fields;
    /* Columns without a fact whose texts are kept, of an instruction alone: their texts are further fields behind those
     * with facts. n_fields + n_kept is at most LAYOUT_MAX_COLUMNS. */
    size_t n_kept;
    const char *const *kept; /* names of these columns, in the order of the layout */
};

struct profile;

struct file_type {
    const struct profile *profile; /* whose type this is (profile.h) */
    const char *code;              /* "EMI" */
    const char *published;         /* what the H record calls it: "EMI" */
    const char *version;           /* of the layout, in the H record */
    const char *root;              /* XML root element; NULL: the type has the CSV form only */
    bool inbound;                  /* it arrives at the gateway; else it leaves */
    bool reference;                /* reference data: its header has a Mode */
    const struct dialect *dialect;
    const struct frame_cells *cells; /* of FRAME_RECORDS */
    const struct layout_record *header;
    const struct layout_record *file;   /* the F record of an EMA, else NULL */
    const struct layout_record *record; /* the rows: D records, E records of an EMA */
    /* Of the XML form, NULL where there is none: */
    const char *rows_element; /* "Devices"; NULL: rows stand directly under the root */
    /* Last child of the Header: "DeviceCount"; "RowCount" of an EMA counts F and E rows. NULL: no such element. */
    const char *count_element;
};

/* Fields of the header. Reference data (INV, COS, NMM, PTY) have all of them, the other types all but the last. */
enum header_field {
    HEADER_SENDER_ID,
    HEADER_RECIPIENT_ID,
    HEADER_FILE_SEQUENCE,
    HEADER_CREATION_DATE_TIME,
    HEADER_ENVIRONMENT,
    HEADER_BATCH_ID,
    HEADER_RESUBMISSION_OF,
    HEADER_MODE, /* FULL, DELTA */
    HEADER_FIELDS,
};

/* Fields of EMI's D record. */
enum instruction_field {
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
    INSTRUCTION_FIELDS,
};

/* Fields of EMT's D record. */
enum result_field {
    RESULT_RECORD_NUMBER,
    RESULT_WORK_ITEM_ID,
    RESULT_DEVICE_ID,
    RESULT_RESULT,
    RESULT_GBCS_STATUS,
    RESULT_DUIS_CODE,
    RESULT_ALERT_CODE,
    RESULT_TRY,
    RESULT_FIRST_TRY,
    RESULT_LAST_TRY,
    RESULT_ORIGINATOR_COUNTER,
    RESULT_EXISTING_SUBJECT_ID,
    RESULT_EXISTING_KEY_ID,
    RESULT_REPLACING_SUBJECT_ID,
    RESULT_REPLACING_KEY_ID,
    RESULT_FIELDS,
};

/* Fields of EMC's D record. */
enum confirmation_field {
    CONFIRMATION_RECORD_NUMBER,
    CONFIRMATION_WORK_ITEM_ID,
    CONFIRMATION_DEVICE_ID,
    CONFIRMATION_CONFIRMED,
    CONFIRMATION_CONFIRMED_AT,
    CONFIRMATION_SUBJECT_ID,
    CONFIRMATION_KEY_ID,
    CONFIRMATION_CODE,
    CONFIRMATION_FIELDS,
};

/* Fields of INV's D record. */
enum inventory_field {
    INVENTORY_RECORD_NUMBER,
    INVENTORY_ACTION,
    INVENTORY_DEVICE_ID,
    INVENTORY_DEVICE_TYPE,
    INVENTORY_DEVICE_STATUS,
    INVENTORY_MANUFACTURER,
    INVENTORY_MODEL,
    INVENTORY_FIRMWARE,
    INVENTORY_MPXN,
    INVENTORY_CHF_DEVICE_ID,
    INVENTORY_SUPPLIER_ID,
    INVENTORY_MAP_ID,
    INVENTORY_CSP_REGION,
    INVENTORY_INSTALLED_DATE,
    INVENTORY_COMMISSIONED_DATE,
    INVENTORY_CREDENTIALS,
    INVENTORY_PENDING,
    INVENTORY_FIELDS,
};

/* Fields of COS's D record. */
enum cos_field {
    COS_RECORD_NUMBER,
    COS_ACTION,
    COS_MPXN,
    COS_LOSING_SUPPLIER_ID,
    COS_GAINING_SUPPLIER_ID,
    COS_SUPPLY_START_DATE,
    COS_FIELDS,
};

/* Fields of NMM's D record. */
enum nmm_field {
    NMM_RECORD_NUMBER,
    NMM_ACTION,
    NMM_DEVICE_TYPE,
    NMM_MANUFACTURER,
    NMM_MODEL,
    NMM_FIRMWARE,
    NMM_NON_MIGRATABLE_FROM,
    NMM_NON_MIGRATABLE_TO,
    NMM_REASON_CODE,
    NMM_FIXED_IN_FIRMWARE,
    NMM_FIELDS,
};

/* Fields of PTY's D record. */
enum party_field {
    PARTY_RECORD_NUMBER,
    PARTY_ACTION,
    PARTY_PARTY_ID,
    PARTY_ROLE,
    PARTY_MPID,
    PARTY_NAME,
    PARTY_DROP,
    PARTY_FIELDS,
};

/* Where the XML text of the column stands: its path below the element of the record. */
static inline const char *layout_path(const struct layout_column *column)
{
    return column->xml ? column->xml : column->name;
}

/* The field that the text of a column goes to, of a file that arrives: that of its fact, or one behind these if the
 * text is kept. LAYOUT_NO_FIELD: the gateway has none for it. */
size_t layout_field_of(const struct layout_record *layout, size_t column);

/* The name of the column that the text of a field comes from. NULL: the layout has none for it. */
const char *layout_column_of(const struct layout_record *layout, size_t field);

/* The same; the name of the field's fact where the layout has no column for it. For messages. */
const char *layout_name_of(const struct layout_record *layout, size_t field);

/* What the format of the type calls it: "EMI" in the proposal. */
const char *layout_type_name(const struct file_type *type);

/* Whether a header stands in a file of the type: an H record, or the element of the header. */
bool layout_has_header(const struct file_type *type, enum form form);

/* Whether a file of the type has a column for a field of its header. In CSV without H record it has none. */
bool layout_header_has(const struct file_type *type, enum form form, size_t field);

/* "records", "title" or "rows": what a dialect calls it. */
const char *layout_frame_name(enum frame frame);

/* "xml", "csv" or "unknown". */
const char *form_name(enum form form);

#endif
