/* Documents of the fuzzer's bytes. */
#include "formats/profile.h"
#include "tests/fuzz/document.h"

#include <string.h>

enum { RUN_RECORD = 2, RUN_TAG = 3, RUNS = 3, RECORD_BYTES = 65536, TAG_BYTES = 128 * 1024, SPAN = 128, SMALL = 8 };

uint32_t document_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static bool begins_run(const uint8_t *data, size_t left)
{
    return left > 2 && (data[0] == RUN_RECORD || data[0] == RUN_TAG);
}

static char *write_out(const uint8_t *data, size_t size, size_t *len)
{
    GString *text = g_string_sized_new(size);
    unsigned runs = 0;

    for (size_t i = 0, from = 0; i <= size; i++) {
        bool run = i < size && runs < RUNS && begins_run(data + i, size - i);
        if (!run && i < size)
            continue;
        g_string_append_len(text, (const char *)data + from, (gssize)(i - from));
        if (run) {
            size_t before = text->len, least = data[i] == RUN_TAG ? TAG_BYTES : RECORD_BYTES;
            g_string_set_size(text, before + least - SPAN + data[i + 2]);
            memset(text->str + before, data[i + 1], text->len - before);
            i += 2;
            runs++;
        }
        from = i + 1;
    }
    *len = text->len;
    return g_string_free(text, FALSE);
}

struct document *document_of(const char *text, size_t len)
{
    struct document *document = g_new0(struct document, 1);
    size_t first = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

    document->text = g_malloc(len);
    document->len = len;
    if (len > 0)
        memcpy(document->text, text, len);
    document->lines = g_array_new(FALSE, FALSE, sizeof(size_t));
    document->hash = 2166136261u;
    g_array_append_val(document->lines, first);
    for (size_t i = 0; i < len; i++) {
        size_t next = i + 1;
        if (text[i] == '\n')
            g_array_append_val(document->lines, next);
        document->hash = (document->hash ^ (unsigned char)text[i]) * 16777619u;
    }
    document->hash |= 1; /* not 0: it seeds document_random */
    return document;
}

struct document *document_new(const uint8_t *data, size_t size)
{
    size_t len;
    g_autofree char *text = write_out(data, size, &len);

    return document_of(text, len);
}

void document_free(struct document *document)
{
    g_free(document->text);
    g_array_free(document->lines, TRUE);
    g_free(document);
}

/* Offset at which the document names the type; document->len where it does not. */
static size_t names_type(const struct document *document, const struct file_type *type, enum form form)
{
    char first[] = "H,EMI,";
    const char *root;

    if (form == FORM_CSV) {
        memcpy(first + 2, type->code, 3);
        return document->len >= 6 && memcmp(document->text, first, 6) == 0 ? 0 : document->len;
    }
    root = type->root && document->len ? g_strstr_len(document->text, (gssize)document->len, type->root) : NULL;
    return root ? (size_t)(root - document->text) : document->len;
}

const struct file_type *document_type(const struct document *document, enum form form)
{
    const struct file_type *found = profile_type(profile_builtin(), "EMI", 3);
    size_t first = document->len;

    for (size_t i = 0; i < profile_builtin()->n_types; i++) {
        size_t at = profile_builtin()->types[i].inbound ? names_type(document, &profile_builtin()->types[i], form)
                                                        : document->len;

        if (at < first) {
            found = &profile_builtin()->types[i];
            first = at;
        }
    }
    return found;
}

static bool continues(const struct document *document, size_t at)
{
    return at < document->len && ((unsigned char)document->text[at] & 0xc0) == 0x80;
}

size_t document_offset(const struct document *document, struct place at)
{
    size_t i, end;

    if (at.line < 1 || at.column < 1 || at.line > document->lines->len)
        return G_MAXSIZE;
    i = g_array_index(document->lines, size_t, at.line - 1);
    end = at.line < document->lines->len ? g_array_index(document->lines, size_t, at.line) : document->len + 1;
    /* Columns count bytes that begin a character; continuation bytes without one count nowhere. */
    while (at.column > 1 && continues(document, i))
        i++;
    for (; at.column > 1 && i < end; at.column--) {
        i++;
        while (continues(document, i))
            i++;
    }
    return i < end ? i : G_MAXSIZE;
}

/* The size of the next piece. manner 0: single bytes, 1: short pieces, 2: all sizes. */
static size_t piece(uint32_t *state, unsigned manner)
{
    uint32_t n = document_random(state);

    if (manner == 0)
        return 1;
    if (manner == 1)
        return 1 + n % 7;
    return n % 4 ? 1 + n % 300 : 1 + n % 70000;
}

/* Pushes n bytes from a copy of exactly that size, so that the sanitizer sees a read beyond it. Copies of few bytes are
 * used again. */
static bool push_copy(struct reader *reader, const char *bytes, size_t n, char *small[SMALL])
{
    g_autofree char *large = n < SMALL ? NULL : g_memdup2(bytes, n);

    if (n >= SMALL)
        return reader_push(reader, large, n);
    if (small[n] == NULL)
        small[n] = g_malloc(n);
    memcpy(small[n], bytes, n);
    return reader_push(reader, small[n], n);
}

bool document_push(const struct document *document, struct reader *reader, bool in_pieces)
{
    uint32_t state = document->hash;
    unsigned manner = document->len > 4096 ? 2 : document_random(&state) % 3;
    char *small[SMALL] = {NULL};
    bool more = true;

    for (size_t i = 0, n; i < document->len && more; i += n) {
        n = in_pieces ? piece(&state, manner) : document->len;
        n = MIN(n, document->len - i);
        more = push_copy(reader, document->text + i, n, small);
    }
    for (size_t n = 0; n < SMALL; n++)
        g_free(small[n]);
    g_assert(more || !reader_push(reader, "x", 1));
    bool whole = reader_finish(reader);
    g_assert(more || !whole);
    g_assert(!reader_push(reader, "x", 1) && !reader_finish(reader));
    return whole;
}
