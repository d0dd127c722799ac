/*
 * Fuzz target: any bytes as a plain, a gzip and a zip file.
 * - What is unpacked keeps every limit and is the same for every size of buffer.
 * - It is what another reader of such files finds: zlib's gzread; libarchive by the central directory alone.
 * - A refusal has a reason, and stays a refusal.
 * - The other way round, bytes that are packed come out again.
 */
#include "formats/unpack/unpack.h"
#include "tests/fuzz/reading.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_BYTES = 1 << 16, MAX_RATIO = 200, BUFFER = 1 << 17 };

static const struct unpack_limits limits = {.max_bytes = MAX_BYTES, .max_ratio = MAX_RATIO};

struct outcome {
    GString *bytes;
    bool good;
    enum fault_kind kind;
};

/* A file in memory. */
static int file_of(const void *data, size_t size)
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);

    g_assert(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    return fd;
}

static void check_refusal(struct unpack *unpack, struct outcome *outcome)
{
    const struct fault *fault = unpack_fault(unpack);

    g_assert(fault->kind == FAULT_FORM || fault->kind == FAULT_TRUNCATED || fault->kind == FAULT_EMPTY ||
             fault->kind == FAULT_LIMIT);
    assert_printable(fault->text);
    outcome->kind = fault->kind;
}

static struct outcome unpack_file(int fd, size_t size, enum filename_pack pack, const char *stem, size_t stem_len,
                                  size_t buffer_size)
{
    struct unpack *unpack = unpack_new(fd, pack, stem, stem_len, &limits);
    struct outcome outcome = {.bytes = g_string_new(NULL)};
    g_autofree char *buffer = g_malloc(buffer_size);
    GError *error = NULL;
    ssize_t n;

    while ((n = unpack_read(unpack, buffer, buffer_size, &error)) > 0) {
        g_assert((size_t)n <= buffer_size && unpack_packed_bytes_read(unpack) <= size);
        g_string_append_len(outcome.bytes, buffer, n);
        g_assert(outcome.bytes->len <= MAX_BYTES);
        g_assert(pack == FILENAME_PLAIN || outcome.bytes->len <= MAX_RATIO * size);
    }
    g_assert(error == NULL && (n == 0 || n == UNPACK_REFUSED));
    g_assert(unpack_read(unpack, buffer, buffer_size, NULL) == n);
    outcome.good = n == 0;
    if (n == UNPACK_REFUSED)
        check_refusal(unpack, &outcome);
    else if (pack != FILENAME_ZIP)
        g_assert(unpack_packed_bytes_read(unpack) == size);
    unpack_free(unpack);
    return outcome;
}

static bool is_prefix(const GString *shorter, const GString *longer)
{
    return shorter->len <= longer->len && memcmp(shorter->str, longer->str, shorter->len) == 0;
}

/* With a large buffer and with one of a few bytes. */
static struct outcome unpack_twice(int fd, size_t size, enum filename_pack pack, const char *stem, size_t stem_len)
{
    struct outcome outcome = unpack_file(fd, size, pack, stem, stem_len, BUFFER);
    struct outcome small = unpack_file(fd, size, pack, stem, stem_len, 1 + size % 61);

    /* Where there is damage behind a limit, a small buffer meets the limit first. */
    g_assert(outcome.good == small.good && (outcome.kind == small.kind || small.kind == FAULT_LIMIT));
    g_assert(is_prefix(outcome.bytes, small.bytes) || (!outcome.good && is_prefix(small.bytes, outcome.bytes)));
    g_assert(!outcome.good || outcome.bytes->len == small.bytes->len);
    g_string_free(small.bytes, TRUE);
    return outcome;
}

/* --- Other readers ---------------------------------------------------------------------------- */

static void compare_with_gzread(int fd, const struct outcome *outcome)
{
    g_autofree char *buffer = g_malloc(BUFFER);
    int again = dup(fd), n;
    gzFile file;

    g_assert(again >= 0 && lseek(again, 0, SEEK_SET) == 0);
    file = gzdopen(again, "rb");
    n = gzread(file, buffer, BUFFER);
    g_assert(n >= 0 && (size_t)n == outcome->bytes->len && memcmp(buffer, outcome->bytes->str, (size_t)n) == 0);
    g_assert(gzread(file, buffer, 1) == 0 && !gzdirect(file) && gzclose(file) == Z_OK);
}

static uint32_t le(const uint8_t *p, unsigned bytes)
{
    return bytes == 0 ? 0 : p[0] | le(p + 1, bytes - 1) << 8;
}

/* The bytes have the checksum that the central directory says. */
static void check_checksum(const uint8_t *data, size_t size, const struct outcome *outcome)
{
    size_t end = size - 22;

    while (memcmp(data + end, "PK\5\6", 4) != 0 || le(data + end + 20, 2) != size - end - 22)
        end--;
    const uint8_t *central = data + le(data + end + 16, 4);
    g_assert(crc32(0, (const Bytef *)outcome->bytes->str, (uInt)outcome->bytes->len) == le(central + 16, 4));
}

static void compare_with_directory(const uint8_t *data, size_t size, const struct outcome *outcome)
{
    struct archive *archive = archive_read_new();
    struct archive_entry *entry;
    g_autofree char *buffer = g_malloc(BUFFER);
    la_ssize_t n;

    g_assert(archive_read_support_format_zip_seekable(archive) == ARCHIVE_OK);
    g_assert(archive_read_open_memory(archive, data, size) == ARCHIVE_OK);
    g_assert(archive_read_next_header(archive, &entry) >= ARCHIVE_WARN);
    g_assert(archive_entry_filetype(entry) == AE_IFREG);
    /* libarchive may refuse for sizes in a local header which we do not use. It may not find other bytes. */
    n = archive_read_data(archive, buffer, BUFFER);
    g_assert(n < 0 || ((size_t)n == outcome->bytes->len && memcmp(buffer, outcome->bytes->str, (size_t)n) == 0));
    g_assert(n < 0 || archive_read_next_header(archive, &entry) == ARCHIVE_EOF);
    (void)archive_read_free(archive); /* memory only */
}

/* --- Inputs ------------------------------------------------------------------------------------- */

static void try_plain(int fd, const uint8_t *data, size_t size)
{
    struct outcome outcome = unpack_twice(fd, size, FILENAME_PLAIN, NULL, 0);

    g_assert(outcome.good == (size > 0 && size <= MAX_BYTES));
    g_assert(!outcome.good || (outcome.bytes->len == size && memcmp(outcome.bytes->str, data, size) == 0));
    g_string_free(outcome.bytes, TRUE);
}

static void try_gz(int fd, size_t size)
{
    struct outcome outcome = unpack_twice(fd, size, FILENAME_GZ, NULL, 0);

    if (outcome.good)
        compare_with_gzread(fd, &outcome);
    g_string_free(outcome.bytes, TRUE);
}

/* No accepted name leads out of a folder, though none is ever used as a path. A member is accepted under its own name
 * only, which must stand in both its headers. */
static void try_names(int fd, const uint8_t *data, size_t size, const struct outcome *nameless)
{
    size_t len = data[26] | (size_t)data[27] << 8;
    g_autofree char *name = g_malloc(len + 1);

    g_assert(30 + len <= size);
    memcpy(name, data + 30, len);
    name[len] = '\0';
    g_assert(!memchr(name, '/', len) && !memchr(name, '\\', len) && strcmp(name, ".") != 0 && strcmp(name, "..") != 0);
    name[len] = 'x';
    struct outcome named = unpack_file(fd, size, FILENAME_ZIP, name, len, BUFFER);
    struct outcome longer = unpack_file(fd, size, FILENAME_ZIP, name, len + 1, BUFFER);
    struct outcome shorter = unpack_file(fd, size, FILENAME_ZIP, name, len - 1, BUFFER);
    g_assert(named.good ? g_string_equal(named.bytes, nameless->bytes) : named.kind == FAULT_FORM);
    g_assert(!longer.good && longer.kind == FAULT_FORM && !shorter.good && shorter.kind == FAULT_FORM);
    g_string_free(named.bytes, TRUE);
    g_string_free(longer.bytes, TRUE);
    g_string_free(shorter.bytes, TRUE);
}

static void try_zip(int fd, const uint8_t *data, size_t size)
{
    struct outcome outcome = unpack_twice(fd, size, FILENAME_ZIP, NULL, 0);

    if (outcome.good) {
        check_checksum(data, size, &outcome);
        compare_with_directory(data, size, &outcome);
        try_names(fd, data, size, &outcome);
    }
    g_string_free(outcome.bytes, TRUE);
}

/* --- Round trip --------------------------------------------------------------------------------- */

static void add_member(GString *file, const uint8_t *data, size_t size)
{
    z_stream z = {.next_in = (Bytef *)data, .avail_in = (uInt)size};
    size_t before = file->len;

    g_assert(deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    g_string_set_size(file, before + deflateBound(&z, (uLong)size));
    z.next_out = (Bytef *)file->str + before;
    z.avail_out = (uInt)(file->len - before);
    g_assert(deflate(&z, Z_FINISH) == Z_STREAM_END);
    g_string_set_size(file, before + z.total_out);
    (void)deflateEnd(&z);
}

static GString *zip_of(const uint8_t *data, size_t size)
{
    GString *file = g_string_new(NULL);
    struct archive *archive = archive_write_new();
    struct archive_entry *entry = archive_entry_new();
    size_t used = 0;

    g_string_set_size(file, size + 1024);
    g_assert(archive_write_set_format_zip(archive) == ARCHIVE_OK &&
             archive_write_set_bytes_per_block(archive, 0) == ARCHIVE_OK);
    g_assert(size % 2 == 0 || archive_write_set_options(archive, "zip:compression=store") == ARCHIVE_OK);
    g_assert(archive_write_open_memory(archive, file->str, file->len, &used) == ARCHIVE_OK);
    archive_entry_set_pathname(entry, "a");
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_size(entry, (la_int64_t)size);
    g_assert(archive_write_header(archive, entry) == ARCHIVE_OK);
    g_assert(archive_write_data(archive, data, size) == (la_ssize_t)size);
    g_assert(archive_write_close(archive) == ARCHIVE_OK);
    archive_entry_free(entry);
    (void)archive_write_free(archive);
    g_string_set_size(file, used);
    return file;
}

static void expect(const GString *file, enum filename_pack pack, const uint8_t *data, size_t size)
{
    int fd = file_of(file->str, file->len);
    struct outcome outcome = unpack_file(fd, file->len, pack, "a", 1, BUFFER);

    g_assert(outcome.good && outcome.bytes->len == size && memcmp(outcome.bytes->str, data, size) == 0);
    g_string_free(outcome.bytes, TRUE);
    (void)close(fd); /* memory only */
}

static void pack_and_unpack(const uint8_t *data, size_t size)
{
    g_autoptr(GString) gz = g_string_new(NULL), zip = NULL;

    if (size == 0 || size > MAX_BYTES)
        return;
    add_member(gz, data, size / 3);
    add_member(gz, data + size / 3, size - size / 3);
    zip = zip_of(data, size);
    if (size <= MAX_RATIO * MIN(gz->len, zip->len)) {
        expect(gz, FILENAME_GZ, data, size);
        expect(zip, FILENAME_ZIP, data, size);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fd = file_of(data, size);

    try_plain(fd, data, size);
    try_gz(fd, size);
    try_zip(fd, data, size);
    (void)close(fd); /* memory only */
    pack_and_unpack(data, size);
    return 0;
}
