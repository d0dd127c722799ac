/* The content of a file, read in this address space. */
#include "formats/reading.h"

#include "formats/xml/xml_signature.h"

enum { PIECE = 64 * 1024 }; /* plain bytes of one step */

G_DEFINE_QUARK(ecosgate - reading - error, reading_error)

struct here {
    struct reading reading;
    struct reading_request request;
    struct unpack *unpack;
    struct reader *reader; /* NULL: plain bytes are wanted */
    uint64_t plain;        /* bytes so far */
    char piece[PIECE];
};

static enum reading_state give(struct here *h, size_t len)
{
    h->plain += len;
    if (h->reader == NULL)
        h->request.on_bytes(h->request.sink.user, h->piece, len);
    else if (!reader_push(h->reader, h->piece, len))
        return READING_CUT;
    return h->reading.stopped ? READING_CUT : READING_MORE;
}

static enum reading_state finish(struct here *h)
{
    return h->reader == NULL || reader_finish(h->reader) ? READING_WHOLE : READING_CUT;
}

static enum reading_state refuse(struct here *h)
{
    if (h->request.head > 0)
        return finish(h);
    if (h->reader != NULL && !h->reading.stopped)
        h->request.sink.on_fault(h->request.sink.user, unpack_fault(h->unpack));
    return READING_CUT;
}

static enum reading_state step(struct reading *reading, GError **error)
{
    struct here *h = (struct here *)reading;
    uint64_t head = h->request.head;
    size_t size = head > 0 ? (size_t)MIN(head - h->plain, PIECE) : PIECE;
    ssize_t n = size > 0 ? unpack_read(h->unpack, h->piece, size, error) : 0;
    enum reading_state state = n > 0                 ? give(h, (size_t)n)
                               : n == 0              ? finish(h)
                               : n == UNPACK_REFUSED ? refuse(h)
                                                     : READING_FAILED;

    reading->packed = unpack_packed_bytes_read(h->unpack);
    reading->records = h->reader != NULL ? reader_records(h->reader) : 0;
    return state;
}

static void stop(struct reading *reading)
{
    struct here *h = (struct here *)reading;

    if (h->reader != NULL)
        reader_stop(h->reader);
}

static void close_here(struct reading *reading)
{
    struct here *h = (struct here *)reading;

    reader_free(h->reader);
    unpack_free(h->unpack);
    g_free(h);
}

static const struct reading_calls here_calls = {step, stop, close_here};

static struct reading *open_here(const struct reading_request *request)
{
    struct here *h = g_new(struct here, 1);
    const struct reader_limits limits = {request->max_records};

    h->reading = (struct reading){.calls = &here_calls};
    h->request = *request;
    h->plain = 0;
    h->unpack = unpack_new(request->fd, request->pack, request->stem, request->stem_len, request->unpack);
    h->reader = request->type != NULL ? reader_new(request->form, request->type, &limits, &h->request.sink) : NULL;
    if (h->reader != NULL && request->signature == READING_SIGNATURE_SKIPPED)
        reader_skip_signature(h->reader);
    if (h->reader != NULL && request->on_rows != NULL)
        reader_give_rows(h->reader, request->on_rows);
    return &h->reading;
}

struct reading *reading_open(const struct readings *by, const struct reading_request *request)
{
    if (by != NULL)
        return by->open(by, request);
    return request->signature == READING_SIGNATURE_WANTED ? xml_signature_open(request) : open_here(request);
}

enum reading_state reading_step(struct reading *reading, GError **error)
{
    return reading->stopped ? READING_CUT : reading->calls->step(reading, error);
}

void reading_stop(struct reading *reading)
{
    reading->stopped = true;
    reading->calls->stop(reading);
}

void reading_close(struct reading *reading)
{
    if (reading != NULL)
        reading->calls->close(reading);
}
