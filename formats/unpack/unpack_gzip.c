/*
 * gzip (RFC 1952), any number of members, with zlib's inflate. It stops at the end of each member, so what follows must
 * be looked at here: another member, or bytes that do not belong there. gzread is not used: it passes on what is no
 * gzip as it is, and ignores what follows.
 */
#include "formats/unpack/unpack_private.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* Fills the input up; at the end of the file nothing more comes. False: the disk failed. */
static bool gz_fill(struct unpack *u)
{
    z_stream *z = &u->stream;
    ssize_t n;

    if (z->avail_in > 0)
        memmove(u->input, z->next_in, z->avail_in);
    z->next_in = (Bytef *)u->input;
    n = unpack_read_at(u, u->input + z->avail_in, UNPACK_INPUT_SIZE - z->avail_in, u->offset);
    if (n < 0)
        return false;
    z->avail_in += (uInt)n;
    u->offset += (uint64_t)n;
    return true;
}

static bool gz_open(struct unpack *u)
{
    u->stream.next_in = (Bytef *)u->input;
    u->inflating = inflateInit2(&u->stream, 15 + 16) == Z_OK;
    if (!u->inflating)
        u->io_errno = ENOMEM;
    return u->inflating;
}

/* Between members: 1 when another one begins, 0 at the end of the file, negative when it is refused or failed. */
static ssize_t gz_begin_member(struct unpack *u)
{
    z_stream *z = &u->stream;
    bool first;

    if (z->avail_in < 2 && !gz_fill(u))
        return UNPACK_ERROR;
    first = u->offset == z->avail_in;
    if (z->avail_in == 0)
        return 0;
    if (z->next_in[0] != 0x1f || (z->avail_in > 1 && z->next_in[1] != 0x8b))
        return first ? unpack_refuse_form(u, "gzip data")
                     : unpack_refuse(u, FAULT_FORM,
                                     "expected the end of the file or another gzip member after %" PRIu64
                                     " bytes, found other bytes",
                                     u->offset - z->avail_in);
    if (inflateReset(z) != Z_OK)
        return unpack_refuse(u, FAULT_TRUNCATED, "expected sound gzip data, found damage");
    u->in_member = true;
    return 1;
}

static ssize_t gz_cut_short(struct unpack *u)
{
    return unpack_refuse(u, FAULT_TRUNCATED,
                         "expected the end of the gzip data, found the end of the file after %" PRIu64 " bytes",
                         u->offset);
}

/* Judges what inflate returned: 0, or negative when the file is refused or memory failed. */
static ssize_t gz_check(struct unpack *u, int result)
{
    if (result == Z_STREAM_END)
        u->in_member = false;
    if (result == Z_STREAM_END || result == Z_OK || result == Z_BUF_ERROR)
        return 0;
    if (result == Z_MEM_ERROR) {
        u->io_errno = ENOMEM;
        return UNPACK_ERROR;
    }
    return unpack_refuse(u, FAULT_TRUNCATED, "expected sound gzip data, found damage before byte %" PRIu64 ": %s",
                         u->offset - u->stream.avail_in + 1, u->stream.msg ? u->stream.msg : "unknown");
}

static ssize_t gz_pull(struct unpack *u, char *buffer, size_t size)
{
    z_stream *z = &u->stream;
    ssize_t result = 1;

    z->next_out = (Bytef *)buffer;
    z->avail_out = (uInt)MIN(size, G_MAXINT);
    /* Output that came before a fault is returned first; the next call returns the refusal. */
    while (z->next_out == (Bytef *)buffer && result >= 0) {
        if (!u->in_member && (result = gz_begin_member(u)) <= 0)
            return result;
        if (z->avail_in == 0 && !gz_fill(u))
            return UNPACK_ERROR;
        int done = inflate(z, Z_NO_FLUSH);
        if (done == Z_BUF_ERROR && z->avail_in == 0) /* the file has ended, and zlib holds no output back */
            return gz_cut_short(u);
        result = gz_check(u, done);
    }
    return z->next_out > (Bytef *)buffer ? z->next_out - (Bytef *)buffer : result;
}

static void gz_close(struct unpack *u)
{
    if (u->inflating)
        (void)inflateEnd(&u->stream);
}

const struct unpack_packing unpack_gzip = {gz_open, gz_pull, gz_close};
