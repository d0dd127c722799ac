/*
 * The fast way through the records of a file as programs write it. libxml2 reads what stands before the first record
 * and behind the last; between two records the scan takes over and goes from record to record, for as long as each is
 * plain: the children of the layout in their order, no attributes, text of printable ASCII, blanks and line ends (LF or
 * CRLF) between tags. It knows no name: its steps are made from the containers of the frame (xml_reader_frame.c).
 *
 * Most fields are written as in the record before: as long, with the same blanks behind their end tags. So that is
 * asked first.
 *
 * The scan finds no fault. At the first byte that is not plain it leaves the whole record to libxml2, which goes on
 * there as if it had read all records before: they have left nothing behind in it but the position, which is set. So
 * faults, their texts and their places have one source. The parser is given the same bytes with the same ends of blocks
 * as without the scan, because its errors may depend on them. tests/fuzz/fuzz_xml.c compares the two ways.
 *
 * Another way was to prove the whole file first and to hand it to libxml2 from its first byte on any doubt. Then one
 * odd row makes the whole file slow, each file is read twice, and header and end need a second reader, too.
 */
#include "formats/xml/xml_reader_private.h"

#include "formats/eight.h"

#include <string.h>

/* Where the scan stands in the window. */
struct cursor {
    const char *at, *end;
    struct place line; /* its number; column: what the offset of a byte in the window lacks to its column */
    const char *window;
    bool cut; /* the block ends where nothing was found wrong yet */
};

/* ---- the steps ---- */

static void add_step(struct xml_scan *scan, const struct xml_step *step)
{
    scan->steps[scan->n++] = *step;
}

/* "<Name", or "</Name>" */
static struct xml_tag tag_of(struct xml_scan *scan, const char *begin, const char *name, const char *end)
{
    g_autofree char *text = g_strconcat(begin, name, end, NULL);

    return (struct xml_tag){g_string_chunk_insert(scan->texts, text), strlen(text)};
}

static void add_container(struct xml_scan *scan, const struct xml_container *c, bool required)
{
    size_t first = scan->n;

    add_step(scan, &(struct xml_step){.tag = tag_of(scan, "<", c->element, ">")});
    for (size_t i = 0; i < c->n; i++) {
        const char *name = (const char *)c->names[i];
        bool needed = (c->required & 1u << i) != 0;

        if (c->inner[i] != NULL)
            add_container(scan, c->inner[i], needed);
        else
            add_step(scan, &(struct xml_step){.tag = tag_of(scan, "<", name, ""),
                                              .close = tag_of(scan, "</", name, ">"),
                                              .field = c->fields[i],
                                              .absent = needed ? 0 : scan->n + 1});
    }
    add_step(scan, &(struct xml_step){.tag = tag_of(scan, "</", c->element, ">")});
    scan->steps[first].absent = required ? 0 : scan->n;
}

void xml_scan_fill(struct xml *x)
{
    struct xml_scan *scan = &x->scan;

    scan->texts = g_string_chunk_new(1024);
    add_container(scan, &x->record.top, true);
    for (unsigned char c = ' '; c < 0x7f; c++)
        scan->plain[c] = strchr("<&>", c) == NULL; /* '>': "]]>" is no text */
}

/* ---- one record ---- */

static inline struct place place_of(const struct cursor *c)
{
    return (struct place){c->line.line, (uint32_t)(c->at - c->window) + c->line.column};
}

/* A CR counts with its LF alone: how libxml2 counts lines behind others is its own business. */
static inline void pass_blanks(struct cursor *c)
{
    for (; *c->at == ' ' || *c->at == '\n' || *c->at == '\t' || (*c->at == '\r' && c->at[1] == '\n'); c->at++)
        if (*c->at == '\n')
            c->line = (struct place){c->line.line + 1, (uint32_t)(c->window - c->at)}; /* modulo 2 to the 32 */
}

/* As memcmp, of tags: eight bytes at once, the last eight again. A call for each tag takes a quarter longer. */
static inline bool is_same(const char *one, const char *other, size_t len)
{
    uint64_t a, b, differs = 0;
    size_t i = 0;

    if (len < sizeof a)
        return memcmp(one, other, len) == 0;
    for (; i < len - sizeof a; i += sizeof a) {
        memcpy(&a, one + i, sizeof a);
        memcpy(&b, other + i, sizeof b);
        differs |= a ^ b;
    }
    memcpy(&a, one + len - sizeof a, sizeof a);
    memcpy(&b, other + len - sizeof b, sizeof b);
    return (differs | (a ^ b)) == 0;
}

static inline bool pass(struct cursor *c, const struct xml_tag *tag)
{
    size_t have = (size_t)(c->end - c->at);

    if (have >= tag->len && is_same(c->at, tag->text, tag->len)) {
        c->at += tag->len;
        return true;
    }
    c->cut |= have < tag->len && memcmp(c->at, tag->text, have) == 0;
    return false;
}

/* The highest bit of each byte that text may have: printable ASCII, but for < & >. */
static inline uint64_t plain_ones(uint64_t word)
{
    return eight_from(word, ' ') & ~eight_from(word, 0x7f) & eight_other_than(word, '<') & eight_other_than(word, '&') &
           eight_other_than(word, '>') & ~word;
}

/* True where all bytes of the text are such ones. Eight bytes from there on are in the window. */
static inline bool is_plain(const char *text, size_t len)
{
    uint64_t all = EIGHT_HIGH;

    for (size_t i = 0; i + 8 < len; i += 8)
        all &= plain_ones(eight_load(text + i));
    if (len >= 8)
        all &= plain_ones(eight_load(text + len - 8));
    else if (len > 0)
        all &= plain_ones(eight_load(text) << (64 - 8 * len) | EIGHT(' ') >> 8 * len);
    return (all & EIGHT_HIGH) == EIGHT_HIGH;
}

/* Bytes of plain text from there on. Fields have the same length again and again: that is tried first, for the
 * processor cannot guess where a text ends that is looked at byte by byte. */
static inline size_t text_len(const struct xml_scan *scan, const struct cursor *c, const char *text, size_t guess)
{
    size_t len = 0;

    if ((size_t)(c->end - text) > MAX(guess, 8) && text[guess] == '<' && is_plain(text, guess))
        return guess;
    while (scan->plain[(unsigned char)text[len]])
        len++;
    return len;
}

/* Passes end tag and blanks of a field as they were in the record before. */
static inline bool pass_habit(struct cursor *c, const struct xml_habit *habit)
{
    if ((size_t)(c->end - c->at) < habit->behind || habit->behind == 0 || !is_same(c->at, habit->bytes, habit->behind))
        return false;
    if (habit->lines > 0)
        c->line = (struct place){c->line.line + habit->lines, (uint32_t)(c->window - c->at) - habit->newline};
    c->at += habit->behind;
    return true;
}

/* The same as they are here, and remembers them. */
static XML_COLD bool pass_and_learn(struct cursor *c, const struct xml_tag *close, struct xml_habit *habit)
{
    const char *begin = c->at;
    uint32_t line = c->line.line;

    if (!pass(c, close))
        return false;
    pass_blanks(c);
    size_t behind = (size_t)(c->at - begin);
    habit->behind = behind <= sizeof habit->bytes && c->at < c->end ? behind : 0;
    memcpy(habit->bytes, begin, habit->behind);
    habit->lines = c->line.line - line;
    habit->newline = (uint32_t)(c->window - begin) - c->line.column; /* modulo 2 to the 32 */
    return true;
}

/* The rest of a field behind "<Name": ">text</Name>" or "/>". */
static inline bool pass_field(struct xml *x, struct cursor *c, struct xml_step *step, struct place at)
{
    static const struct xml_tag empty = {"/>", 2};
    bool has_text = *c->at == '>';
    const char *text = c->at + has_text;
    size_t len = has_text ? text_len(&x->scan, c, text, step->habit.len) : 0;

    c->at = text + len;
    x->fields[step->field] = (struct field){text, len, at};
    if (len > LAYOUT_FIELD_MAX_CHARS)
        return false;
    step->habit.len = len;
    return has_text ? pass_habit(c, &step->habit) || pass_and_learn(c, &step->close, &step->habit) : pass(c, &empty);
}

static bool pass_record(struct xml *x, struct cursor *c)
{
    struct xml_scan *scan = &x->scan;

    memset(x->fields, 0, x->record.top.n_fields * sizeof *x->fields); /* they still hold the record before */
    for (size_t i = 0; i < scan->n;) {
        struct xml_step *step = &scan->steps[i];
        pass_blanks(c);
        struct place at = place_of(c);
        if (i == 0)
            x->at = at;
        if (pass(c, &step->tag)) {
            if (step->close.text != NULL && !pass_field(x, c, step, at))
                return false;
            i++;
        } else if (step->absent > 0 && !c->cut) {
            i = step->absent;
        } else {
            return false;
        }
    }
    return true;
}

/* ---- the records of a block ---- */

size_t xml_scan_first(const struct xml *x)
{
    const struct xml_tag *record = &x->scan.steps[0].tag;
    const char *from = x->window + x->fed, *first = memmem(from, x->filled - x->fed, record->text, record->len);

    while (first != NULL && first > from && xml_is_blank(first[-1]))
        first--;
    return first != NULL ? (size_t)(first - x->window) : x->filled;
}

bool xml_scan_can_begin(const struct xml *x)
{
    size_t depth = x->record_depth - 1;
    const struct xml_container *holder = x->depth == depth ? x->levels[depth].container : NULL;

    return holder != NULL && holder->inner[holder->n - 1] == &x->record.top && x->levels[depth].next == holder->n - 1 &&
           x->fed == 0 && x->skip == 0 && !x->stray && !x->count_places && !x->scan.foreign && !x->stopped;
}

/* True: libxml2 might stop at the reader's limit of places within the next two blocks. */
static bool is_near_limit(struct place at)
{
    return MAX(at.line, at.column) > XML_MAX_PLACE - 2 * XML_BLOCK;
}

/* Gives the record to the sink. False: nothing more is read. */
static bool give_record(struct xml *x)
{
    struct record record = {.at = x->at, .n_fields = x->record.top.n_fields, .fields = x->fields};

    x->ordinal = record.ordinal = reader_count_record(x->reader, x->at);
    x->stopped = record.ordinal == 0;
    if (x->stopped)
        return false;
    reader_emit_record(x->reader, &record);
    return !reader_stopped(x->reader);
}

size_t xml_scan_records(struct xml *x)
{
    struct cursor c = {x->window, x->window + x->filled, x->mark_at, x->window, false};
    struct xml_level *holder = &x->levels[x->record_depth - 1];
    const char *done = c.at;
    bool goes_on = !is_near_limit(x->mark_at);

    x->window[x->filled] = '\0'; /* ends blanks and text */
    while (goes_on && pass_record(x, &c)) {
        done = c.at;
        x->mark_at = place_of(&c);
        holder->seen |= 1u << (holder->container->n - 1);
        goes_on = give_record(x);
    }
    x->scan.runs = goes_on && c.cut && c.end - done < XML_BLOCK;
    return (size_t)(done - x->window);
}
