/*
 * Fuzz target: any bytes as the content of the type that they name, judged whole.
 * - The counts of records and of findings agree with each other and with the outcome.
 * - Every finding can be shown, at its place and with the line in which it stands.
 * - The verdict is the same for the bytes packed, and when fewer findings are kept.
 * - Devices that come twice have C102.
 * - The published schema accepts all XML that is accepted. What it accepts is refused only for what no schema can say.
 */
#include "formats/eui64.h"
#include "formats/profile.h"
#include "formats/text.h"
#include "gateway/commands/check/excerpt.h"
#include "tests/fuzz/reading.h"
#include "validators/judge.h"

#include <libxml/xmlschemas.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define STEM "_MCC_90-B3-D5-1F-30-0E-C0-01_20230703_060000_000001" /* behind the type */

enum { MAX_FINDINGS = 200, FEW = 3, TEXT_CHARS = 400, LONG_BYTES = 16384 };

/* One judging of a document. */
struct judged {
    const struct document *document;
    struct verdict verdict;
    char *name;
    size_t max;
    const struct file_type *type;
    uint64_t rows, good; /* counted by on_row */
    GHashTable *ids;     /* Device IDs so far, of an instruction */
};

static struct rules rules;

static int file_of(const void *data, size_t size)
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);

    g_assert(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    return fd;
}

/* --- Records ------------------------------------------------------------------------------------ */

static void check_device(struct judged *judged, const struct row *row)
{
    const struct device *device = device_of(row);
    const struct field *id = &row->record->fields[INSTRUCTION_DEVICE_ID];
    uint64_t value = 0;

    g_assert(device->has_id == eui64_parse(id->text, id->len, &value) && device->id == value);
    g_assert(row_has_code(row, C101) == !device->has_id);
    if (device->has_id) {
        uint64_t *key = g_memdup2(&value, sizeof value);
        g_assert(row_has_code(row, C102) == !g_hash_table_add(judged->ids, key));
    }
}

static bool on_row(void *user, const struct file_type *type, const struct row *row, GError **error)
{
    struct judged *judged = user;

    (void)error;
    g_assert(type == judged->type);
    g_assert(row->record->ordinal > judged->rows); /* faulty records are left out */
    g_assert(row->layout == judged->type->record);
    if (strcmp(type->code, "EMI") == 0)
        check_device(judged, row);
    g_assert(!row_is_deferred(row)); /* without a ledger no code is transient */
    if (row_has_errors(row))
        g_assert(row_has_code(row, row_first_code(row)));
    judged->rows++;
    judged->good += !row_has_errors(row);
    return true;
}

/* --- Findings ----------------------------------------------------------------------------------- */

static void check_finding(const struct judged *judged, const struct finding *f)
{
    assert_printable(f->text);
    g_assert(f->text[0] != '\0' && g_utf8_strlen(f->text, -1) <= TEXT_CHARS && f->ordinal <= judged->verdict.parsed);
    if (f->value) {
        assert_printable(f->value);
        g_assert(g_utf8_strlen(f->value, -1) <= FINDINGS_VALUE_CHARS);
    }
    if (f->field) {
        assert_printable(f->field);
        g_assert(f->field[0] != '\0' && g_utf8_strlen(f->field, -1) <= FINDINGS_VALUE_CHARS);
    }
    if (f->at.line > 0)
        g_assert(document_offset(judged->document, f->at) <= judged->document->len);
    else
        g_assert(f->at.column <= strlen(judged->name) + 1);
}

static void check_counts(const struct judged *judged)
{
    const struct findings *findings = judged->verdict.findings;
    uint64_t sum = 0, kept[CODE_COUNT] = {0};

    for (size_t i = 0; i < findings_kept(findings); i++) {
        check_finding(judged, findings_at(findings, i));
        kept[findings_at(findings, i)->code]++;
    }
    for (size_t code = 0; code < CODE_COUNT; code++) {
        sum += findings_count(findings, (enum code)code);
        g_assert(kept[code] <= findings_count(findings, (enum code)code));
    }
    g_assert(sum == findings_total(findings) && findings_kept(findings) == MIN(sum, judged->max));
    g_assert(findings_truncated(findings) == (sum > judged->max));
}

static void check_header(const struct header *header)
{
    g_assert(strspn(header->batch, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == strlen(header->batch));
    g_assert(strlen(header->batch) <= 24 && strlen(header->resubmission_of) <= 128 &&
             !strchr(header->resubmission_of, '/'));
}

static bool may_be_empty(const struct file_type *type)
{
#define INBOUND_TYPE(code_, about, begin, judge, take, may_be_empty)                                                   \
    if (strcmp(type->code, #code_) == 0)                                                                               \
        return may_be_empty;
#include "validators/inbound_types.def"
#undef INBOUND_TYPE
    g_assert_not_reached();
}

static void check_verdict(const struct judged *judged)
{
    const struct verdict *v = &judged->verdict;
    const struct finding *deciding = verdict_deciding(v);
    bool b = findings_has_errors(v->findings, 'b'), c = findings_has_errors(v->findings, 'c');
    enum outcome expected = b ? OUTCOME_RJ : c ? OUTCOME_PA : findings_total(v->findings) > 0 ? OUTCOME_WN : OUTCOME_AC;

    g_assert(v->outcome == expected && v->name_is_known && v->content_read);
    g_assert(v->parsed == v->accepted + v->rejected + v->deferred && v->parsed <= rules.max_devices);
    g_assert(judged->rows <= v->parsed && v->deferred == 0);
    g_assert((deciding == NULL) == (expected == OUTCOME_AC));
    check_header(&v->header);
    if (deciding && expected != OUTCOME_WN)
        g_assert(!deciding->warning && catalogue_category(deciding->code) == (b ? 'b' : 'c'));
    if (b)
        g_assert(v->rejected == v->parsed);
    else
        g_assert(judged->rows == v->parsed && v->accepted == judged->good &&
                 (v->parsed > 0 || may_be_empty(judged->type)) && v->declared == (int64_t)v->parsed && v->header.seen &&
                 v->header.batch[0]);
}

static void judge(struct judged *judged, const struct document *document, const char *name, int fd, size_t max)
{
    struct judge_request request = {.name = name,
                                    .name_len = strlen(name),
                                    .fd = fd,
                                    .rules = &rules,
                                    .max_findings = max,
                                    .on_row = on_row,
                                    .user = judged};

    *judged = (struct judged){.document = document,
                              .name = g_strdup(name),
                              .type = profile_type(profile_builtin(), name, 3),
                              .max = max,
                              .ids = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL)};
    g_assert(judge_file(&request, &judged->verdict, NULL));
    check_counts(judged);
    check_verdict(judged);
}

static void judged_clear(struct judged *judged)
{
    verdict_clear(&judged->verdict);
    g_hash_table_unref(judged->ids);
    g_free(judged->name);
}

/* --- The same verdict again ----------------------------------------------------------------------------- */

static void assert_same_finding(const struct finding *a, const struct finding *b)
{
    g_assert(a->code == b->code && a->warning == b->warning && a->ordinal == b->ordinal);
    g_assert(a->at.line == b->at.line && a->at.column == b->at.column);
    g_assert_cmpstr(a->field, ==, b->field);
    g_assert_cmpstr(a->value, ==, b->value);
    g_assert_cmpstr(a->text, ==, b->text);
}

static void assert_same_verdict(const struct judged *a, const struct judged *b)
{
    const struct verdict *v = &a->verdict, *w = &b->verdict;

    g_assert(v->outcome == w->outcome && v->declared == w->declared && v->parsed == w->parsed);
    g_assert(v->accepted == w->accepted && v->rejected == w->rejected && a->rows == b->rows);
    for (size_t code = 0; code < CODE_COUNT; code++)
        g_assert(findings_count(v->findings, (enum code)code) == findings_count(w->findings, (enum code)code));
    for (size_t i = 0; i < MIN(findings_kept(v->findings), findings_kept(w->findings)); i++)
        assert_same_finding(findings_at(v->findings, i), findings_at(w->findings, i));
    if (v->outcome != OUTCOME_AC)
        assert_same_finding(verdict_deciding(v), verdict_deciding(w));
}

static int packed_file(const struct document *document)
{
    g_autofree char *packed = NULL;
    z_stream z = {.next_in = (Bytef *)document->text, .avail_in = (uInt)document->len};
    size_t room;

    g_assert(deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    room = deflateBound(&z, (uLong)document->len);
    packed = g_malloc(room);
    z.next_out = (Bytef *)packed;
    z.avail_out = (uInt)room;
    g_assert(deflate(&z, Z_FINISH) == Z_STREAM_END);
    (void)deflateEnd(&z);
    return file_of(packed, z.total_out);
}

static void judge_again(const struct judged *first, const char *name, int fd, size_t max)
{
    struct judged again;

    judge(&again, first->document, name, fd, max);
    assert_same_verdict(first, &again);
    judged_clear(&again);
}

/* --- Excerpts ------------------------------------------------------------------------------------ */

/* The excerpt shows the text that begins at the place above its caret, as far as both go. */
static void check_excerpt(const struct document *d, const struct excerpt *excerpt, struct place at)
{
    size_t from = document_offset(d, at), begin = g_array_index(d->lines, size_t, at.line - 1);
    const char *end = from < d->len ? memchr(d->text + from, '\n', d->len - from) : NULL;
    size_t len = MIN((end ? (size_t)(end - d->text) : d->len) - from, 8);

    assert_printable(excerpt->text);
    /* Continuation bytes without a character share their column with others. */
    if (text_valid_prefix(d->text + begin, from - begin) != from - begin)
        return;
    g_autofree char *shown = text_escape(d->text + from, len, 0);
    glong length = g_utf8_strlen(excerpt->text, -1), caret = (glong)excerpt->caret;
    if (g_str_has_suffix(excerpt->text, "…") && caret >= length - 1)
        return; /* escapes before the place have used up the room */
    g_assert(caret <= length);
    if (shown[0] != '\0' && shown[0] != '\\')
        g_assert(g_utf8_get_char(g_utf8_offset_to_pointer(excerpt->text, caret)) == g_utf8_get_char(shown));
}

static void check_excerpts(const struct judged *judged, int fd)
{
    const struct findings *findings = judged->verdict.findings;
    g_autoptr(GArray) wanted = g_array_new(FALSE, FALSE, sizeof(struct place));
    g_autoptr(GHashTable) excerpts = NULL;

    for (size_t i = 0; i < findings_kept(findings); i++)
        if (findings_at(findings, i)->at.line > 0)
            g_array_append_val(wanted, findings_at(findings, i)->at);
    excerpts = excerpt_places(fd, FILENAME_PLAIN, &(struct excerpt_source){&rules.unpack, NULL}, wanted);
    for (guint i = 0; i < wanted->len; i++) {
        struct place at = g_array_index(wanted, struct place, i);
        const struct excerpt *excerpt = g_hash_table_lookup(excerpts, &at);
        g_assert(excerpt != NULL);
        check_excerpt(judged->document, excerpt, at);
    }
}

/* --- The schema ------------------------------------------------------------------------------------ */

static xmlSchemaPtr schema(void)
{
    static xmlSchemaPtr parsed;
    const char *top = getenv("top_srcdir");
    g_autofree char *path = g_build_filename(top ? top : ".", "formats", "schema", "ecos-migration-1.xsd", NULL);
    g_autofree char *text = NULL;
    gsize len;

    if (parsed == NULL &&
        g_file_get_contents(path, &text, &len, NULL)) { /* the XML reader forbids libxml2 to open files */
        xmlSchemaParserCtxtPtr parser = xmlSchemaNewMemParserCtxt(text, (int)len);
        parsed = xmlSchemaParse(parser);
        xmlSchemaFreeParserCtxt(parser);
    }
    if (parsed == NULL)
        g_error("%s is no schema; name the sources' folder in $top_srcdir", path);
    return parsed;
}

static void ignore_error(void *user, const char *format, ...)
{
    (void)user, (void)format;
}

/* True when the schema accepts the document. *other: it has a document type, of which a schema says nothing. */
static bool is_valid(const struct document *d, bool *other)
{
    size_t mark = g_array_index(d->lines, size_t, 0);
    xmlDoc *tree = xmlReadMemory(d->len ? d->text + mark : "", (int)(d->len - mark), NULL, "UTF-8",
                                 XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    xmlSchemaValidCtxtPtr validator = xmlSchemaNewValidCtxt(schema());
    bool valid;

    xmlSchemaSetValidErrors(validator, ignore_error, ignore_error, NULL);
    valid = tree && xmlSchemaValidateDoc(validator, tree) == 0;
    *other = tree && tree->intSubset;
    xmlSchemaFreeValidCtxt(validator);
    xmlFreeDoc(tree);
    return valid;
}

/* True for a fault that found the root of another type: the schema has the roots of all types. */
static bool found_a_root(const char *text)
{
    const char *found = strstr(text, ", found ");

    for (size_t i = 0; found && i < profile_builtin()->n_types; i++)
        if (g_strcmp0(found + strlen(", found "), profile_builtin()->types[i].root) == 0)
            return true;
    return false;
}

/* True for what a schema cannot say: the order of numbers, counts, names of other files, limits, encodings, and the
 * attributes that are a validator's own. */
static bool is_beyond(const struct finding *f)
{
    switch (f->code) {
    case B111:
    case B204:
    case B205:
    case B206:
        return true;
    case B202:
        return found_a_root(f->text);
    case B203:
        return strstr(f->text, "no attribute ") != NULL;
    case B208:
        return g_str_has_prefix(f->text, "declared");
    case B211:
        return strstr(f->text, "name of an earlier file") != NULL;
    case B305:
        return f->value[0] >= '1' && f->value[0] <= '9';
    default:
        return f->warning || catalogue_category(f->code) == 'c';
    }
}

static void compare_with_schema(const struct judged *judged)
{
    const struct document *d = judged->document;
    const struct findings *findings = judged->verdict.findings;
    bool other, valid;

    /* libxml2 may find an error in each byte of a long document, which takes too long. */
    if (findings_truncated(findings) || (d->len > LONG_BYTES && findings_total(findings) > 0))
        return;
    valid = is_valid(d, &other);
    if (other)
        return;
    for (size_t i = 0; valid && i < findings_kept(findings); i++)
        g_assert(is_beyond(findings_at(findings, i)));
    /* libxml2 refuses empty CDATA sections between elements, though the rules of schemas do not count them as text. */
    if (!findings_has_errors(findings, 'b') && !g_strstr_len(d->text, (gssize)d->len, "<![CDATA["))
        g_assert(valid);
}

/* --- All ---------------------------------------------------------------------------------------------- */

static void judge_as(const struct document *document, enum form form)
{
    const struct file_type *type = document_type(document, form);
    g_autofree char *name = g_strconcat(type->code, STEM, ".", form_name(form), NULL);
    g_autofree char *packed_name = g_strconcat(name, ".gz", NULL);
    int fd = file_of(document->text, document->len);
    struct judged judged;

    judge(&judged, document, name, fd, MAX_FINDINGS);
    judge_again(&judged, name, fd, FEW);
    check_excerpts(&judged, fd);
    if (document->len > 0) {
        int packed = packed_file(document);
        judge_again(&judged, packed_name, packed, MAX_FINDINGS);
        (void)close(packed); /* memory only */
    }
    if (form == FORM_XML)
        compare_with_schema(&judged);
    judged_clear(&judged);
    (void)close(fd); /* memory only */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct document *document = document_new(data, size);

    rules_init(&rules);
    rules.now = INT64_C(1688364000); /* 2023-07-03T06:00:00Z */
    rules.max_devices = READING_MAX_RECORDS;
    rules.unpack = (struct unpack_limits){1 << 20, 100000};
    judge_as(document, FORM_XML);
    judge_as(document, FORM_CSV);
    document_free(document);
    return 0;
}
