/*
 * What partners read: CSV by the columns of formats/FILES.md, or by a report's title row; XML by its element names.
 * Inbound files of the partners are read, too, so that the judge needs nobody's word about what stood in them.
 */
#include "tests/sim/files.h"

#include <string.h>

#include <zlib.h>

static const struct {
    const char *type;
    char kind;
    const char *columns[FILES_COLUMNS];
} layouts[] = {
    {"",
     'H',
     {"", "Type", "LayoutVersion", "SenderId", "RecipientId", "FileSequence", "CreationDateTime", "Environment",
      "BatchId", "ResubmissionOf", "Mode", NULL}},
    {"EMA",
     'F',
     {"", "Name", "SHA256", "Size", "ReceivedAt", "Outcome", "Code", "Line", "Column", "DeclaredCount", "ParsedCount",
      "RejectedCount", NULL}},
    {"EMA", 'E', {"", "Code", "Scope", "RecordNumber", "Field", "Value", "Text", NULL}},
    {"EMD",
     'D',
     {"", "RecordNumber", "DeviceID", "DeviceType", "Outcome", "Code", "Category", "Transient", "ResolvedBy",
      "WorkItemId", "NextEligible", "Text", NULL}},
    {"EMW",
     'D',
     {"", "RecordNumber", "WorkItemId", "DeviceID", "DeviceType", "DeviceManufacturer", "DeviceModel",
      "FirmwareVersion", "CHFDeviceID", "Try", "SessionStart", "SessionEnd", NULL}},
    {"EMO",
     'D',
     {"", "RecordNumber", "DeviceID", "WorkItemId", "Outcome", "Code", "Tries", "EndedAt", "NextEligible", NULL}},
    {"INC",
     'D',
     {"", "RecordNumber", "IncidentId", "Event", "At", "Category", "Code", "Scope", "FileName", "BatchId", "DeviceID",
      "Parties", "ResolvedBy", "Text", NULL}},
    {"EMI",
     'D',
     {"", "RecordNumber", "DeviceID", "DeviceType", "DeviceManufacturer", "DeviceModel", "FirmwareVersion", "MPxN",
      "CHFDeviceID", "CSPRegion", "Attempt", NULL}},
    {"EMT",
     'D',
     {"", "RecordNumber", "WorkItemId", "DeviceID", "Result", "GBCSStatus", "DUISCode", "AlertCode", "Try", "FirstTry",
      "LastTry", "OriginatorCounter", "ExistingSubjectId", "ExistingKeyId", "ReplacingSubjectId", "ReplacingKeyId",
      NULL}},
    {"EMC",
     'D',
     {"", "RecordNumber", "WorkItemId", "DeviceID", "Confirmed", "ConfirmedAt", "SubjectId", "KeyId", "Code", NULL}},
    {"INV",
     'D',
     {"", "RecordNumber", "Action", "DeviceID", "DeviceType", "DeviceStatus", "DeviceManufacturer", "DeviceModel",
      "FirmwareVersion", "MPxN", "CHFDeviceID", "SupplierId", "MAPId", "CSPRegion", "InstalledDate", "CommissionedDate",
      "Credentials", "Pending", NULL}},
    {"COS",
     'D',
     {"", "RecordNumber", "Action", "MPxN", "LosingSupplierId", "GainingSupplierId", "SupplyStartDate", NULL}},
    {"PTY", 'D', {"", "RecordNumber", "Action", "PartyId", "Role", "MPID", "Name", "Drop", NULL}},
};

const char *record_get(const struct record *record, const char *column)
{
    for (unsigned i = 0; i < record->n; i++)
        if (strcmp(record->names[i], column) == 0)
            return record->values[i];
    return "";
}

const struct record *document_first(const struct document *document, char kind)
{
    for (unsigned i = 0; i < document->n; i++)
        if (document->records[i].kind == kind)
            return &document->records[i];
    return NULL;
}

void document_free(struct document *document)
{
    if (document == NULL)
        return;
    g_array_free(document->array, TRUE);
    g_free(document->text);
    g_free(document->name);
    g_free(document);
}

/* Cuts one line into fields, in place; the beginning of the next line. */
static char *cut_line(char *line, char *fields[], unsigned *n)
{
    char *to = line;

    *n = 0;
    for (;;) {
        char *field = to;
        if (*line == '"') {
            for (line++; *line != '\0' && (*line != '"' || line[1] == '"'); line++) {
                line += *line == '"';
                *to++ = *line;
            }
            line += *line == '"';
        } else {
            while (*line != '\0' && strchr(",\r\n", *line) == NULL)
                *to++ = *line++;
        }
        if (*n < FILES_COLUMNS)
            fields[(*n)++] = field;
        char end = *line;
        line += end != '\0';
        *to++ = '\0';
        if (end == ',')
            continue;
        return line + (end == '\r' && *line == '\n');
    }
}

static const char *const *columns_of(const struct document *document, char kind)
{
    for (size_t i = 0; i < G_N_ELEMENTS(layouts); i++)
        if (layouts[i].kind == kind && (kind == 'H' || strcmp(layouts[i].type, document->type) == 0))
            return layouts[i].columns;
    return NULL;
}

static void keep(struct document *document, char kind, const char *const *columns, char *fields[], unsigned n)
{
    struct record record = {.kind = kind};

    for (unsigned i = 0; columns != NULL && i < n && columns[i] != NULL; i++) {
        record.names[record.n] = columns[i];
        record.values[record.n++] = fields[i];
    }
    g_array_append_val(document->array, record);
}

static void read_csv(struct document *document, char *at)
{
    char *fields[FILES_COLUMNS];
    unsigned n;

    while (*at != '\0') {
        at = cut_line(at, fields, &n);
        char kind = fields[0][0];
        if (kind == 'T')
            document->whole = true;
        else if (kind != '\0' && fields[0][1] == '\0')
            keep(document, kind, columns_of(document, kind), fields, n);
    }
}

static void read_report(struct document *document, char *at)
{
    char *title[FILES_COLUMNS + 1], *fields[FILES_COLUMNS];
    unsigned n;

    at = cut_line(at, title, &n);
    title[n] = NULL;
    while (*at != '\0') {
        at = cut_line(at, fields, &n);
        if (strcmp(fields[0], "#COUNT") == 0)
            document->whole = true;
        else
            keep(document, 'D', (const char *const *)title, fields, n);
    }
}

static void unescape(char *text)
{
    static const struct {
        const char *name;
        char value;
    } entities[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};
    char *to = text;

    while (*text != '\0') {
        size_t i = 0;
        while (i < G_N_ELEMENTS(entities) && !g_str_has_prefix(text, entities[i].name))
            i++;
        *to++ = i < G_N_ELEMENTS(entities) ? entities[i].value : *text;
        text += i < G_N_ELEMENTS(entities) ? strlen(entities[i].name) : 1;
    }
    *to = '\0';
}

static char group_of(const char *element)
{
    static const struct {
        const char *name;
        char kind;
    } groups[] = {{"Header", 'H'}, {"File", 'F'}, {"Finding", 'E'}, {"Device", 'D'}};

    for (size_t i = 0; i < G_N_ELEMENTS(groups); i++)
        if (strcmp(groups[i].name, element) == 0)
            return groups[i].kind;
    return '\0';
}

/* Elements of two levels: Header, File, Finding or Device, and values in them. Attributes stand only in the root. */
static void read_xml(struct document *document, char *at)
{
    struct record record = {0};

    while ((at = strchr(at, '<')) != NULL) {
        char *name = at + 1, *end = strchr(name, '>');
        if (end == NULL)
            return;
        at = end + 1;
        *end = '\0';
        if (*name == '/') {
            if (record.kind != '\0' && group_of(name + 1) == record.kind) {
                g_array_append_val(document->array, record);
                record = (struct record){0};
            }
            document->whole = record.kind == '\0' && strcmp(name, "/Devices") != 0;
        } else if (group_of(name) != '\0') {
            record = (struct record){.kind = group_of(name)};
        } else if (record.kind != '\0' && record.n < FILES_COLUMNS) {
            char *close = strchr(at, '<');
            bool empty = end[-1] == '/';
            if (close == NULL)
                return;
            record.names[record.n] = name;
            record.values[record.n++] = empty ? "" : at;
            if (empty) {
                end[-1] = '\0';
                continue;
            }
            *close = '\0';
            unescape((char *)record.values[record.n - 1]);
            at = strchr(close + 1, '>');
            if (at == NULL)
                return;
            at++;
        }
    }
}

static char *unpacked(const char *bytes, size_t size)
{
    size_t room = size * 200 + 4096;
    char *text = g_malloc0(room + 1);
    z_stream stream = {
        .next_in = (Bytef *)bytes, .avail_in = (uInt)size, .next_out = (Bytef *)text, .avail_out = (uInt)room};

    bool good = inflateInit2(&stream, 15 + 16) == Z_OK && inflate(&stream, Z_FINISH) == Z_STREAM_END;
    (void)inflateEnd(&stream);
    if (good)
        return text;
    g_free(text);
    return NULL;
}

struct document *document_read(const char *name, const char *bytes, size_t size)
{
    char *text = g_str_has_suffix(name, ".gz") ? unpacked(bytes, size) : g_strndup(bytes, size);

    if (text == NULL)
        return NULL;
    struct document *document = g_new0(struct document, 1);
    document->name = g_strdup(name);
    const char *bar = strchr(name, '_');
    size_t length = bar != NULL ? (size_t)(bar - name) : strlen(name);
    (void)g_strlcpy(document->type, name, MIN(sizeof document->type, length + 1));
    document->text = text;
    document->array = g_array_new(FALSE, FALSE, sizeof(struct record));
    if (*text == '<')
        read_xml(document, text);
    else if (strlen(document->type) == 3)
        read_csv(document, text);
    else
        read_report(document, text);
    document->records = (struct record *)(void *)document->array->data;
    document->n = document->array->len;
    return document;
}
