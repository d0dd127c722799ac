/*
 * What partners write. Columns stand here once more, and not in a header of the gateway: a mistake in the gateway's
 * tables shall not be repeated here.
 */
#include "tests/sim/files.h"

#include "tests/sim/when.h"

#include <stdio.h>
#include <string.h>

#include <zlib.h>

#define NAMESPACE "urn:ecos-gateway:migration:1"

static const struct sender senders[] = {
    {"EMI", "MCC", "90-B3-D5-1F-30-0E-C0-01", "mcc"},   {"EMT", "TCSP", "90-B3-D5-1F-30-0E-C0-02", "tcos"},
    {"EMC", "ECSP", "90-B3-D5-1F-30-0E-C0-03", "ecos"}, {"INV", "DCC", "90-B3-D5-1F-30-00-00-02", "dcc"},
    {"COS", "DCC", "90-B3-D5-1F-30-00-00-02", "dcc"},   {"NMM", "DCC", "90-B3-D5-1F-30-00-00-02", "dcc"},
    {"PTY", "DCC", "90-B3-D5-1F-30-00-00-02", "dcc"}};

static const struct {
    const char *type, *root;
    const char *columns[FILES_COLUMNS];
    unsigned required; /* the first so many columns are written in XML even if empty */
} forms[] = {{"EMI",
              "MigrationInstruction",
              {"DeviceID", "DeviceType", "DeviceManufacturer", "DeviceModel", "FirmwareVersion", "MPxN", "CHFDeviceID",
               "CSPRegion", "Attempt", NULL},
              5},
             {"EMT",
              "MigrationResult",
              {"WorkItemId", "DeviceID", "Result", "GBCSStatus", "DUISCode", "AlertCode", "Try", "FirstTry", "LastTry",
               "OriginatorCounter", "ExistingSubjectId", "ExistingKeyId", "ReplacingSubjectId", "ReplacingKeyId", NULL},
              3},
             {"EMC",
              "MigrationConfirmation",
              {"WorkItemId", "DeviceID", "Confirmed", "ConfirmedAt", "SubjectId", "KeyId", "Code", NULL},
              3},
             {"INV",
              NULL,
              {"Action", "DeviceID", "DeviceType", "DeviceStatus", "DeviceManufacturer", "DeviceModel",
               "FirmwareVersion", "MPxN", "CHFDeviceID", "SupplierId", "MAPId", "CSPRegion", "InstalledDate",
               "CommissionedDate", "Credentials", "Pending", NULL},
              0},
             {"COS", NULL, {"Action", "MPxN", "LosingSupplierId", "GainingSupplierId", "SupplyStartDate", NULL}, 0},
             {"NMM",
              NULL,
              {"Action", "DeviceType", "DeviceManufacturer", "DeviceModel", "FirmwareVersion", "NonMigratableFrom",
               "NonMigratableTo", "ReasonCode", "FixedInFirmware", NULL},
              0},
             {"PTY", NULL, {"Action", "PartyId", "Role", "MPID", "Name", "Drop", NULL}, 0}};

const struct sender *sender_of(const char *type)
{
    for (size_t i = 0; i < G_N_ELEMENTS(senders); i++)
        if (strcmp(senders[i].type, type) == 0)
            return &senders[i];
    return NULL;
}

static size_t form_of(const char *type)
{
    size_t i = 0;

    while (i < G_N_ELEMENTS(forms) && strcmp(forms[i].type, type) != 0)
        i++;
    g_assert(i < G_N_ELEMENTS(forms));
    return i;
}

struct draft *draft_new(const char *type, unsigned sequence, int64_t at, bool xml)
{
    struct draft *draft = g_new0(struct draft, 1);

    draft->sender = sender_of(type);
    draft->sequence = sequence;
    draft->at = at;
    draft->xml = xml && forms[form_of(type)].root != NULL;
    draft->declared = -1;
    draft->rows = g_string_new(NULL);
    (void)snprintf(draft->batch, sizeof draft->batch, "%.1s-%u", strcmp(type, "EMI") == 0 ? "B" : type + 2, sequence);
    (void)g_strlcpy(draft->environment, "TEST", sizeof draft->environment);
    return draft;
}

void draft_free(struct draft *draft)
{
    g_string_free(draft->rows, TRUE);
    g_free(draft);
}

static const char *value_at(const char *const *values, unsigned column)
{
    return values[column] != NULL ? values[column] : "";
}

static void add_csv(struct draft *draft, size_t form, const char *const *values)
{
    g_string_append_printf(draft->rows, "D,%u", draft->n);
    for (unsigned c = 0; forms[form].columns[c] != NULL; c++) {
        const char *value = value_at(values, c);
        bool quote = strpbrk(value, ",\"\r\n") != NULL;
        g_string_append_printf(draft->rows, quote ? ",\"%s\"" : ",%s", value);
    }
    g_string_append(draft->rows, "\r\n");
}

static void add_xml(struct draft *draft, size_t form, const char *const *values)
{
    g_string_append_printf(draft->rows, "    <Device>\n      <RecordNumber>%u</RecordNumber>\n", draft->n);
    for (unsigned c = 0; forms[form].columns[c] != NULL; c++) {
        const char *name = forms[form].columns[c], *value = value_at(values, c);
        bool required = c < forms[form].required || strcmp(name, "Attempt") == 0;
        if (required || *value != '\0') {
            g_autofree char *escaped = g_markup_escape_text(value, -1);
            g_string_append_printf(draft->rows, "      <%s>%s</%s>\n", name, escaped, name);
        }
    }
    g_string_append(draft->rows, "    </Device>\n");
}

void draft_add(struct draft *draft, const char *const *values)
{
    size_t form = form_of(draft->sender->type);

    draft->n++;
    if (draft->xml)
        add_xml(draft, form, values);
    else
        add_csv(draft, form, values);
}

static GString *text_csv(const struct draft *draft, unsigned count)
{
    char at[WHEN_SIZE];
    const char *type = draft->sender->type;
    GString *text = g_string_sized_new(draft->rows->len + 256);

    g_string_printf(text, "H,%s,1.0,%s,%s,%u,%s,%s,%s,%s", type, draft->sender->eui64, GATEWAY_EUI64, draft->sequence,
                    when_text(draft->at, at), draft->environment, draft->batch, draft->resubmission_of);
    if (draft->mode[0] != '\0')
        g_string_append_printf(text, ",%s", draft->mode);
    g_string_append(text, "\r\n");
    g_string_append_len(text, draft->rows->str, (gssize)draft->rows->len);
    g_string_append_printf(text, "T,%u\r\n", count);
    return text;
}

static GString *text_xml(const struct draft *draft, unsigned count)
{
    char at[WHEN_SIZE];
    const char *root = forms[form_of(draft->sender->type)].root;
    GString *text = g_string_sized_new(draft->rows->len + 1024);

    g_string_printf(text,
                    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<%s xmlns=\"" NAMESPACE "\" schemaVersion=\"1.0\">\n"
                    "  <Header>\n    <SenderId>%s</SenderId>\n    <RecipientId>" GATEWAY_EUI64 "</RecipientId>\n"
                    "    <FileSequence>%u</FileSequence>\n    <CreationDateTime>%s</CreationDateTime>\n"
                    "    <Environment>%s</Environment>\n    <BatchId>%s</BatchId>\n",
                    root, draft->sender->eui64, draft->sequence, when_text(draft->at, at), draft->environment,
                    draft->batch);
    if (draft->resubmission_of[0] != '\0')
        g_string_append_printf(text, "    <ResubmissionOf>%s</ResubmissionOf>\n", draft->resubmission_of);
    g_string_append_printf(text, "    <DeviceCount>%u</DeviceCount>\n  </Header>\n  <Devices>\n", count);
    g_string_append_len(text, draft->rows->str, (gssize)draft->rows->len);
    g_string_append_printf(text, "  </Devices>\n</%s>\n", root);
    return text;
}

static GString *gzipped(GString *plain)
{
    z_stream stream = {.next_in = (Bytef *)plain->str, .avail_in = (uInt)plain->len};
    GString *packed = g_string_new(NULL);

    g_string_set_size(packed, plain->len + 1024);
    stream.next_out = (Bytef *)packed->str;
    stream.avail_out = (uInt)packed->len;
    bool good = deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK &&
                deflate(&stream, Z_FINISH) == Z_STREAM_END;
    g_assert(good);
    g_string_set_size(packed, stream.total_out);
    (void)deflateEnd(&stream);
    g_string_free(plain, TRUE);
    return packed;
}

char *draft_text(struct draft *draft, size_t *size)
{
    char at[WHEN_SIZE];
    unsigned count = draft->declared >= 0 ? (unsigned)draft->declared : draft->n;
    GString *text = draft->xml ? text_xml(draft, count) : text_csv(draft, count);

    if (draft->name[0] == '\0')
        (void)snprintf(draft->name, sizeof draft->name, "%s_%s_%s_%s_%06u.%s%s", draft->sender->type,
                       draft->sender->org, draft->sender->eui64, when_name(draft->at, at), draft->sequence,
                       draft->xml ? "xml" : "csv", draft->gzip ? ".gz" : "");
    if (draft->gzip)
        text = gzipped(text);
    *size = text->len;
    return g_string_free(text, FALSE);
}
