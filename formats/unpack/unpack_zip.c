/*
 * zip, with exactly one member, by libarchive's streaming reader. That reader looks at local headers only, other
 * readers begin at the central directory at the end. An archive in which the two disagree would be another file for
 * each of them. So everything that both say is checked here before the first byte: one member, first in the file, data
 * without a gap, the directory right after them, nothing after the end record.
 *
 * Field offsets are those of PKWARE's APPNOTE.TXT, 4.3.7 (local header), 4.3.12 (central header), 4.3.14 and 4.3.15
 * (zip64) and 4.3.16 (end record).
 */
#include "formats/unpack/unpack_private.h"

#include "formats/text.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

enum {
    END_RECORD_SIZE = 22,
    CENTRAL_SIZE = 46,
    LOCAL_SIZE = 30,
    END64_SIZE = 56,
    LOCATOR_SIZE = 20,
    MAX_MEMBER_NAME = 1024, /* bytes; a longer one is refused for its length alone */
    MAX_MEMBERS_READ = 64,  /* of an archive that has too many: looked through for names */
    MAX_MEMBERS_SHOWN = 3,
    SHOWN_CHARS = 64, /* of a name in a fault's text */
};

/* --- Directory and headers ------------------------------------------------------------------ */

static uint32_t le16(const char *p)
{
    return (uint32_t)(unsigned char)p[0] | (uint32_t)(unsigned char)p[1] << 8;
}

static uint32_t le32(const char *p)
{
    return le16(p) | le16(p + 2) << 16;
}

static uint64_t le64(const char *p)
{
    return (uint64_t)le32(p) | (uint64_t)le32(p + 4) << 32;
}

static bool is_signature(const char *p, char third, char fourth)
{
    return p[0] == 'P' && p[1] == 'K' && p[2] == third && p[3] == fourth;
}

static bool zip_check_start(struct unpack *u)
{
    static const char local[] = "PK\3\4";
    char start[4];
    ssize_t n = unpack_read_at(u, start, sizeof start, 0);

    if (n < 0)
        return false;
    if (n < 4 && memcmp(start, local, (size_t)n) == 0)
        unpack_refuse(u, FAULT_TRUNCATED, "expected a zip archive, found the end of the file after %zd bytes", n);
    else if (n < 4 || !(is_signature(start, 3, 4) || is_signature(start, 5, 6)))
        unpack_refuse_form(u, "a zip archive");
    return !u->refused && !u->io_errno;
}

/* Finds the end record in the file's tail. Its comment, up to 64 KiB, must reach exactly to the end of the file. */
static const char *zip_find_end(struct unpack *u, const char *tail, size_t len)
{
    bool followed = false;

    for (size_t i = len; i-- > 0;) {
        size_t behind = len - i;

        if (behind < END_RECORD_SIZE || !is_signature(tail + i, 5, 6))
            continue;
        if (le16(tail + i + 20) == behind - END_RECORD_SIZE)
            return tail + i;
        followed |= le16(tail + i + 20) < behind - END_RECORD_SIZE;
    }
    if (followed)
        unpack_refuse(u, FAULT_FORM, "expected nothing after the zip archive's end, found more bytes");
    else
        unpack_refuse(u, FAULT_TRUNCATED, "expected the record that ends a zip archive, found none");
    return NULL;
}

/* Reads the end record; *end_at is its offset in the file. False: refused or failed. */
static bool zip_read_end(struct unpack *u, char end[END_RECORD_SIZE], uint64_t *end_at)
{
    size_t want = (size_t)MIN(u->file_size, END_RECORD_SIZE + UINT16_MAX);
    g_autofree char *tail = g_malloc(want);
    ssize_t n = unpack_read_at(u, tail, want, u->file_size - want);
    const char *found = n < 0 ? NULL : zip_find_end(u, tail, (size_t)n);

    if (!found)
        return false;
    memcpy(end, found, END_RECORD_SIZE);
    *end_at = u->file_size - want + (uint64_t)(found - tail);
    return true;
}

/* Reads the header of fixed size at offset. signature: its third and fourth byte, after "PK". */
static bool zip_read_header(struct unpack *u, uint64_t offset, char *header, size_t size, const char signature[2])
{
    ssize_t n = unpack_read_at(u, header, size, offset);

    if (n < 0)
        return false;
    if ((size_t)n == size && is_signature(header, signature[0], signature[1]))
        return true;
    unpack_refuse(u, FAULT_TRUNCATED, "expected a zip header at byte %" PRIu64 ", found none", offset + 1);
    return false;
}

/* The member's name must be the stem; where that is not known, no path. (No name is ever used as a path.) */
static bool zip_check_name(struct unpack *u, uint64_t offset, size_t len)
{
    g_autofree char *name = g_malloc0(MAX_MEMBER_NAME + 1);
    ssize_t n = unpack_read_at(u, name, MIN(len, MAX_MEMBER_NAME), offset);
    g_autofree char *shown = NULL;
    bool good;

    if (n < 0)
        return false;
    if (u->stem)
        good = len == u->stem_len && len == (size_t)n && memcmp(name, u->stem, len) == 0;
    else
        good = len == (size_t)n && len > 0 && !memchr(name, '/', len) && !memchr(name, '\\', len) &&
               strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
    if (good)
        return true;
    shown = text_escape(name, (size_t)n, SHOWN_CHARS);
    unpack_refuse(u, FAULT_FORM, "expected a zip member named %s, found \"%s\"",
                  u->stem ? "like the file without .zip" : "without a path", shown);
    u->fault_value = g_steal_pointer(&name);
    u->fault.value = u->fault_value;
    u->fault.value_len = (size_t)n;
    return false;
}

/* Flags and compression method, which both headers of a member have; p points to the flags. */
static bool zip_check_method(struct unpack *u, const char *p)
{
    enum { ENCRYPTED = 1, STRONGLY_ENCRYPTED = 1 << 6, MASKED = 1 << 13, STORED = 0, DEFLATED = 8 };
    uint32_t method = le16(p + 2);

    if (le16(p) & (ENCRYPTED | STRONGLY_ENCRYPTED | MASKED))
        unpack_refuse(u, FAULT_FORM, "expected a zip member that is not encrypted, found an encrypted one");
    else if (method != STORED && method != DEFLATED)
        unpack_refuse(u, FAULT_FORM, "expected a zip member stored (0) or deflated (8), found compression method %u",
                      method);
    return !u->refused;
}

/* Only the central directory shows that a member is a link or a folder: a streaming reader does not see it. */
static bool zip_check_kind(struct unpack *u, const char *central)
{
    enum { UNIX = 3, DARWIN = 19, DOS_FOLDER = 0x10 };
    uint32_t attributes = le32(central + 38), mode = attributes >> 16;
    bool has_mode = central[5] == UNIX || central[5] == DARWIN;

    if ((attributes & DOS_FOLDER) || (has_mode && (mode & S_IFMT) != 0 && !S_ISREG(mode))) {
        unpack_refuse(u, FAULT_FORM, "expected a zip member that is a regular file, found a %s",
                      has_mode && S_ISLNK(mode)                                  ? "link"
                      : (attributes & DOS_FOLDER) || (has_mode && S_ISDIR(mode)) ? "folder"
                                                                                 : "special file");
        return false;
    }
    return true;
}

/* Appends the names of the members that are not the file itself, as far as the directory can be read. Keeps the first
 * as the fault's value. Returns how many of the first members are the file itself, 0 or 1. */
static uint32_t zip_name_members(struct unpack *u, const char *end, uint32_t members, GString *names)
{
    uint64_t at = le32(end + 16);
    char central[CENTRAL_SIZE], name[MAX_MEMBER_NAME];
    uint32_t shown = 0, itself = 0;

    for (uint32_t i = 0; i < MIN(members, MAX_MEMBERS_READ) && shown < MAX_MEMBERS_SHOWN; i++) {
        ssize_t n = unpack_read_at(u, central, sizeof central, at);
        size_t len = n == CENTRAL_SIZE && is_signature(central, 1, 2) ? le16(central + 28) : 0;
        ssize_t got = len > 0 ? unpack_read_at(u, name, MIN(len, sizeof name), at + CENTRAL_SIZE) : 0;
        if (got <= 0)
            break;
        at += CENTRAL_SIZE + len + le16(central + 30) + le16(central + 32);
        if (u->stem && itself == 0 && len == u->stem_len && memcmp(name, u->stem, len) == 0) {
            itself = 1;
            continue;
        }
        g_autofree char *text = text_escape(name, (size_t)got, SHOWN_CHARS);
        g_string_append_printf(names, "%s\"%s\"", shown++ ? ", " : "", text);
        if (!u->fault_value) {
            u->fault.value = u->fault_value = g_memdup2(name, (size_t)got);
            u->fault.value_len = (size_t)got;
        }
    }
    if (shown > 0 && shown + itself < members)
        g_string_append_printf(names, " and %u more", members - shown - itself);
    return itself;
}

static void zip_refuse_members(struct unpack *u, const char *end, uint32_t members)
{
    g_autoptr(GString) names = g_string_new(NULL);
    uint32_t itself = zip_name_members(u, end, members, names);

    if (u->io_errno)
        return;
    if (itself > 0)
        unpack_refuse(u, FAULT_FORM, "expected one zip member, found %u; these must not be in it: %s", members,
                      names->len ? names->str : "another of the same name");
    else
        unpack_refuse(u, FAULT_FORM, "expected one zip member, found %u%s%s", members, names->len ? ": " : "",
                      names->str);
}

static bool zip_check_count(struct unpack *u, const char *end)
{
    uint32_t members = le16(end + 10);

    if (le16(end + 4) != 0 || le16(end + 6) != 0 || le16(end + 8) != members)
        unpack_refuse(u, FAULT_FORM, "expected a zip archive in one piece, found a part of a split one");
    else if (members == 0)
        unpack_refuse(u, FAULT_EMPTY, "expected one zip member, found none");
    else if (members != 1)
        zip_refuse_members(u, end, members);
    return !u->refused && !u->io_errno;
}

/* Records of zip64 before the end record must say the same as the end record. */
static bool zip64_agrees(struct unpack *u, const char *end, uint64_t end64_at)
{
    char end64[END64_SIZE], locator[LOCATOR_SIZE];

    return zip_read_header(u, end64_at, end64, sizeof end64, "\6\6") &&
           zip_read_header(u, end64_at + END64_SIZE, locator, sizeof locator, "\6\7") && le64(end64 + 32) == 1 &&
           le64(end64 + 40) == le32(end + 12) && le64(end64 + 48) == le32(end + 16) && le64(locator + 8) == end64_at;
}

/* A reader that searches for the directory from the end must find the one that is read here: one header, right before
 * the end record or the records of zip64. */
static bool zip_check_directory(struct unpack *u, const char *end, uint64_t end_at)
{
    uint64_t at = le32(end + 16), stop = at + le32(end + 12);
    char central[CENTRAL_SIZE];

    if (!zip_read_header(u, at, central, sizeof central, "\1\2"))
        return false;
    if (stop - at == CENTRAL_SIZE + le16(central + 28) + le16(central + 30) + le16(central + 32) &&
        (stop == end_at || (stop + END64_SIZE + LOCATOR_SIZE == end_at && zip64_agrees(u, end, stop))))
        return true;
    unpack_refuse(u, FAULT_FORM,
                  "expected the zip archive's directory of one member right before its end, found it elsewhere");
    return false;
}

/* The data must fill all that lies between the local header and the directory. Where flag 3 is set a descriptor of 12
 * to 24 bytes follows them. */
static bool zip_check_extent(struct unpack *u, const char *central, const char *local, uint64_t central_at)
{
    enum { DESCRIPTOR = 1 << 3 };
    uint64_t data_at = LOCAL_SIZE + le16(local + 26) + le16(local + 28), size = le32(central + 20);
    uint64_t behind = central_at - data_at - size; /* wraps where the data do not fit, which is tested first */

    if (size == UINT32_MAX) /* it stands in a zip64 field; the number of unpacked bytes is compared at the end */
        return true;
    if (data_at + size <= central_at &&
        (le16(local + 6) & DESCRIPTOR ? behind >= 12 && behind <= 24 && behind % 4 == 0 : behind == 0))
        return true;
    unpack_refuse(u, FAULT_FORM,
                  "expected a zip member of %" PRIu64
                  " packed bytes right before the directory, found room for %" PRIu64,
                  size, central_at > data_at ? central_at - data_at : 0);
    return false;
}

/* Checks the member's central header, then its local header, which must stand first in the file. */
static bool zip_check_member(struct unpack *u, uint64_t central_at)
{
    char central[CENTRAL_SIZE], local[LOCAL_SIZE];

    if (!zip_read_header(u, central_at, central, sizeof central, "\1\2") || !zip_check_method(u, central + 8) ||
        !zip_check_kind(u, central) || !zip_check_name(u, central_at + CENTRAL_SIZE, le16(central + 28)))
        return false;
    if (le32(central + 42) != 0) {
        unpack_refuse(u, FAULT_FORM, "expected the zip member at the file's beginning, found it at byte %u",
                      le32(central + 42));
        return false;
    }
    u->expected_crc = le32(central + 16);
    u->expected_size = le32(central + 24);
    return zip_read_header(u, 0, local, sizeof local, "\3\4") && zip_check_method(u, local + 6) &&
           zip_check_name(u, LOCAL_SIZE, le16(local + 26)) && zip_check_extent(u, central, local, central_at);
}

/* --- The data ------------------------------------------------------------------------------- */

/* libarchive's reading function. */
static la_ssize_t zip_feed(struct archive *archive, void *user, const void **data)
{
    struct unpack *u = user;
    ssize_t n = unpack_read_at(u, u->input, UNPACK_INPUT_SIZE, u->offset);

    if (n < 0) {
        archive_set_error(archive, u->io_errno, "cannot read");
        return ARCHIVE_FATAL;
    }
    u->offset += (uint64_t)n;
    *data = u->input;
    return n;
}

/* After libarchive found something wrong: the disk's error if there was one, else a refusal with its words. */
static ssize_t zip_damage(struct unpack *u)
{
    const char *reason = archive_error_string(u->archive);
    g_autofree char *line = g_strchomp(g_strdup(reason ? reason : "unknown")); /* some of them end in LF */

    if (u->io_errno)
        return UNPACK_ERROR;
    return unpack_refuse(u, FAULT_TRUNCATED,
                         "expected a sound zip member, found damage after %" PRIu64 " unpacked bytes: %s", u->total,
                         line);
}

static bool zip_open_archive(struct unpack *u)
{
    struct archive *a = u->archive = archive_read_new();
    struct archive_entry *entry;
    int result;

    if (!a || archive_read_support_format_zip_streamable(a) != ARCHIVE_OK) {
        u->io_errno = ENOMEM;
        return false;
    }
    result = archive_read_open(a, u, NULL, zip_feed, NULL);
    if (result == ARCHIVE_OK)
        result = archive_read_next_header(a, &entry);
    /* A warning is about the name (its encoding), which was compared byte for byte. */
    if (result != ARCHIVE_OK && result != ARCHIVE_WARN)
        zip_damage(u);
    else if (archive_entry_filetype(entry) != AE_IFREG)
        unpack_refuse(u, FAULT_FORM, "expected a zip member that is a regular file, found a link or folder");
    return !u->refused && !u->io_errno;
}

static bool zip_open(struct unpack *u)
{
    char end[END_RECORD_SIZE];
    uint64_t end_at;

    return zip_check_start(u) && zip_read_end(u, end, &end_at) && zip_check_count(u, end) &&
           zip_check_directory(u, end, end_at) && zip_check_member(u, le32(end + 16)) && zip_open_archive(u);
}

/* After the member's data: nothing may follow, and checksum and size must be those of the central directory. */
static ssize_t zip_finish(struct unpack *u)
{
    struct archive_entry *entry;
    int result = archive_read_next_header(u->archive, &entry);

    if (result == ARCHIVE_OK || result == ARCHIVE_WARN) {
        const char *name = archive_entry_pathname(entry);
        g_autofree char *shown = name ? text_escape(name, strlen(name), SHOWN_CHARS) : g_strdup("");
        return unpack_refuse(u, FAULT_FORM, "expected one zip member, found another behind it: \"%s\"", shown);
    }
    if (result != ARCHIVE_EOF)
        return zip_damage(u);
    if (u->crc != u->expected_crc)
        return unpack_refuse(u, FAULT_TRUNCATED, "expected zip data with checksum %08x, found %08x", u->expected_crc,
                             u->crc);
    if (u->expected_size != UINT32_MAX && u->expected_size != u->total)
        return unpack_refuse(u, FAULT_TRUNCATED, "expected %u bytes of zip data, found %" PRIu64, u->expected_size,
                             u->total);
    return 0;
}

static ssize_t zip_pull(struct unpack *u, char *buffer, size_t size)
{
    la_ssize_t n = archive_read_data(u->archive, buffer, MIN(size, G_MAXINT));

    if (n == 0)
        return zip_finish(u);
    if (n < 0) /* warnings too: they stand for wrong checksums and sizes */
        return zip_damage(u);
    u->crc = (uint32_t)crc32(u->crc, (const Bytef *)buffer, (uInt)n);
    return n;
}

static void zip_close(struct unpack *u)
{
    if (u->archive)
        (void)archive_read_free(u->archive);
}

const struct unpack_packing unpack_zip = {zip_open, zip_pull, zip_close};

const char *unpack_library_version(void)
{
    const char *text = archive_version_string(); /* "libarchive 3.6.2" */
    const char *space = strrchr(text, ' ');

    return space != NULL ? space + 1 : text;
}
