/*
 * Packing is libdeflate's: each piece becomes a member of its own of the gzip file, as RFC 1952 allows, and has no time
 * in it, so that the same bytes are packed to the same bytes. All that reads gzip reads such a file. The last member is
 * END, for without it a file that lost its last members would look whole. Earlier releases wrote one member, by zlib;
 * both are read. Reading uses zlib's inflate. Its gzread ignores all from where a member should begin and does not: a
 * file in which one such byte was damaged would look whole. What is read was written here, and the ledger's digest of
 * the plain bytes decides whether they are sound; but `spool cat` compares none. What comes from outside is unpacked by
 * formats/unpack/unpack.h, which trusts nothing.
 */
#include "spool/packed.h"

#include <errno.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

/* LEVEL of libdeflate. A MAPR, in MB/s and in % of its bytes: 1: 401, 21.0; 2: 274, 20.1; 4: 214, 18.3; 6: 114, 16.9;
 * zlib 1: 215, 23.3; zlib 4: 135, 19.9; zlib 6: 54, 17.1. Pieces of 1 MiB save 0.1 % and take more memory. With zlib 4
 * packing took a sixth of the programme's time. */
enum { PIECE = 256 * 1024, BLOCK = 4096 /* of most file systems */, LEVEL = 1 };

enum { INPUT = 64 * 1024 /* packed bytes that are read at once */ };

enum { HEAD = 10, SYSTEM = 9 /* the byte of a head that says who packed it */, OF_ZLIB = 3 };

/* A member without bytes. */
static const unsigned char END[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0};

/* ---- names ---- */

static char *packed_path(const char *path)
{
    return g_strconcat(path, PACKED_SUFFIX, NULL);
}

char *packed_plain_name(const char *name)
{
    size_t len = strlen(name), suffix = strlen(PACKED_SUFFIX);

    return g_str_has_suffix(name, PACKED_SUFFIX) && len > suffix ? g_strndup(name, len - suffix) : g_strdup(name);
}

/* ---- reading ---- */

struct packed_reader {
    char *path;
    int fd;
    bool packed;
    bool cut;     /* the end of a packed one is missing */
    z_stream zip; /* of a packed one, as all that follows */
    bool begun;   /* a member has begun like one */
    bool ended;   /* at the end of a member */
    unsigned char input[INPUT];
};

/* -1 with errno. O_NONBLOCK: a pipe that stands in place of the file would wait for a writer. */
static int open_regular(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat st;

    if (fd < 0 || (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)))
        return fd;
    (void)close(fd); /* nothing was read from it */
    errno = ENOENT;
    return -1;
}

static bool cannot_read(const char *path, int errnum, GError **error)
{
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "cannot read %s: %s", path, g_strerror(errnum));
    return false;
}

/* True if members are missing at the end. zlib says by itself that the end of a member is missing. A fault of the disk
 * is left to the reader of the bytes. */
static bool is_cut(int fd)
{
    unsigned char head[HEAD], end[sizeof END];
    struct stat st;

    if (fstat(fd, &st) != 0 || st.st_size < (off_t)sizeof end || pread(fd, head, sizeof head, 0) != sizeof head ||
        pread(fd, end, sizeof end, st.st_size - (off_t)sizeof end) != sizeof end)
        return false;
    return head[SYSTEM] != OF_ZLIB && memcmp(end, END, sizeof end) != 0;
}

static struct packed_reader *reader_new(char *path, int fd, bool packed)
{
    struct packed_reader *reader = g_new0(struct packed_reader, 1);

    reader->path = path;
    reader->fd = fd;
    reader->packed = packed;
    reader->cut = packed && is_cut(fd);
    if (packed && inflateInit2(&reader->zip, 15 + 16) != Z_OK) /* 16: gzip, and nothing else */
        g_error("zlib cannot begin");                          /* out of memory: ends the program */
    return reader;
}

struct packed_reader *packed_open(const char *path, GError **error)
{
    for (int look = 0; look < 3; look++) {
        bool packed = look == 1;
        char *name = packed ? packed_path(path) : g_strdup(path);
        int fd = open_regular(name);
        if (fd >= 0)
            return reader_new(name, fd, packed);
        g_autofree char *failed = name;
        if (errno != ENOENT && errno != ELOOP) {
            (void)cannot_read(failed, errno, error);
            return NULL;
        }
    }
    return NULL;
}

static bool is_damaged(const struct packed_reader *reader, const char *what, GError **error)
{
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_CORRUPT, "%s is damaged: %s", reader->path, what);
    return false;
}

static bool read_plain(const struct packed_reader *reader, void *buffer, size_t size, size_t *got, GError **error)
{
    ssize_t n;

    do
        n = read(reader->fd, buffer, size);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return cannot_read(reader->path, errno, error);
    *got = (size_t)n;
    return true;
}

/* Reads the next packed bytes if none are left. *end: the file has no more, and nothing is missing. */
static bool fill_input(struct packed_reader *reader, bool *end, GError **error)
{
    size_t len = 0;

    if (reader->zip.avail_in > 0)
        return true;
    if (!read_plain(reader, reader->input, INPUT, &len, error))
        return false;
    reader->zip.next_in = reader->input;
    reader->zip.avail_in = (unsigned)len;
    *end = len == 0;
    if (*end && !reader->begun)
        return is_damaged(reader, "it is no gzip file", error);
    return !*end || (reader->ended && !reader->cut) || is_damaged(reader, "its end is missing", error);
}

/* Unpacks up to the end of a member, of the input or of the room. */
static bool unpack_some(struct packed_reader *reader, GError **error)
{
    if (reader->ended)
        (void)inflateReset(&reader->zip); /* the stream is sound */
    int result = inflate(&reader->zip, Z_NO_FLUSH);
    reader->ended = result == Z_STREAM_END;
    if (result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR) {
        reader->begun = true;
        return true;
    }
    const char *why = reader->zip.msg != NULL ? reader->zip.msg : "zlib cannot unpack it";
    return is_damaged(reader, reader->begun ? why : "it is no gzip file", error);
}

static bool read_packed(struct packed_reader *reader, char *buffer, size_t size, size_t *got, GError **error)
{
    unsigned room = (unsigned)MIN(size, PIECE);
    bool end = false;

    reader->zip.next_out = (unsigned char *)buffer;
    reader->zip.avail_out = room;
    while (!end && reader->zip.avail_out > 0)
        if (!fill_input(reader, &end, error) || (!end && !unpack_some(reader, error)))
            return false;
    *got = room - reader->zip.avail_out;
    return true;
}

bool packed_read(struct packed_reader *reader, char *buffer, size_t size, size_t *got, GError **error)
{
    return reader->packed ? read_packed(reader, buffer, size, got, error)
                          : read_plain(reader, buffer, size, got, error);
}

void packed_close(struct packed_reader *reader)
{
    if (reader == NULL)
        return;
    if (reader->packed)
        (void)inflateEnd(&reader->zip); /* nothing is kept of it */
    (void)close(reader->fd);            /* was only read from */
    g_free(reader->path);
    g_free(reader);
}

/* A byte sink, as disk_file_write is one. */
typedef bool sink_fn(void *user, const char *data, size_t len, GError **error);

/* Reads all plain bytes into `sink`. */
static bool pump(const char *path, sink_fn *sink, void *user, uint64_t *size, GError **error)
{
    GError *cause = NULL;
    g_autoptr(packed_reader_t) reader = packed_open(path, &cause);
    g_autofree char *piece = g_malloc(PIECE);
    size_t got = 0;

    if (cause != NULL) {
        g_propagate_error(error, cause);
        return false;
    }
    if (reader == NULL)
        return cannot_read(path, ENOENT, error);
    do {
        if (!packed_read(reader, piece, PIECE, &got, error) || (got > 0 && !sink(user, piece, got, error)))
            return false;
        *size += got;
    } while (got > 0);
    return true;
}

static bool add_to_digest(void *user, const char *data, size_t len, GError **error)
{
    (void)error; /* cannot fail */
    digest_update(user, data, len);
    return true;
}

bool packed_digest(const char *path, char hex[DIGEST_HEX_SIZE], uint64_t *size, GError **error)
{
    g_autoptr(digest_t) digest = digest_new();
    uint64_t total = 0;

    if (!pump(path, add_to_digest, digest, &total, error))
        return false;
    digest_hex(digest, hex);
    if (size != NULL)
        *size = total;
    return true;
}

bool packed_same_bytes(const char *path, uint64_t size, const char *sha256, bool *same, GError **error)
{
    GError *cause = NULL;
    g_autoptr(packed_reader_t) there = packed_open(path, &cause);
    char hex[DIGEST_HEX_SIZE] = "";
    uint64_t found = 0;

    *same = false;
    if (cause == NULL && there != NULL)
        (void)packed_digest(path, hex, &found, &cause);
    if (cause != NULL && !g_error_matches(cause, SPOOL_ERROR, SPOOL_ERROR_CORRUPT)) {
        g_propagate_error(error, cause);
        return false;
    }
    *same = cause == NULL && there != NULL && found == size && g_strcmp0(hex, sha256) == 0;
    g_clear_error(&cause);
    return true;
}

bool packed_copy(const char *from, struct disk_file *to, GError **error)
{
    uint64_t size = 0;

    return pump(from, disk_file_write, to, &size, error);
}

/* ---- packing ---- */

struct packer {
    char *path, *sha256;
    uint64_t size;
    uint64_t read; /* of size */
    int fd;
    struct libdeflate_compressor *deflate;
    struct digest *digest;
    struct disk_file *file;
    char *packed; /* room for the longest member */
    size_t room;
    char piece[PIECE];
};

static uint64_t blocks_of(uint64_t size)
{
    return (size + BLOCK - 1) / BLOCK;
}

static bool is_small(uint64_t size)
{
    return blocks_of(size) <= 1;
}

/* A part of the disk that cannot be read is damage like other damage: it must not hold up what else is to be packed. */
static bool cannot_pack(const char *path, int errnum, GError **error)
{
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_CORRUPT, "cannot read %s: %s", path, g_strerror(errnum));
    return false;
}

struct packer *packer_begin(const char *path, uint64_t size, const char *sha256, struct packed_batch *batch,
                            GError **error)
{
    int fd = is_small(size) ? -1 : open_regular(path);

    if (fd < 0) {
        if (!is_small(size) && errno == ENOENT)
            (void)packed_batch_gone(batch, path, error);
        else if (!is_small(size))
            (void)cannot_pack(path, errno, error);
        return NULL;
    }
    g_autoptr(packer_t) packer = g_new0(struct packer, 1);
    g_autofree char *to = packed_path(path);
    packer->path = g_strdup(path);
    packer->sha256 = g_strdup(sha256);
    packer->size = size;
    packer->fd = fd;
    packer->digest = digest_new();
    packer->deflate = libdeflate_alloc_compressor(LEVEL);
    if (packer->deflate == NULL)
        g_error("libdeflate cannot begin to pack"); /* out of memory: ends the program */
    packer->room = libdeflate_gzip_compress_bound(packer->deflate, PIECE);
    packer->packed = g_malloc(packer->room);
    packer->file = disk_file_create(to, 0, error);
    return packer->file != NULL ? g_steal_pointer(&packer) : NULL;
}

/* Reads a piece. Only the last one is shorter, whatever read gives: the bytes of the packed file depend on it. */
static bool read_piece(struct packer *packer, size_t *len, GError **error)
{
    ssize_t n = 1;

    for (*len = 0; *len < PIECE && n != 0; *len += n > 0 ? (size_t)n : 0) {
        n = read(packer->fd, packer->piece + *len, PIECE - *len);
        if (n < 0 && errno != EINTR)
            return cannot_pack(packer->path, errno, error);
    }
    return true;
}

bool packer_step(struct packer *packer, bool *done, GError **error)
{
    size_t len;

    if (!read_piece(packer, &len, error))
        return false;
    *done = len == 0;
    if (*done)
        return disk_file_write(packer->file, (const char *)END, sizeof END, error);
    digest_update(packer->digest, packer->piece, len);
    packer->read += len;
    /* The room is enough, so it is not 0. */
    size_t packed = libdeflate_gzip_compress(packer->deflate, packer->piece, len, packer->packed, packer->room);
    return disk_file_write(packer->file, packer->packed, packed, error);
}

bool packer_finish(struct packer *packer, struct packed_batch *batch, GError **error)
{
    char hex[DIGEST_HEX_SIZE];
    uint64_t packed = disk_file_size(packer->file);

    digest_hex(packer->digest, hex);
    if (g_strcmp0(hex, packer->sha256) != 0 || packer->read != packer->size) {
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_CORRUPT, "%s is not what was stored: its SHA-256 is %s",
                    packer->path, hex);
        return false;
    }
    if (blocks_of(packed) >= blocks_of(packer->size))
        return true; /* its sender has packed it */
    return packed_batch_add(batch, packer->file, packer->path, (int64_t)(packer->size - packed), error);
}

void packer_free(struct packer *packer)
{
    if (packer == NULL)
        return;
    disk_file_free(packer->file);
    digest_free(packer->digest);
    libdeflate_free_compressor(packer->deflate);
    (void)close(packer->fd); /* was only read from */
    g_free(packer->packed);
    g_free(packer->sha256);
    g_free(packer->path);
    g_free(packer);
}

/* ---- the way back, and away ---- */

bool packed_unpack(const char *path, GError **error)
{
    g_autofree char *from = packed_path(path);
    bool plain = false, packed = false;

    if (!disk_exists(path, &plain, error) || !disk_exists(from, &packed, error))
        return false;
    if (!plain && packed) {
        g_autoptr(disk_file_t) file = disk_file_create(path, 0, error);
        if (file == NULL || !packed_copy(path, file, error) || !disk_file_publish(STEP_FILE_UNPACKED, file, error))
            return false;
    }
    return !packed || disk_unlink(STEP_PACKED_REMOVED, from, error);
}

static bool remove_one(enum step step, const char *path, int64_t *freed, GError **error)
{
    struct stat st;

    if (lstat(path, &st) != 0)
        return errno == ENOENT || cannot_read(path, errno, error);
    if (freed != NULL)
        *freed += (int64_t)st.st_size;
    return disk_unlink(step, path, error);
}

bool packed_remove(enum step step, const char *path, int64_t *freed, GError **error)
{
    g_autofree char *packed = packed_path(path), *unfinished = disk_temporary_path(packed);

    return remove_one(step, path, freed, error) && remove_one(step, packed, freed, error) &&
           remove_one(step, unfinished, freed, error);
}

/* ---- bytes that come from elsewhere ---- */

struct packed_proof {
    struct digest *digest;
    z_stream zip;
    bool packed, damaged;
    bool ended; /* at the end of a member */
    uint64_t size, most;
};

struct packed_proof *packed_proof_new(bool packed, uint64_t most)
{
    struct packed_proof *proof = g_new0(struct packed_proof, 1);

    proof->digest = digest_new();
    proof->packed = packed;
    proof->most = most;
    if (packed && inflateInit2(&proof->zip, 15 + 16) != Z_OK) /* 16: gzip, and nothing else */
        g_error("zlib cannot begin");                         /* out of memory: ends the program */
    return proof;
}

static void add_plain(struct packed_proof *proof, const void *data, size_t len)
{
    proof->size += len;
    proof->damaged = proof->damaged || proof->size > proof->most;
    digest_update(proof->digest, data, len);
}

/* Unpacks what zlib has as input, up to the end of a member, or of the input. */
static void unpack_member(struct packed_proof *proof)
{
    unsigned char plain[16 * 1024];
    int result;

    if (proof->ended)
        (void)inflateReset(&proof->zip); /* the stream is sound */
    do {
        proof->zip.next_out = plain;
        proof->zip.avail_out = sizeof plain;
        result = inflate(&proof->zip, Z_NO_FLUSH);
        if (result == Z_OK || result == Z_STREAM_END)
            add_plain(proof, plain, sizeof plain - proof->zip.avail_out);
    } while (result == Z_OK && !proof->damaged && (proof->zip.avail_in > 0 || proof->zip.avail_out == 0));
    proof->ended = result == Z_STREAM_END;
    proof->damaged = proof->damaged || (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR);
}

void packed_proof_add(struct packed_proof *proof, const void *data, size_t len)
{
    if (!proof->packed) {
        if (!proof->damaged)
            add_plain(proof, data, len);
        return;
    }
    proof->damaged = proof->damaged || len > G_MAXUINT;
    proof->zip.next_in = (unsigned char *)data; /* zlib only reads it */
    proof->zip.avail_in = proof->damaged ? 0 : (unsigned)len;
    while (proof->zip.avail_in > 0 && !proof->damaged)
        unpack_member(proof);
}

bool packed_proof_is(struct packed_proof *proof, uint64_t size, const char *sha256)
{
    char hex[DIGEST_HEX_SIZE];

    digest_hex(proof->digest, hex);
    return !proof->damaged && (!proof->packed || proof->ended) && proof->size == size && g_strcmp0(hex, sha256) == 0;
}

void packed_proof_free(struct packed_proof *proof)
{
    if (proof == NULL)
        return;
    if (proof->packed)
        (void)inflateEnd(&proof->zip); /* nothing is kept of it */
    digest_free(proof->digest);
    g_free(proof);
}

const char *packed_library_version(void)
{
    return zlibVersion();
}
