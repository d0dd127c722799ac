#include "formats/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zlib.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

#define STEM "EMI_x.csv"
#define TEXT "H,EMI,1.0\nD,1\nD,2\nT,2\n"

static const struct unpack_limits wide = {1 << 30, 200};

/* What came out: bytes, and how it ended. */
struct outcome {
    GString *bytes;
    ssize_t end; /* 0, UNPACK_REFUSED or UNPACK_ERROR */
    enum fault_kind kind;
    char *text, *value;
};

static int file_of(const char *bytes, size_t len)
{
    int fd = memfd_create("packed", 0);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), len);
    return fd;
}

static struct outcome unpack_fd(int fd, enum filename_pack pack, const char *stem, const struct unpack_limits *limits,
                                size_t piece)
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

static struct outcome unpack_bytes(const GString *packed, enum filename_pack pack, const char *stem,
                                   const struct unpack_limits *limits, size_t piece)
{
    int fd = file_of(packed->str, packed->len);
    struct outcome o = unpack_fd(fd, pack, stem, limits, piece);

    close(fd);
    return o;
}

static void outcome_clear(struct outcome *o)
{
    g_string_free(o->bytes, TRUE);
    g_free(o->text);
    g_free(o->value);
}

static void expect_good(const GString *packed, enum filename_pack pack, const char *bytes)
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

static void expect_refusal(const GString *packed, enum filename_pack pack, const char *stem, enum fault_kind kind,
                           const char *text)
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

static void append_gz(GString *out, const char *bytes, size_t len, int level)
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

static la_ssize_t append(struct archive *a, void *user, const void *bytes, size_t len)
{
    (void)a;
    g_string_append_len(user, bytes, (gssize)len);
    return (la_ssize_t)len;
}

static void add_member(struct archive *a, const struct member *m, size_t len)
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

static GString *make_zip(const struct member *members, size_t n, const char *options)
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

static GString *make_good_zip(void)
{
    return make_zip(&(struct member){STEM, 0, TEXT}, 1, NULL);
}

static char *find(GString *zip, const char *signature)
{
    char *at = memmem(zip->str, zip->len, signature, 4);

    assert_non_null(at);
    return at;
}

/* --- Plain and gzip ------------------------------------------------------------------------- */

static void test_unpack_plain__good__same_bytes(void **state)
{
    GString *text = g_string_new(TEXT);

    (void)state;
    expect_good(text, FILENAME_PLAIN, TEXT);
    g_string_free(text, TRUE);
}

static void test_unpack__empty_file__empty(void **state)
{
    static const enum filename_pack packs[] = {FILENAME_PLAIN, FILENAME_GZ, FILENAME_ZIP};
    GString *nothing = g_string_new(NULL);

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(packs); i++)
        expect_refusal(nothing, packs[i], STEM, FAULT_EMPTY, "found an empty file");
    g_string_free(nothing, TRUE);
}

static void test_unpack__descriptor_fails__error(void **state)
{
    struct outcome o = unpack_fd(-1, FILENAME_GZ, NULL, &wide, 16);

    (void)state;
    assert_int_equal(o.end, UNPACK_ERROR);
    outcome_clear(&o);
}

static void test_unpack_gz__one_or_many_members__joined(void **state)
{
    GString *gz = g_string_new(NULL);

    (void)state;
    append_gz(gz, TEXT, strlen(TEXT), 9);
    expect_good(gz, FILENAME_GZ, TEXT);
    append_gz(gz, "", 0, 9);
    append_gz(gz, TEXT, strlen(TEXT), 0);
    expect_good(gz, FILENAME_GZ, TEXT TEXT);
    g_string_free(gz, TRUE);
}

static void test_unpack_gz__garbage_behind__form(void **state)
{
    GString *gz = g_string_new(NULL);

    (void)state;
    append_gz(gz, TEXT, strlen(TEXT), 9);
    g_string_append_c(gz, '\0');
    expect_refusal(gz, FILENAME_GZ, NULL, FAULT_FORM, "found other bytes");
    g_string_append(gz, "abc");
    expect_refusal(gz, FILENAME_GZ, NULL, FAULT_FORM, "found other bytes");
    g_string_free(gz, TRUE);
}

static void test_unpack_gz__not_gzip__form(void **state)
{
    static const char *const texts[] = {TEXT, "H", "\x1f", "PK\3\4", "\x78\x9c\x03"};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        GString *text = g_string_new(texts[i]);
        bool begun = texts[i][0] == '\x1f';
        expect_refusal(text, FILENAME_GZ, NULL, begun ? FAULT_TRUNCATED : FAULT_FORM,
                       begun ? "found the end of the file" : "expected gzip data");
        g_string_free(text, TRUE);
    }
}

static void expect_never_accepted(const GString *packed, enum filename_pack pack)
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
static void expect_no_other_bytes(const GString *packed, enum filename_pack pack)
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

/* What zlib holds back when its input is used up comes out before the refusal. */
static void test_unpack_gz__cut_anywhere__same_bytes_for_any_buffer(void **state)
{
    g_autofree char *text = g_strnfill(300, 'a');
    GString *gz = g_string_new(NULL);

    (void)state;
    append_gz(gz, text, strlen(text), 9);
    for (size_t len = 1; len < gz->len; len++) {
        const GString part = {gz->str, len, len};
        struct outcome large = unpack_bytes(&part, FILENAME_GZ, NULL, &wide, 4096);
        struct outcome small = unpack_bytes(&part, FILENAME_GZ, NULL, &wide, 1);
        assert_int_equal(large.kind, FAULT_TRUNCATED);
        assert_int_equal(small.kind, FAULT_TRUNCATED);
        assert_string_equal(large.bytes->str, small.bytes->str);
        outcome_clear(&large);
        outcome_clear(&small);
    }
    g_string_free(gz, TRUE);
}

static void test_unpack_gz__cut_or_damaged__never_accepted(void **state)
{
    GString *gz = g_string_new(NULL);

    (void)state;
    append_gz(gz, TEXT, strlen(TEXT), 9);
    expect_never_accepted(gz, FILENAME_GZ);
    expect_no_other_bytes(gz, FILENAME_GZ);
    gz->str[gz->len - 8] ^= 1;
    expect_refusal(gz, FILENAME_GZ, NULL, FAULT_TRUNCATED, "incorrect data check");
    g_string_free(gz, TRUE);
}

/* --- Limits --------------------------------------------------------------------------------- */

static void expect_bomb_ends(const GString *bomb, enum filename_pack pack)
{
    struct rusage before, after;
    struct unpack *u;
    char buffer[16384];
    ssize_t n;
    uint64_t total = 0;
    int fd = file_of(bomb->str, bomb->len);

    getrusage(RUSAGE_SELF, &before);
    u = unpack_new(fd, pack, NULL, 0, &wide);
    while ((n = unpack_read(u, buffer, sizeof buffer, NULL)) > 0)
        total += (uint64_t)n;
    getrusage(RUSAGE_SELF, &after);
    assert_int_equal(n, UNPACK_REFUSED);
    assert_int_equal(unpack_fault(u)->kind, FAULT_LIMIT);
    assert_true(total <= 200 * bomb->len);
    assert_non_null(strstr(unpack_fault(u)->text, "200 times"));
    assert_true(after.ru_maxrss - before.ru_maxrss < 8 * 1024);
    unpack_free(u);
    close(fd);
}

static void test_unpack__bombs__limit_soon(void **state)
{
    enum { SIZE = 50 * 1024 * 1024 };
    g_autofree char *zeros = g_malloc0(SIZE);
    GString *gz = g_string_new(NULL), *zip;

    (void)state;
    append_gz(gz, zeros, SIZE, 9);
    expect_bomb_ends(gz, FILENAME_GZ);
    memset(zeros, ' ', SIZE - 1);
    zip = make_zip(&(struct member){STEM, 0, zeros}, 1, NULL);
    expect_bomb_ends(zip, FILENAME_ZIP);
    g_string_free(gz, TRUE);
    g_string_free(zip, TRUE);
}

static void test_unpack__ratio__exact(void **state)
{
    static const char text[4000];
    GString *gz = g_string_new(NULL);
    struct unpack_limits limits = {1 << 20, 0};
    struct outcome o;
    g_autofree char *packed = NULL;

    (void)state;
    append_gz(gz, text, sizeof text, 9);
    limits.max_ratio = (uint32_t)((sizeof text + gz->len - 1) / gz->len);
    o = unpack_bytes(gz, FILENAME_GZ, NULL, &limits, 100);
    assert_int_equal(o.end, 0);
    outcome_clear(&o);
    limits.max_ratio--;
    o = unpack_bytes(gz, FILENAME_GZ, NULL, &limits, 100);
    assert_int_equal(o.kind, FAULT_LIMIT);
    packed =
        g_strdup_printf("packed size of %zu bytes, found more than %zu bytes", gz->len, limits.max_ratio * gz->len);
    assert_non_null(strstr(o.text, packed));
    outcome_clear(&o);
    g_string_free(gz, TRUE);
}

/* Text of so many bytes that the ratio is a whole number: just that often is allowed. */
static void test_unpack__whole_ratio__its_last_byte_too(void **state)
{
    static const char text[8000];
    GString *gz = g_string_new(NULL);
    struct unpack_limits limits = {1 << 20, 0};
    size_t n = 4000;

    (void)state;
    for (; n < sizeof text && (gz->len == 0 || n % gz->len != 0); n++) {
        g_string_truncate(gz, 0);
        append_gz(gz, text, n + 1, 9);
    }
    assert_int_equal(n % gz->len, 0);
    limits.max_ratio = (uint32_t)(n / gz->len);
    struct outcome o = unpack_bytes(gz, FILENAME_GZ, NULL, &limits, 100);
    assert_int_equal(o.end, 0);
    outcome_clear(&o);
    g_string_free(gz, TRUE);
}

static void test_unpack__max_bytes__holds_for_every_pack(void **state)
{
    GString *packed[] = {g_string_new(TEXT), g_string_new(NULL), make_good_zip()};

    (void)state;
    append_gz(packed[1], TEXT, strlen(TEXT), 9);
    for (size_t i = 0; i < G_N_ELEMENTS(packed); i++) {
        for (size_t spare = 0; spare < 2; spare++) {
            const struct unpack_limits limits = {strlen(TEXT) - 1 + spare, 200};
            struct outcome o = unpack_bytes(packed[i], (enum filename_pack)i, STEM, &limits, 4096);
            assert_int_equal(o.end, spare ? 0 : UNPACK_REFUSED);
            assert_true(spare || o.kind == FAULT_LIMIT);
            outcome_clear(&o);
        }
        g_string_free(packed[i], TRUE);
    }
}

/* --- zip ------------------------------------------------------------------------------------ */

static void test_unpack_zip__good__same_bytes(void **state)
{
    static const char *const options[] = {NULL, "zip:compression=store", "zip:compression=deflate", "zip:zip64"};
    static const struct member good = {STEM, 0, TEXT};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(options); i++) {
        GString *zip = make_zip(&good, 1, options[i]);
        assert_non_null(zip);
        expect_good(zip, FILENAME_ZIP, TEXT);
        g_string_free(zip, TRUE);
    }
}

static void test_unpack_zip__wrong_members__form(void **state)
{
    static const struct {
        struct member members[2];
        const char *stem, *text;
    } cases[] = {
        {{{STEM, 0, TEXT}, {STEM, 0, TEXT}}, STEM, "expected one zip member, found 2"},
        {{{STEM, 0, TEXT}, {"other", 0, TEXT}}, NULL, "expected one zip member, found 2"},
        {{{"emi_x.csv", 0, TEXT}}, STEM, "named like the file without .zip, found \"emi_x.csv\""},
        {{{STEM ".", 0, TEXT}}, STEM, "found \"" STEM ".\""},
        {{{"a/" STEM, 0, TEXT}}, STEM, "found \"a/" STEM "\""},
        {{{"../" STEM, 0, TEXT}}, NULL, "without a path, found \"../" STEM "\""},
        {{{"/" STEM, 0, TEXT}}, NULL, "without a path, found \"/" STEM "\""},
        {{{"a\\b", 0, TEXT}}, NULL, "without a path, found \"a\\\\b\""},
        {{{STEM, AE_IFLNK, NULL}}, STEM, "regular file, found a link"},
        {{{STEM, AE_IFDIR, NULL}}, NULL, "regular file, found a folder"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        GString *zip = make_zip(cases[i].members, cases[i].members[1].name ? 2 : 1, NULL);
        expect_refusal(zip, FILENAME_ZIP, cases[i].stem, FAULT_FORM, cases[i].text);
        g_string_free(zip, TRUE);
    }
}

static void test_unpack_zip__any_name_will_do__accepted(void **state)
{
    GString *zip = make_zip(&(struct member){"x", 0, TEXT}, 1, NULL);
    struct outcome o = unpack_bytes(zip, FILENAME_ZIP, NULL, &wide, 4096);

    (void)state;
    assert_int_equal(o.end, 0);
    assert_string_equal(o.bytes->str, TEXT);
    outcome_clear(&o);
    o = unpack_bytes(zip, FILENAME_ZIP, STEM, &wide, 4096);
    assert_string_equal(o.value, "x");
    outcome_clear(&o);
    g_string_free(zip, TRUE);
}

static void test_unpack_zip__no_members__empty(void **state)
{
    GString *zip = make_zip(NULL, 0, NULL);

    (void)state;
    expect_refusal(zip, FILENAME_ZIP, STEM, FAULT_EMPTY, "expected one zip member, found none");
    g_string_free(zip, TRUE);
}

static void test_unpack_zip__not_zip__form(void **state)
{
    static const char *const texts[] = {TEXT, "\x1f\x8b\x08zz", "PKxx", "x"};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        GString *text = g_string_new(texts[i]);
        expect_refusal(text, FILENAME_ZIP, STEM, FAULT_FORM, "expected a zip archive");
        g_string_free(text, TRUE);
    }
}

static void test_unpack_zip__cut_or_damaged__never_accepted(void **state)
{
    static const char *const options[] = {"zip:compression=store", "zip:compression=deflate"};
    static const struct member good = {STEM, 0, TEXT};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(options); i++) {
        GString *zip = make_zip(&good, 1, options[i]);
        expect_never_accepted(zip, FILENAME_ZIP);
        expect_no_other_bytes(zip, FILENAME_ZIP);
        g_string_append(zip, "x");
        expect_refusal(zip, FILENAME_ZIP, STEM, FAULT_FORM, "found more bytes");
        g_string_free(zip, TRUE);
    }
}

static void test_unpack_zip__comment__accepted_whole_only(void **state)
{
    GString *zip = make_good_zip();

    (void)state;
    find(zip, "PK\5\6")[20] = 3;
    g_string_append(zip, "ab");
    expect_refusal(zip, FILENAME_ZIP, STEM, FAULT_TRUNCATED, "record that ends a zip archive");
    g_string_append(zip, "c");
    expect_good(zip, FILENAME_ZIP, TEXT);
    g_string_free(zip, TRUE);
}

static void test_unpack_zip__encrypted__form(void **state)
{
    GString *zip = make_zip(&(struct member){STEM, 0, TEXT}, 1, "zip:encryption=traditional");

    (void)state;
    if (!zip) /* libarchive was built without */
        skip();
    expect_refusal(zip, FILENAME_ZIP, STEM, FAULT_FORM, "found an encrypted one");
    g_string_free(zip, TRUE);
}

/* Where the two headers of a member disagree, each reader may see another file. */
static void test_unpack_zip__central_directory_lies__refused(void **state)
{
    static const struct {
        const char *signature;
        size_t offset;
        char value;
        enum fault_kind kind;
        const char *text;
    } cases[] = {
        {"PK\1\2", 10, 12, FAULT_FORM, "found compression method 12"},
        {"PK\3\4", 8, 99, FAULT_FORM, "found compression method 99"},
        {"PK\3\4", 30, 'X', FAULT_FORM, "found \"XMI_x.csv\""},
        {"PK\1\2", 46, 'X', FAULT_FORM, "found \"XMI_x.csv\""},
        {"PK\1\2", 42, 1, FAULT_FORM, "found it at byte 1"},
        {"PK\1\2", 16, 1, FAULT_TRUNCATED, "checksum"},
        {"PK\1\2", 24, 1, FAULT_TRUNCATED, "bytes of zip data"},
        {"PK\1\2", 38, 0x10, FAULT_FORM, "found a folder"},
        {"PK\1\2", 41, (char)0xa1, FAULT_FORM, "found a link"},
        {"PK\1\2", 41, 0x21, FAULT_FORM, "found a special file"},
        {"PK\1\2", 20, 1, FAULT_FORM, "expected a zip member of 1 packed bytes"},
        {"PK\1\2", 30, 1, FAULT_FORM, "found it elsewhere"},
        {"PK\5\6", 4, 1, FAULT_FORM, "part of a split one"},
        {"PK\5\6", 8, 2, FAULT_FORM, "part of a split one"},
        {"PK\5\6", 12, 1, FAULT_FORM, "found it elsewhere"},
        {"PK\5\6", 16, 1, FAULT_TRUNCATED, "expected a zip header at byte"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        GString *zip = make_good_zip();
        find(zip, cases[i].signature)[cases[i].offset] = cases[i].value;
        expect_refusal(zip, FILENAME_ZIP, STEM, cases[i].kind, cases[i].text);
        g_string_free(zip, TRUE);
    }
}

static void test_unpack_zip__second_member_hidden__form(void **state)
{
    static const struct member two[] = {{STEM, 0, TEXT}, {"other", 0, TEXT}};
    GString *zip = make_zip(two, 2, NULL);
    char *end = find(zip, "PK\5\6");

    (void)state;
    end[8] = end[10] = 1;
    expect_refusal(zip, FILENAME_ZIP, STEM, FAULT_FORM, "directory of one member right before its end");
    g_string_free(zip, TRUE);
}

/* Puts bytes before the signature; what stands behind is found where the end record says. */
static void put_before(GString *zip, const char *signature, const char *bytes)
{
    gssize at = find(zip, signature) - zip->str;

    g_string_insert(zip, at, bytes);
    if (signature[2] == '\1')
        find(zip, "PK\5\6")[16] = (char)(find(zip, "PK\5\6")[16] + (char)strlen(bytes));
}

/* Readers that begin at the end must find the same directory and the same data. */
static void test_unpack_zip__something_between_its_parts__form(void **state)
{
    static const struct {
        const char *signature, *bytes, *text;
    } cases[] = {
        {"PK\1\2", "xxxx", "packed bytes right before the directory"},
        {"PK\1\2", "PK\3\4PK\3\4PK\3\4PK\3\4PK\3\4PK\3\4PK\3\4PK\3\4", "packed bytes right before the directory"},
        {"PK\5\6", "x", "directory of one member right before its end"},
        {"PK\5\6", "PK\1\2", "directory of one member right before its end"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        GString *zip = make_zip(&(struct member){STEM, 0, TEXT}, 1, "zip:compression=store");
        put_before(zip, cases[i].signature, cases[i].bytes);
        expect_refusal(zip, FILENAME_ZIP, STEM, FAULT_FORM, cases[i].text);
        g_string_free(zip, TRUE);
    }
}

/* What libarchive does not write: the records of zip64 in a file that does not need them. */
static void append_zip64(GString *zip, char members, char directory)
{
    char end64[56] = "PK\6\6", locator[20] = "PK\6\7";
    char *end = find(zip, "PK\5\6");
    size_t at = (size_t)(end - zip->str);

    end64[4] = 44;
    end64[24] = end64[32] = members;
    memcpy(end64 + 40, end + 12, 4);
    memcpy(end64 + 48, end + 16, 4);
    end64[48] = (char)(end64[48] + directory);
    locator[8] = (char)(at & 0xff);
    locator[9] = (char)(at >> 8);
    locator[16] = 1;
    g_string_insert_len(zip, (gssize)at, end64, sizeof end64);
    g_string_insert_len(zip, (gssize)(at + sizeof end64), locator, sizeof locator);
}

static void test_unpack_zip__zip64_records__must_agree(void **state)
{
    static const struct {
        char members, directory;
    } cases[] = {{1, 0}, {2, 0}, {1, 1}};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        GString *zip = make_good_zip();
        append_zip64(zip, cases[i].members, cases[i].directory);
        if (i == 0)
            expect_good(zip, FILENAME_ZIP, TEXT);
        else
            expect_refusal(zip, FILENAME_ZIP, STEM, FAULT_FORM, "right before its end, found it elsewhere");
        g_string_free(zip, TRUE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unpack_plain__good__same_bytes),
        cmocka_unit_test(test_unpack__empty_file__empty),
        cmocka_unit_test(test_unpack__descriptor_fails__error),
        cmocka_unit_test(test_unpack_gz__one_or_many_members__joined),
        cmocka_unit_test(test_unpack_gz__garbage_behind__form),
        cmocka_unit_test(test_unpack_gz__not_gzip__form),
        cmocka_unit_test(test_unpack_gz__cut_or_damaged__never_accepted),
        cmocka_unit_test(test_unpack_gz__cut_anywhere__same_bytes_for_any_buffer),
        cmocka_unit_test(test_unpack__bombs__limit_soon),
        cmocka_unit_test(test_unpack__ratio__exact),
        cmocka_unit_test(test_unpack__whole_ratio__its_last_byte_too),
        cmocka_unit_test(test_unpack__max_bytes__holds_for_every_pack),
        cmocka_unit_test(test_unpack_zip__good__same_bytes),
        cmocka_unit_test(test_unpack_zip__wrong_members__form),
        cmocka_unit_test(test_unpack_zip__any_name_will_do__accepted),
        cmocka_unit_test(test_unpack_zip__no_members__empty),
        cmocka_unit_test(test_unpack_zip__not_zip__form),
        cmocka_unit_test(test_unpack_zip__cut_or_damaged__never_accepted),
        cmocka_unit_test(test_unpack_zip__comment__accepted_whole_only),
        cmocka_unit_test(test_unpack_zip__encrypted__form),
        cmocka_unit_test(test_unpack_zip__central_directory_lies__refused),
        cmocka_unit_test(test_unpack_zip__second_member_hidden__form),
        cmocka_unit_test(test_unpack_zip__something_between_its_parts__form),
        cmocka_unit_test(test_unpack_zip__zip64_records__must_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
