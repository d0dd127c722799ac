/*
 * Packing bytes, unpacking them with formats/unpack/unpack.h, and what must hold of the result. For test_unpack.c and
 * test_unpack_zip.c.
 */
#ifndef ECOSGATE_TESTS_PACKED_H
#define ECOSGATE_TESTS_PACKED_H

#include "formats/unpack/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

#define STEM "EMI_x.csv"
#define TEXT "H,EMI,1.0\nD,1\nD,2\nT,2\n"

static const struct unpack_limits wide = {1 << 30, 200};

/* What unpacking gave: bytes, and how it ended. */
struct outcome {
    GString *bytes;
    ssize_t end; /* 0, UNPACK_REFUSED or UNPACK_ERROR */
    enum fault_kind kind;
    char *text, *value;
};

static inline int file_of(const char *bytes, size_t len)
{
    int fd = memfd_create("packed", 0);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), len);
    return fd;
}

static inline struct outcome unpack_fd(int fd, enum filename_pack pack, const char *stem,
                                       const struct unpack_limits *limits, size_t piece)
{
    struct outcome o = {.bytes = g_string_new(NULL)};
    struct unpack *u = unpack_new(fd, pack, stem, stem ? strlen(stem) : 0, limits);
    g_autofree char *buffer = g_malloc(piece);
    g_autoptr(GError) error = NULL;

    while ((o.end = unpack_read(u, buffer, piece, &error)) > 0)
        g_string_append_len(o.bytes, buffer, o.end);
    assert_int_equal(error != NULL, o.end == UNPACK_ERROR);
    if (o.end != UNPACK_ERROR) /* an end stays an end */
        assert_int_equal(unpack_read(u, buffer, piece, NULL), o.end);
    if (o.end == UNPACK_REFUSED) {
        const struct fault *fault = unpack_fault(u);
        o.kind = fault->kind;
        o.text = g_strdup(fault->text);
        o.value = fault->value ? g_strndup(fault->value, fault->value_len) : NULL;
        assert_int_equal(fault->at.line, 0);
        assert_null(strchr(o.text, '\n'));
    } else if (o.end == 0) {
        struct stat status;
        assert_int_equal(fstat(fd, &status), 0);
        assert_true(unpack_packed_bytes_read(u) <= (uint64_t)status.st_size);
    }
    unpack_free(u);
    return o;
}

static inline struct outcome unpack_bytes(const GString *packed, enum filename_pack pack, const char *stem,
                                          const struct unpack_limits *limits, size_t piece)
{
    int fd = file_of(packed->str, packed->len);
    struct outcome o = unpack_fd(fd, pack, stem, limits, piece);

    close(fd);
    return o;
}

static inline void outcome_clear(struct outcome *o)
{
    g_string_free(o->bytes, TRUE);
    g_free(o->text);
    g_free(o->value);
}

static inline void expect_good(const GString *packed, enum filename_pack pack, const char *bytes)
{
    static const size_t pieces[] = {1, 7, 65536};

    for (size_t i = 0; i < G_N_ELEMENTS(pieces); i++) {
        struct outcome o = unpack_bytes(packed, pack, STEM, &wide, pieces[i]);
        if (o.text)
            print_message("%s\n", o.text);
        assert_int_equal(o.end, 0);
        assert_string_equal(o.bytes->str, bytes);
        outcome_clear(&o);
    }
}

static inline void expect_refusal(const GString *packed, enum filename_pack pack, const char *stem,
                                  enum fault_kind kind, const char *text)
{
    struct outcome o = unpack_bytes(packed, pack, stem, &wide, 4096);

    assert_int_equal(o.end, UNPACK_REFUSED);
    if (!strstr(o.text, text) || o.kind != kind)
        print_message("%d %s\n", (int)o.kind, o.text);
    assert_int_equal(o.kind, kind);
    assert_non_null(strstr(o.text, text));
    outcome_clear(&o);
}

/* --- Making packed files -------------------------------------------------------------------- */

static inline void append_gz(GString *out, const char *bytes, size_t len, int level)
{
    z_stream z = {.next_in = (Bytef *)(uintptr_t)bytes, .avail_in = (uInt)len};
    g_autofree Bytef *packed = NULL;

    assert_int_equal(deflateInit2(&z, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.avail_out = (uInt)deflateBound(&z, (uLong)len) + 64;
    z.next_out = packed = g_malloc(z.avail_out);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    g_string_append_len(out, (const char *)packed, z.next_out - packed);
    (void)deflateEnd(&z);
}

struct member {
    const char *name;
    unsigned kind; /* 0: AE_IFREG */
    const char *bytes;
};

static inline la_ssize_t append(struct archive *a, void *user, const void *bytes, size_t len)
{
    (void)a;
    g_string_append_len(user, bytes, (gssize)len);
    return (la_ssize_t)len;
}

static inline void add_member(struct archive *a, const struct member *m, size_t len)
{
    struct archive_entry *entry = archive_entry_new();

    archive_entry_set_pathname(entry, m->name);
    archive_entry_set_filetype(entry, m->kind ? m->kind : AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    if (m->kind == AE_IFLNK)
        archive_entry_set_symlink(entry, "/etc/passwd");
    assert_int_equal(archive_write_header(a, entry), ARCHIVE_OK);
    if (!m->kind)
        assert_int_equal(archive_write_data(a, m->bytes, len), len);
    archive_entry_free(entry);
}

static inline GString *make_zip(const struct member *members, size_t n, const char *options)
{
    GString *out = g_string_new(NULL);
    struct archive *a = archive_write_new();

    assert_int_equal(archive_write_set_format_zip(a), ARCHIVE_OK);
    if (options && archive_write_set_options(a, options) != ARCHIVE_OK) {
        archive_write_free(a);
        g_string_free(out, TRUE);
        return NULL;
    }
    if (options && strstr(options, "encryption"))
        assert_int_equal(archive_write_set_passphrase(a, "secret"), ARCHIVE_OK);
    archive_write_set_bytes_in_last_block(a, 1);
    assert_int_equal(archive_write_open(a, out, NULL, append, NULL), ARCHIVE_OK);
    for (size_t i = 0; i < n; i++)
        add_member(a, &members[i], members[i].bytes ? strlen(members[i].bytes) : 0);
    assert_int_equal(archive_write_close(a), ARCHIVE_OK);
    archive_write_free(a);
    return out;
}

static inline GString *make_good_zip(void)
{
    return make_zip(&(struct member){STEM, 0, TEXT}, 1, NULL);
}

static inline void expect_never_accepted(const GString *packed, enum filename_pack pack)
{
    for (size_t len = 0; len < packed->len; len++) {
        g_autofree char *bytes = g_memdup2(packed->str, len);
        const GString part = {bytes, len, len};
        struct outcome o = unpack_bytes(&part, pack, STEM, &wide, 5);
        assert_int_equal(o.end, UNPACK_REFUSED);
        assert_int_equal(o.kind, len == 0 ? FAULT_EMPTY : FAULT_TRUNCATED);
        outcome_clear(&o);
    }
}

/* One bit wrong anywhere: refused, or the same bytes (headers hold times and the like). */
static inline void expect_no_other_bytes(const GString *packed, enum filename_pack pack)
{
    for (size_t bit = 0; bit < packed->len * 8; bit++) {
        GString *bad = g_string_new_len(packed->str, (gssize)packed->len);
        struct outcome o;
        bad->str[bit / 8] = (char)(bad->str[bit / 8] ^ 1 << bit % 8);
        o = unpack_bytes(bad, pack, STEM, &wide, 64);
        assert_true(o.end == UNPACK_REFUSED || (o.end == 0 && strcmp(o.bytes->str, TEXT) == 0));
        outcome_clear(&o);
        g_string_free(bad, TRUE);
    }
}

#endif
