/* The cell's side of the messages. It runs behind the filter of system calls, so it asks for nothing but write. */
#include "gateway/cells/cell_message.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

void cell_flush(struct cell_out *out)
{
    size_t sent = 0;

    while (sent < out->len) {
        ssize_t n = write(out->fd, out->bytes + sent, out->len - sent);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            _exit(1); /* nobody listens */
        sent += (size_t)n;
    }
    out->len = 0;
}

static void put_byte(struct cell_out *out, unsigned char byte)
{
    out->bytes[out->len++] = byte;
}

static inline void put_number(struct cell_out *out, uint64_t number)
{
    for (; number >= 0x80; number >>= 7)
        put_byte(out, (unsigned char)(number | 0x80));
    put_byte(out, (unsigned char)number);
}

static void put_bytes(struct cell_out *out, const void *bytes, size_t len)
{
    if (len > 0)
        memcpy(out->bytes + out->len, bytes, len);
    out->len += len;
}

/* 0: there is no text. */
static void put_text(struct cell_out *out, const char *text, size_t len)
{
    put_number(out, text != NULL ? (uint64_t)len + 1 : 0);
    if (text != NULL)
        put_bytes(out, text, len);
}

static void put_string(struct cell_out *out, const char *text)
{
    size_t len = text != NULL ? MIN(strlen(text), (size_t)CELL_MAX_TEXT) : 0;

    put_text(out, text, len);
    if (text != NULL)
        put_byte(out, 0);
}

static void put_place(struct cell_out *out, struct place at)
{
    put_number(out, at.line);
    put_number(out, at.column);
}

/* First all numbers, then all texts: who hears them looks at all texts at once. Most fields stand in the line of their
 * record: that takes one byte. */
static void put_fields(struct cell_out *out, const struct field *fields, size_t n, uint32_t line)
{
    for (size_t i = 0; i < n; i++) {
        put_number(out, (uint32_t)(fields[i].at.line - line));
        put_number(out, fields[i].at.column);
        put_number(out, fields[i].text != NULL ? (uint64_t)fields[i].len + 1 : 0);
    }
    for (size_t i = 0; i < n; i++)
        if (fields[i].text != NULL)
            put_bytes(out, fields[i].text, fields[i].len);
}

static void begin(struct cell_out *out, enum cell_kind kind)
{
    out->begin = out->len;
    out->len += CELL_HEAD;
    put_byte(out, (unsigned char)kind);
}

static void end(struct cell_out *out)
{
    size_t len = out->len - out->begin - CELL_HEAD;

    for (size_t i = 0; i < CELL_HEAD; i++)
        out->bytes[out->begin + i] = (unsigned char)(len >> (8 * i));
    if (out->len >= CELL_BATCH)
        cell_flush(out);
}

void cell_say_hello(struct cell_out *out, uint32_t guards)
{
    out->shape = (struct cell_shape){0};
    begin(out, CELL_HELLO);
    put_number(out, guards);
    end(out);
    cell_flush(out);
}

static void say_record(struct cell_out *out, enum cell_kind kind, const struct record *record)
{
    begin(out, kind);
    put_number(out, record->ordinal);
    put_place(out, record->at);
    put_byte(out, record->words != NULL);
    put_fields(out, record->fields, record->n_fields, record->at.line);
    if (record->words != NULL)
        put_fields(out, record->words, record->n_fields, record->at.line);
    end(out);
}

void cell_say_header(struct cell_out *out, const struct record *header)
{
    say_record(out, CELL_HEADER, header);
}

/* Puts the length of each text. False: the record is not written like the one before. *spaced: all texts are there, and
 * stand apart by one byte. */
static bool put_lengths(struct cell_out *out, const struct record *record, bool *spaced)
{
    const struct cell_shape *shape = &out->shape;
    uintptr_t next = (uintptr_t)record->fields[0].text; /* as a number: there may be no text */
    struct place end = cell_shape_after(shape->end, shape->to_record);
    uint32_t other = (end.line ^ record->at.line) | (end.column ^ record->at.column);

    *spaced = true;
    for (size_t i = 0; i < record->n_fields; i++) {
        const struct field *field = &record->fields[i];
        bool there = field->text != NULL;
        struct place at = cell_shape_after(end, shape->to_fields[i]);

        at = there ? at : (struct place){0, 0};
        other |= (at.line ^ field->at.line) | (at.column ^ field->at.column) | (field->len > CELL_MAX_ALIKE);
        end = there ? cell_shape_behind(field) : end;
        *spaced &= there && (uintptr_t)field->text == next;
        next = (uintptr_t)field->text + field->len + 1;
        put_byte(out, (unsigned char)(field->len + there));
    }
    if (other == 0)
        out->shape.end = end;
    return other == 0;
}

/* As put_bytes, of the text of a field: a call for each takes longer than copying it. */
static inline void put_short(struct cell_out *out, const char *text, size_t len)
{
    unsigned char *to = out->bytes + out->len;
    uint64_t word;

    if (len < sizeof word || len > 4 * sizeof word) {
        put_bytes(out, text, len);
        return;
    }
    for (size_t i = 0; i + sizeof word < len; i += sizeof word)
        memcpy(to + i, text + i, sizeof word);
    memcpy(to + len - sizeof word, text + len - sizeof word, sizeof word);
    out->len += len;
}

/* Says the record in short. False: it cannot be, and nothing is said. */
static bool say_alike(struct cell_out *out, const struct record *record)
{
    const struct field *fields = record->fields, *last = &fields[record->n_fields - 1];
    size_t len = out->len, flag;
    bool spaced;

    if (out->shape.ordinal == 0 || record->ordinal != out->shape.ordinal + 1 || record->words != NULL)
        return false;
    begin(out, CELL_ALIKE);
    flag = out->len;
    put_byte(out, 0);
    if (!put_lengths(out, record, &spaced)) {
        out->len = len;
        return false;
    }
    out->bytes[flag] = spaced;
    out->shape.ordinal++;
    if (spaced)
        put_bytes(out, fields[0].text, (size_t)(last->text + last->len - fields[0].text));
    for (size_t i = 0; !spaced && i < record->n_fields; i++)
        put_short(out, fields[i].text, fields[i].len);
    end(out);
    return true;
}

void cell_say_record(struct cell_out *out, const struct record *record)
{
    if (say_alike(out, record))
        return;
    say_record(out, CELL_RECORD, record);
    cell_shape_learn(&out->shape, record);
}

void cell_say_rows(struct cell_out *out, const struct rows *rows)
{
    begin(out, CELL_ROWS);
    put_number(out, rows->ordinal);
    put_number(out, rows->line);
    put_number(out, rows->n);
    put_number(out, rows->before);
    put_number(out, rows->behind);
    put_bytes(out, rows->lengths, (size_t)rows->n * rows->n_fields);
    put_bytes(out, rows->text, rows->len);
    end(out);
    out->shape = (struct cell_shape){0}; /* the gateway has learned nothing of them, either */
}

void cell_say_count(struct cell_out *out, const struct field *declared)
{
    begin(out, CELL_COUNT);
    put_fields(out, declared, 1, 0);
    end(out);
}

void cell_say_fault(struct cell_out *out, const struct fault *fault)
{
    begin(out, CELL_FAULT);
    put_number(out, fault->kind);
    put_place(out, fault->at);
    put_number(out, fault->ordinal);
    put_string(out, fault->field);
    put_text(out, fault->value, MIN(fault->value_len, (size_t)CELL_MAX_VALUE));
    put_string(out, fault->text);
    end(out);
}

void cell_say_bytes(struct cell_out *out, const char *bytes, size_t len)
{
    for (size_t done = 0; done < len; done += CELL_PIECE) {
        begin(out, CELL_BYTES);
        put_bytes(out, bytes + done, MIN(len - done, (size_t)CELL_PIECE));
        end(out);
    }
}

static void put_progress(struct cell_out *out, const struct reading *reading)
{
    put_number(out, reading->packed);
    put_number(out, reading->records);
}

void cell_say_progress(struct cell_out *out, const struct reading *reading)
{
    begin(out, CELL_PROGRESS);
    put_progress(out, reading);
    end(out);
}

void cell_say_end(struct cell_out *out, const struct reading *reading, enum reading_state state)
{
    begin(out, CELL_END);
    put_byte(out, state == READING_WHOLE);
    put_progress(out, reading);
    end(out);
    cell_flush(out);
}

void cell_say_failed(struct cell_out *out, const GError *error)
{
    begin(out, CELL_FAILED);
    put_number(out, (uint64_t)error->code);
    put_string(out, error->message);
    end(out);
    cell_flush(out);
}
