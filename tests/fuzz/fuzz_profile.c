/*
 * Fuzz target: a profile in which one file has any bytes. The first line of the input is the name of that file, the
 * rest is its content; the other files are those of the built-in profile.
 * - There is either a profile or a fault. A fault has a place in a file, and one printable line of text.
 * - A profile can do its work: it reads documents, parses names and gives names, whatever it says.
 * - What is written by it is well-formed XML, whatever the profile and the values say; so is what is exported of it.
 */
#include "formats/name/filename.h"
#include "formats/profile.h"
#include "formats/profile/profile_export.h"
#include "formats/profile/profile_files.h"
#include "formats/profile/profile_json.h"
#include "formats/profile/profile_place.h"
#include "formats/reader.h"
#include "formats/writer.h"
#include "tests/fuzz/reading.h"

#include <libxml/parser.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The file that is replaced. */
struct replaced {
    char *name;
    const char *text;
    size_t len;
    unsigned lines; /* of any file at most */
    unsigned faults;
};

static unsigned lines_of(const char *text, size_t len)
{
    unsigned lines = 1;

    for (size_t i = 0; i < len; i++)
        lines += text[i] == '\n';
    return lines;
}

static void on_fault(void *user, const struct profile_fault *fault)
{
    struct replaced *r = user;

    r->faults++;
    g_assert(fault->file != NULL && *fault->file != '\0');
    g_assert(fault->text != NULL && *fault->text != '\0');
    g_assert(fault->line <= r->lines);
    assert_printable(fault->file);
    assert_printable(fault->text);
}

/* The built-in files with the one replaced. A name that none of them has adds a file. */
static struct profile_files *files_of(struct replaced *r)
{
    struct profile_files *builtin = profile_files_builtin(), *files = profile_files_new();
    bool added = false;

    r->lines = lines_of(r->text, r->len);
    for (size_t i = 0; i < profile_files_count(builtin); i++) {
        const struct profile_file *file = profile_files_at(builtin, i);
        int order = added ? 1 : strcmp(r->name, file->name);
        if (order <= 0)
            profile_files_add(files, r->name, r->text, r->len);
        added |= order <= 0;
        if (order != 0)
            profile_files_add(files, file->name, file->text, file->len);
        r->lines = MAX(r->lines, lines_of(file->text, file->len));
    }
    if (!added)
        profile_files_add(files, r->name, r->text, r->len);
    profile_files_free(builtin);
    return files;
}

/* ---- what a profile has to stand ---- */

static void hear_record(void *user, const struct record *record)
{
    (void)user;
    (void)record;
}

static void hear_count(void *user, const struct field *count)
{
    (void)user;
    (void)count;
}

static void hear_fault(void *user, const struct fault *fault)
{
    (void)user;
    assert_printable(fault->text);
}

static void read_document(const struct file_type *type, enum form form, const char *document)
{
    const struct reader_sink sink = {NULL, hear_record, hear_record, hear_count, hear_fault};
    struct reader *reader = reader_new(form, type, &(struct reader_limits){10}, &sink);

    (void)reader_push(reader, document, strlen(document)); /* reader_finish says the same */
    (void)reader_finish(reader);
    reader_free(reader);
}

static void use_names(const struct profile *profile)
{
    static const char *const names[] = {"EMI_MCC_90-B3-D5-1F-30-0E-C0-01_20230703_060000_000001.xml",
                                        "INV_DCC_90-B3-D5-1F-30-0E-C0-04_20230703_060000_000001.csv.gz", "", "x"};
    static const struct filename_own report = {
        .type = "MAPR", .org = "ABCD", .eui64 = UINT64_C(0x90B3D51F300EC001), .at = 1688364000, .form = "csv"};
    struct filename file;
    g_autofree char *name = filename_report(profile, &report);

    g_assert(name != NULL && *name != '\0');
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        (void)filename_parse(profile, names[i], strlen(names[i]), &file, NULL, NULL);
        (void)filename_is_own(profile, names[i], "MCC", 1);
    }
}

static void assert_well_formed(const char *xml)
{
    xmlDoc *read = xmlReadMemory(xml, (int)strlen(xml), NULL, NULL, XML_PARSE_NOERROR | XML_PARSE_NOWARNING);

    g_assert(read != NULL);
    xmlFreeDoc(read);
}

static bool append(void *user, const char *data, size_t len, GError **error)
{
    (void)error; /* never fails */
    g_string_append_len(user, data, (gssize)len);
    return true;
}

/* Writes a document with each fact in it, and has libxml2 read it. */
static void write_document(const struct file_type *type, const char *value)
{
    enum fact ids[FACT_COUNT + 1];
    const char *values[FACT_COUNT + 1];
    const struct facts facts = {ids, values, FACT_COUNT + 1};
    GString *text = g_string_new(NULL);
    struct writer *writer = writer_new(FORM_XML, type, append, text);

    for (enum fact fact = 0; fact <= FACT_NONE; fact++) {
        ids[fact] = fact;
        values[fact] = value;
    }
    writer_header(writer, &facts, 1 + (type->file != NULL));
    if (type->file != NULL)
        writer_file(writer, &facts);
    writer_row(writer, &facts);
    g_assert(writer_finish(writer, NULL));
    writer_free(writer);
    assert_well_formed(text->str);
    g_string_free(text, TRUE);
}

static json_t *read_json(void *user, const char *name)
{
    const struct profile_file *file = profile_files_find(user, name);

    return file != NULL ? json_loadb(file->text, file->len, 0, NULL) : NULL;
}

static void export_xsd(const struct profile *profile)
{
    g_autofree char *xsd = profile_export_xsd(profile, read_json, profile->files);

    if (xsd == NULL)
        return;
    assert_well_formed(xsd);
    for (size_t i = 0; i < profile->n_types; i++) {
        g_autofree char *place = profile_place_of_element(&profile->types[i], "DeviceID", i % 2 == 0);
        assert_printable(place);
    }
}

static void export_tables(const struct profile *profile)
{
    g_autofree char *columns = profile_export_columns(profile, read_json, profile->files);

    g_assert(columns != NULL);
    for (size_t i = 0; i < profile_files_count(profile->files); i++) {
        const char *name = profile_files_at(profile->files, i)->name;
        json_t *table = strchr(name, '/') != NULL ? read_json(profile->files, name) : NULL;
        g_autofree char *text = profile_export_table(profile, name, table);
        json_t *made = text != NULL ? json_loads(text, 0, NULL) : NULL;
        g_assert((table != NULL) == (made != NULL));
        json_decref(made);
        json_decref(table);
    }
}

static void use(const struct profile *profile)
{
    static const char *const hostile[] = {"a", "<&>\"'\r\n\t", "\x01\x1f\x7f\xEF\xBF\xBE", "]]>\xEF\xBF\xBF", ""};

    for (size_t i = 0; i < profile->n_types; i++)
        for (size_t k = 0; k < G_N_ELEMENTS(hostile) && profile->types[i].root != NULL; k++)
            write_document(&profile->types[i], hostile[k]);

    for (size_t i = 0; i < profile->n_types; i++) {
        const struct file_type *type = &profile->types[i];
        if (!type->inbound)
            continue;
        read_document(type, FORM_CSV, "H,EMI,1.0,a,b,1,c,TEST,B,\nD,1,2,3,4,5,6,7,8,9,10\nT,1\n");
        if (type->root != NULL)
            read_document(type, FORM_XML,
                          "<MigrationInstruction xmlns=\"urn:ecos-gateway:migration:1\" schemaVersion=\"1.0\">"
                          "<Header><SenderId>a</SenderId></Header><Devices><Device><DeviceID>b</DeviceID></Device>"
                          "</Devices></MigrationInstruction>");
    }
    use_names(profile);
    export_xsd(profile);
    export_tables(profile);
}

/* A name as the loader lets files of a folder have (profile_files.c); records/ and reports/ may stand before it. */
static bool is_file_name(const char *name, size_t len)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-/";

    for (size_t i = 0; i < len; i++)
        if (name[i] == '\0' || strchr(plain, name[i]) == NULL)
            return false;
    return len > 0 && len <= 64;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data, *end = size > 0 ? memchr(text, '\n', size) : NULL;
    struct replaced r = {0};
    struct profile *profile;

    if (end == NULL || !is_file_name(text, (size_t)(end - text)))
        return 0;
    r.name = g_strndup(text, (gsize)(end - text));
    r.text = end + 1;
    r.len = MIN(size - (size_t)(r.text - text), PROFILE_MAX_FILE_BYTES);
    profile = profile_load_files(files_of(&r), on_fault, &r);
    g_assert((profile == NULL) == (r.faults > 0));
    if (profile != NULL) {
        g_assert(strlen(profile->digest) == PROFILE_DIGEST_SIZE - 1);
        use(profile);
    }
    profile_free(profile);
    g_free(r.name);
    return 0;
}
