/*
 * The gateway's side of the messages. Whoever has taken over a cell says what he likes. So all that the readers promise
 * (reader.h) and that rules rely on is asked here again: numbers of fields, lengths, UTF-8, the order of records, how
 * often something is said. A second header or declared number is a fault of the file; so there may be as many as there
 * were faults, and one more.
 */
#include "gateway/cells/cell_message.h"

#include "formats/eight.h"
#include "formats/xml/xml_signature.h"

#include <string.h>

enum {
    FIELD_BYTES = 4 * LAYOUT_HEADER_MAX_CHARS, /* characters of four bytes */
    MOST_FAULTS = 200001,                      /* reader.c: so many, the one that says so, ... */
    MOST_RECORD_FAULTS = 16,                   /* ... and so many for each record */
    MOST_AROUND = 2,                           /* bytes of ROWS: letter and delimiter, CR and LF */
    MOST_SLACK = 16,                           /* messages of progress beyond those that bytes explain */
};

/* The body of one message, as far as it was not read yet. */
struct body {
    const unsigned char *at, *end;
    const char *wrong; /* the first thing; NULL: nothing */
};

static bool wrong(struct body *b, const char *text)
{
    if (b->wrong == NULL)
        b->wrong = text;
    b->at = b->end;
    return false;
}

static uint64_t get_long_number(struct body *b)
{
    uint64_t number = 0;

    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (b->at == b->end)
            break;
        unsigned char byte = *b->at++;
        number |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return number;
    }
    wrong(b, "a number that does not end");
    return 0;
}

/* Nearly all have one byte. */
static inline uint64_t get_number(struct body *b)
{
    return b->at < b->end && *b->at < 0x80 ? *b->at++ : get_long_number(b);
}

static inline uint32_t get_u32(struct body *b)
{
    uint64_t number = get_number(b);

    if (number > UINT32_MAX)
        wrong(b, "a number that is too large");
    return (uint32_t)number;
}

static unsigned char get_byte(struct body *b)
{
    return b->at < b->end ? *b->at++ : (unsigned char)wrong(b, "a message that is cut");
}

static bool is_text(const char *text, size_t len)
{
    return eight_is_ascii(text, len) || g_utf8_validate_len(text, len, NULL); /* NUL is not valid there */
}

/* NULL: there is none, or it is wrong. */
static inline const char *get_bytes(struct body *b, size_t most, size_t *len)
{
    uint64_t n = get_number(b);
    const char *text = (const char *)b->at;

    *len = 0;
    if (n == 0)
        return NULL;
    if (--n > most || n > (uint64_t)(b->end - b->at)) {
        wrong(b, "a text that is too long");
        return NULL;
    }
    b->at += n;
    *len = (size_t)n;
    return text;
}

/* A line of printable UTF-8 with a NUL behind it. */
static const char *get_string(struct body *b)
{
    size_t len;
    const char *text = get_bytes(b, CELL_MAX_TEXT, &len);

    if (text == NULL)
        return NULL;
    if (get_byte(b) != 0)
        wrong(b, "a text without an end");
    if (!is_text(text, len))
        wrong(b, "a text that is no UTF-8");
    for (size_t i = 0; i < len && b->wrong == NULL; i++)
        if (g_ascii_iscntrl(text[i]))
            wrong(b, "a text with control characters");
    return b->wrong == NULL ? text : NULL;
}

static struct place get_place(struct body *b)
{
    struct place at;

    at.line = get_u32(b);
    at.column = get_u32(b);
    return at;
}

/* The texts of all fields stand one behind the other. If one of them is no ASCII, each is looked at. */
static void check_fields(struct body *b, const struct field *fields, size_t n, size_t bytes)
{
    if (eight_is_ascii((const char *)b->at, bytes))
        return;
    for (size_t i = 0; i < n; i++)
        if (fields[i].len > 0 && !g_utf8_validate_len(fields[i].text, fields[i].len, NULL))
            wrong(b, "a field that is no UTF-8");
}

static void get_fields(struct body *b, struct field *fields, size_t n, uint32_t line)
{
    size_t bytes = 0;

    for (size_t i = 0; i < n; i++) {
        fields[i].at.line = line + get_u32(b); /* as it was subtracted: modulo 2 to the 32 */
        fields[i].at.column = get_u32(b);
        uint64_t len = get_number(b);
        fields[i].text = len > 0 ? "" : NULL; /* until it is known to be there */
        fields[i].len = len > 0 ? (size_t)len - 1 : 0;
        if (fields[i].len > FIELD_BYTES)
            wrong(b, "a text that is too long");
        bytes += fields[i].len;
    }
    if (b->wrong != NULL || bytes > (size_t)(b->end - b->at)) {
        wrong(b, "a record that is cut");
        return;
    }
    const char *at = (const char *)b->at;
    for (size_t i = 0; i < n; i++) {
        if (fields[i].text == NULL)
            continue;
        fields[i].text = at;
        at += fields[i].len;
    }
    check_fields(b, fields, n, bytes);
    if (b->wrong == NULL)
        b->at += bytes;
}

static bool ended_well(struct body *b)
{
    if (b->at != b->end)
        wrong(b, "a message that is too long");
    return b->wrong == NULL;
}

/* ---- the kinds ---- */

static void hear_hello(struct cell_ear *ear, struct body *b)
{
    uint32_t guards = get_u32(b);

    if (ear->hello)
        wrong(b, "a second greeting");
    if (!ended_well(b))
        return;
    ear->guards = guards;
    ear->hello = true;
}

/* Gives the sink the record that has waited longest. */
static void give_first(struct cell_ear *ear)
{
    const struct record *record = &ear->heard[ear->first].record;

    ear->first = (ear->first + 1) % CELL_AHEAD;
    ear->waiting--;
    ear->reading->records = MAX(ear->reading->records, record->ordinal);
    ear->request->sink.on_record(ear->request->sink.user, record);
}

/* Gives the sink all records that wait. */
static void give_waiting(struct cell_ear *ear)
{
    while (ear->waiting > 0 && !ear->reading->stopped)
        give_first(ear);
    ear->waiting = 0;
}

/* Room for a record, or for the header. */
static struct cell_record *make_room(struct cell_ear *ear)
{
    if (ear->waiting == CELL_AHEAD)
        give_first(ear);
    return &ear->heard[(ear->first + ear->waiting) % CELL_AHEAD];
}

/* A record waits until others were heard: so the sink can have memory fetched for it while it judges those before. */
static void let_wait(struct cell_ear *ear, struct record *record)
{
    ear->ordinal = record->ordinal;
    ear->waiting++;
    if (ear->request->on_ahead != NULL && !ear->reading->stopped)
        record->ahead = ear->request->on_ahead(ear->request->sink.user, record);
}

static size_t fields_of(const struct cell_ear *ear, bool is_header)
{
    const struct file_type *type = ear->request->type;
    size_t n = is_header ? type->header->n_fields : type->record->n_fields + type->record->n_kept;

    return MIN(n, (size_t)LAYOUT_MAX_COLUMNS);
}

static void hear_record(struct cell_ear *ear, struct body *b, bool is_header)
{
    struct cell_record *heard = make_room(ear);
    struct record *record = &heard->record;

    *record = (struct record){.n_fields = fields_of(ear, is_header), .fields = heard->fields};
    record->ordinal = get_u32(b);
    record->at = get_place(b);
    record->words = get_byte(b) != 0 ? heard->words : NULL;
    get_fields(b, heard->fields, record->n_fields, record->at.line);
    if (record->words != NULL)
        get_fields(b, heard->words, record->n_fields, record->at.line);
    if (is_header ? ear->headers > ear->faults || record->ordinal != 0
                  : record->ordinal <= ear->ordinal || record->ordinal > ear->request->max_records)
        wrong(b, is_header ? "a further header" : "records that do not count up, or too many");
    if (!ended_well(b))
        return;
    if (is_header) {
        ear->headers++;
        ear->request->sink.on_header(ear->request->sink.user, record);
        return;
    }
    cell_shape_learn(&ear->shape, record);
    let_wait(ear, record);
}

/* The lengths of n texts, and the texts behind them: what cell_say.c puts. */
static void get_alike(struct body *b, struct cell_shape *shape, struct field *fields, size_t n)
{
    unsigned char spaced = get_byte(b);
    const unsigned char *lengths = b->at;
    size_t bytes = 0, there = 0, have = (size_t)(b->end - b->at);

    for (size_t i = 0; i < n && i < have; i++) {
        bytes += lengths[i];
        there += lengths[i] != 0;
    }
    bytes = bytes - there + (spaced && there > 0 ? there - 1 : 0);
    if (have < n || bytes != have - n || spaced > 1) {
        wrong(b, "a record that is cut");
        return;
    }
    const char *text = (const char *)lengths + n;
    struct place end = shape->end;
    for (size_t i = 0; i < n; i++) {
        bool is_there = lengths[i] != 0;
        size_t len = lengths[i] - (size_t)is_there;
        struct place at = cell_shape_after(end, shape->to_fields[i]);

        fields[i].text = is_there ? text : NULL;
        fields[i].len = len;
        fields[i].at = is_there ? at : (struct place){0, 0};
        end = is_there ? cell_shape_behind(&fields[i]) : end;
        text += len + (is_there ? spaced : 0);
    }
    shape->end = end;
    b->at += n;
    check_fields(b, fields, n, bytes);
    if (b->wrong == NULL)
        b->at += bytes;
}

static void hear_alike(struct cell_ear *ear, struct body *b)
{
    struct cell_record *heard = make_room(ear);
    struct record *record = &heard->record;

    if (ear->shape.ordinal == 0 || ear->ordinal >= ear->request->max_records) {
        wrong(b, "a record like none before, or too many");
        return;
    }
    ear->shape.end = cell_shape_after(ear->shape.end, ear->shape.to_record);
    *record = (struct record){
        .ordinal = ear->ordinal + 1, .at = ear->shape.end, .n_fields = fields_of(ear, false), .fields = heard->fields};
    get_alike(b, &ear->shape, heard->fields, record->n_fields);
    if (ended_well(b))
        let_wait(ear, record);
}

/* The head of ROWS; its lengths and texts are what is left of the body. */
static struct rows get_rows(const struct cell_ear *ear, struct body *b)
{
    struct rows rows = {.ordinal = get_u32(b), .n_fields = (uint32_t)fields_of(ear, false)};
    uint32_t most = ear->request->max_records;

    rows.line = get_u32(b);
    rows.n = get_u32(b);
    rows.before = get_u32(b);
    rows.behind = get_u32(b);
    if (rows.ordinal <= ear->ordinal || rows.ordinal > most || rows.n == 0 || rows.n > most - rows.ordinal + 1)
        wrong(b, "rows that do not count up, or too many");
    if (rows.before > MOST_AROUND || rows.behind > MOST_AROUND)
        wrong(b, "rows with more than a letter and a line end");
    uint64_t lengths = (uint64_t)rows.n * rows.n_fields, have = (uint64_t)(b->end - b->at);
    if (b->wrong != NULL || have < lengths || rows.n_fields == 0) {
        wrong(b, "rows that are cut");
        return rows;
    }
    rows.lengths = b->at;
    rows.text = (const char *)b->at + lengths;
    rows.len = (size_t)(have - lengths);
    uint64_t around = (uint64_t)rows.before + rows.behind + rows.n_fields - 1;
    if (rows.n * around + eight_sum((const char *)rows.lengths, (size_t)lengths) != rows.len)
        wrong(b, "rows of other lengths");
    if (!eight_is_ascii(rows.text, rows.len))
        wrong(b, "rows that are no ASCII");
    return rows;
}

static void hear_rows(struct cell_ear *ear, struct body *b)
{
    struct rows rows = get_rows(ear, b);

    ear->shape = (struct cell_shape){0}; /* ALIKE follows a RECORD or another ALIKE */
    while (b->wrong == NULL && rows.n > 0 && !ear->reading->stopped) {
        struct cell_record *heard = make_room(ear);

        heard->record = (struct record){
            .ordinal = rows.ordinal, .at = {rows.line, 1}, .n_fields = rows.n_fields, .fields = heard->fields};
        rows_take(&rows, heard->fields);
        let_wait(ear, &heard->record);
    }
}

static void hear_count(struct cell_ear *ear, struct body *b)
{
    struct field declared;

    get_fields(b, &declared, 1, 0);
    if (declared.text == NULL || ear->counts > ear->faults)
        wrong(b, "a declared number that is missing or told twice");
    if (!ended_well(b))
        return;
    ear->counts++;
    ear->request->sink.on_count(ear->request->sink.user, &declared);
}

/* Then there are certificates and one fault, and no record. */
static bool wants_signature(const struct cell_ear *ear)
{
    return ear->request->signature == READING_SIGNATURE_WANTED;
}

static uint64_t most_faults(const struct cell_ear *ear)
{
    return wants_signature(ear) ? 1 : MOST_FAULTS + (uint64_t)MOST_RECORD_FAULTS * ear->request->max_records;
}

static void hear_fault(struct cell_ear *ear, struct body *b)
{
    uint32_t kind = get_u32(b);
    struct fault fault = {.at = get_place(b)};

    fault.ordinal = get_u32(b);
    fault.field = get_string(b);
    fault.value = get_bytes(b, CELL_MAX_VALUE, &fault.value_len);
    fault.text = get_string(b);
    if (kind > (wants_signature(ear) ? FAULT_SIGNATURE : FAULT_QUOTING) || fault.text == NULL ||
        fault.ordinal > ear->request->max_records)
        wrong(b, "a fault of no kind, without a text, or of a record that cannot be");
    if (++ear->faults > most_faults(ear))
        wrong(b, "too many faults");
    if (!ended_well(b))
        return;
    fault.kind = (enum fault_kind)kind;
    ear->request->sink.on_fault(ear->request->sink.user, &fault);
}

static void hear_bytes(struct cell_ear *ear, struct body *b)
{
    size_t len = (size_t)(b->end - b->at);

    ear->plain += len;
    if (len > CELL_PIECE ||
        ear->plain > (wants_signature(ear) ? XML_SIGNATURE_MAX_CHAIN : ear->request->unpack->max_bytes)) {
        wrong(b, "too many bytes");
        return;
    }
    ear->request->on_bytes(ear->request->sink.user, (const char *)b->at, len);
}

/* What a reading has come to. */
static void get_progress(struct cell_ear *ear, struct body *b)
{
    struct reading *reading = ear->reading;
    uint64_t packed = get_number(b);
    uint32_t records = get_u32(b);

    if (packed > ear->file_size || records > ear->request->max_records || records < ear->ordinal)
        wrong(b, "more than the file has");
    if (!ended_well(b))
        return;
    reading->packed = packed;
    reading->records = records;
}

static void hear_progress(struct cell_ear *ear, struct body *b)
{
    uint64_t bytes = ear->file_size + ear->request->unpack->max_bytes;

    if (++ear->progress > bytes / CELL_PROGRESS_EVERY + MOST_SLACK)
        wrong(b, "progress without end");
    get_progress(ear, b);
}

static void hear_end(struct cell_ear *ear, struct body *b)
{
    ear->end = get_byte(b) == 1 ? READING_WHOLE : READING_CUT;
    get_progress(ear, b);
    ear->over = b->wrong == NULL;
}

static void hear_failed(struct cell_ear *ear, struct body *b)
{
    uint32_t code = get_u32(b);
    const char *text = get_string(b);

    if (code > G_FILE_ERROR_FAILED || text == NULL)
        wrong(b, "an error of no kind");
    if (!ended_well(b))
        return;
    ear->failure = g_error_new_literal(G_FILE_ERROR, (gint)code, text);
    ear->end = READING_FAILED;
    ear->over = true;
}

static void hear(struct cell_ear *ear, struct body *b)
{
    unsigned char kind = get_byte(b);
    bool records = ear->request->type != NULL;

    if (!ear->hello && kind != CELL_HELLO) {
        wrong(b, "no greeting");
        return;
    }
    if (kind == CELL_HELLO)
        hear_hello(ear, b);
    else if (records && (kind == CELL_HEADER || kind == CELL_RECORD))
        hear_record(ear, b, kind == CELL_HEADER);
    else if (records && kind == CELL_ALIKE)
        hear_alike(ear, b);
    else if (records && kind == CELL_ROWS)
        hear_rows(ear, b);
    else if (records && kind == CELL_COUNT)
        hear_count(ear, b);
    else if ((records || wants_signature(ear)) && kind == CELL_FAULT)
        hear_fault(ear, b);
    else if (!records && kind == CELL_BYTES)
        hear_bytes(ear, b);
    else if (kind == CELL_PROGRESS)
        hear_progress(ear, b);
    else if (kind == CELL_END)
        hear_end(ear, b);
    else if (kind == CELL_FAILED)
        hear_failed(ear, b);
    else
        wrong(b, "a message of a kind that may not come");
}

size_t cell_hear(struct cell_ear *ear, const unsigned char *bytes, size_t len)
{
    size_t used = 0;

    while (len - used >= CELL_HEAD && !ear->over && ear->nonsense == NULL && !ear->reading->stopped) {
        const unsigned char *at = bytes + used;
        size_t size = (size_t)at[0] | (size_t)at[1] << 8 | (size_t)at[2] << 16 | (size_t)at[3] << 24;
        struct body body = {at + CELL_HEAD, at + CELL_HEAD + size, NULL};

        if (size == 0 || size > CELL_MAX_MESSAGE - CELL_HEAD) {
            ear->nonsense = g_strdup_printf("a message of %zu bytes", size);
            break;
        }
        if (len - used < CELL_HEAD + size)
            break;
        if (at[CELL_HEAD] != CELL_RECORD && at[CELL_HEAD] != CELL_ALIKE && at[CELL_HEAD] != CELL_ROWS)
            give_waiting(ear);
        if (ear->reading->stopped)
            break;
        hear(ear, &body);
        ear->nonsense = g_strdup(body.wrong);
        used += CELL_HEAD + size;
    }
    give_waiting(ear); /* their texts are gone when more bytes come */
    return used;
}

void cell_ear_clear(struct cell_ear *ear)
{
    g_clear_error(&ear->failure);
    g_free(ear->nonsense);
}
