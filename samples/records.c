/*
 * Values of the records of each inbound type. Whatever file names a meter, its Supplier and Meter Asset Provider come
 * from the same number, so that the files of one seed agree.
 */
#include "samples/records.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { MAPS = 5 };

#define TEXT(row, n, ...) ((void)snprintf((row)->texts[n], sizeof(row)->texts[n], __VA_ARGS__), (row)->texts[n])

#define SET(row, values_)                                                                                              \
    do {                                                                                                               \
        _Static_assert(sizeof(values_) <= sizeof(row)->values, "COLUMNS");                                             \
        memcpy((row)->values, values_, sizeof(values_));                                                               \
    } while (0)

/* SubjectIds of the certificates that a Device holds before and after its migration. */
#define TCOS_SUBJECT "90-B3-D5-1F-30-01-00-00"
#define ECOS_SUBJECT "90-B3-D5-1F-30-02-00-00"

static const char *text_eui64(struct row *row, unsigned n, uint64_t id)
{
    print_eui64(id, row->texts[n]);
    return row->texts[n];
}

static const char *supplier(struct row *row, unsigned n, uint64_t number)
{
    return text_eui64(row, n, UINT64_C(0x90B3D51F30050000) + 1 + number % row->origin->suppliers);
}

static const char *asset_provider(struct row *row, unsigned n, uint64_t number)
{
    return text_eui64(row, n, UINT64_C(0x90B3D51F30060000) + 1 + number % MAPS);
}

/* The number from which the Supplier and the Meter Asset Provider of a meter are chosen. */
static uint64_t lot_of_meter(const struct row *row, uint64_t index)
{
    return mix(row->origin->seed + 3, index);
}

static void make_instruction(struct row *row)
{
    const struct origin *o = row->origin;
    struct device *d = &row->device;

    device_make(o->seed, row->index, d);
    device_spoil(o->seed, row->index, o->bad, d);
    const char *values[] = {d->id, d->type, d->manufacturer, d->model, d->firmware, d->mpxn, d->chf, d->region, "1"};
    SET(row, values);
}

/* --- Results and confirmations ------------------------------------------------------------------- */

static const char *work_item(struct row *row, unsigned n)
{
    return TEXT(row, n, "MCC.%s.%" PRIu64, row->origin->batch, row->index);
}

/* The KeyId of a certificate: the same in a result and in its confirmation. */
static const char *key(struct row *row, unsigned n, uint64_t certificate)
{
    uint64_t a = mix(certificate, 1), b = mix(certificate, 2), c = mix(certificate, 3);
    return TEXT(row, n, "%016" PRIX64 "%016" PRIX64 "%08" PRIX64, a, b, c >> 32);
}

static bool has_failed(const struct row *row)
{
    return mix(row->origin->seed + 4, row->index) % 100 < row->origin->failed;
}

static void make_result(struct row *row)
{
    static const struct {
        const char *result, *gbcs, *duis, *alert;
    } ways[] = {
        {"FAILED", "17", "I0", ""}, {"FAILED", "", "E20", ""}, {"FAILED", "", "", "8F84"}, {"TIMEOUT", "", "", ""}};
    const struct origin *o = row->origin;
    bool failed = has_failed(row);
    unsigned way = (unsigned)(mix(o->seed + 5, row->index) % (sizeof ways / sizeof *ways));

    device_make(o->seed, row->index, &row->device);
    const char *values[] = {work_item(row, 0),
                            row->device.id,
                            failed ? ways[way].result : "SUCCESS",
                            failed ? ways[way].gbcs : "0",
                            failed ? ways[way].duis : "I0",
                            failed ? ways[way].alert : "",
                            TEXT(row, 1, "%u", o->try),
                            o->time,
                            o->time,
                            TEXT(row, 2, "%" PRIu64, UINT64_C(1688364000000) + row->index),
                            TCOS_SUBJECT,
                            "",
                            failed ? "" : ECOS_SUBJECT,
                            failed ? "" : key(row, 3, row->index)};
    SET(row, values);
}

static void make_confirmation(struct row *row)
{
    bool failed = has_failed(row);

    device_make(row->origin->seed, row->index, &row->device);
    const char *values[] = {work_item(row, 0),          row->device.id,
                            failed ? "N" : "Y",         row->origin->time,
                            failed ? "" : ECOS_SUBJECT, failed ? "" : key(row, 3, row->index),
                            failed ? "NOT_SEEN" : ""};
    SET(row, values);
}

/* --- Reference data ------------------------------------------------------------------------------ */

static const char *installed(struct row *row, unsigned n)
{
    uint64_t random = mix(row->origin->seed + 6, row->index);
    return TEXT(row, n, "20%02u-%02u-%02u", 17 + (unsigned)(random % 6), 1 + (unsigned)(random / 6 % 12),
                1 + (unsigned)(random / 72 % 28));
}

/* A Gas Proxy Function has no Supplier of its own: it belongs to that of the meters at its hub. */
static void make_inventory(struct row *row)
{
    const struct origin *o = row->origin;
    struct device *d = &row->device;
    uint64_t lot = lot_of_meter(row, row->index);
    const char *date = installed(row, 2);

    device_make(o->seed, row->index, d);
    device_connect(o->seed, row->index, o->devices, d);
    bool meter = d->mpxn[0] != '\0';
    const char *values[] = {"SET",
                            d->id,
                            d->type,
                            "Commissioned",
                            d->manufacturer,
                            d->model,
                            d->firmware,
                            d->mpxn,
                            d->chf,
                            meter ? supplier(row, 0, lot) : "",
                            meter ? asset_provider(row, 1, lot >> 32) : "",
                            d->region,
                            date,
                            date,
                            "TCOS",
                            ""};
    SET(row, values);
}

/* One change of supplier for each meter in turn; Devices without an MPxN are passed over. */
static void make_event(struct row *row)
{
    struct device *d = &row->device;

    do
        device_make(row->origin->seed, ++row->event_index, d);
    while (d->mpxn[0] == '\0');
    uint64_t lot = lot_of_meter(row, row->event_index);
    const char *values[] = {"SET", d->mpxn, supplier(row, 0, lot), supplier(row, 1, lot % row->origin->suppliers + 1),
                            row->origin->start};
    SET(row, values);
}

static void make_model(struct row *row)
{
    struct model m = model_of((unsigned)row->index - 1);
    const char *values[] = {"SET", m.type, m.manufacturer, m.model, m.firmware, row->origin->start,
                            "",    "D117", "FFFF0000"};
    SET(row, values);
}

static uint64_t count_parties(const struct origin *o)
{
    return o->suppliers + MAPS;
}

static void make_party(struct row *row)
{
    unsigned suppliers = row->origin->suppliers, n = (unsigned)row->index - 1;
    bool is_map = n >= suppliers;
    unsigned number = is_map ? n - suppliers : n;
    const char *values[] = {"SET",
                            is_map ? asset_provider(row, 0, number) : supplier(row, 0, number),
                            is_map ? "MAP" : "SUPPLIER",
                            TEXT(row, 1, "%c%03u", is_map ? 'M' : 'S', (number + 1) % 1000),
                            TEXT(row, 2, "%s %u", is_map ? "Meter Asset Provider" : "Supplier", number + 1),
                            is_map ? "maps" : "suppliers"};
    SET(row, values);
}

#define MCC .org = "MCC", .eui = "90-B3-D5-1F-30-0E-C0-01"
#define TCSP .org = "TCSP", .eui = "90-B3-D5-1F-30-0E-C0-02"
#define ECSP .org = "ECSP", .eui = "90-B3-D5-1F-30-0E-C0-03"
#define DCC .org = "DCC", .eui = "90-B3-D5-1F-30-00-00-02"

static const char *const instruction[] = {"DeviceID",        "DeviceType", "DeviceManufacturer", "DeviceModel",
                                          "FirmwareVersion", "MPxN",       "CHFDeviceID",        "CSPRegion",
                                          "Attempt",         NULL};
static const char *const result[] = {"WorkItemId",
                                     "DeviceID",
                                     "Result",
                                     "GBCSStatus",
                                     "DUISCode",
                                     "AlertCode",
                                     "Try",
                                     "FirstTry",
                                     "LastTry",
                                     "OriginatorCounter",
                                     "ExistingSubjectId",
                                     "ExistingKeyId",
                                     "ReplacingSubjectId",
                                     "ReplacingKeyId",
                                     NULL};
static const char *const confirmation[] = {"WorkItemId", "DeviceID", "Confirmed", "ConfirmedAt",
                                           "SubjectId",  "KeyId",    "Code",      NULL};
static const char *const inventory[] = {"Action",
                                        "DeviceID",
                                        "DeviceType",
                                        "DeviceStatus",
                                        "DeviceManufacturer",
                                        "DeviceModel",
                                        "FirmwareVersion",
                                        "MPxN",
                                        "CHFDeviceID",
                                        "SupplierId",
                                        "MAPId",
                                        "CSPRegion",
                                        "InstalledDate",
                                        "CommissionedDate",
                                        "Credentials",
                                        "Pending",
                                        NULL};
static const char *const event[] = {"Action", "MPxN", "LosingSupplierId", "GainingSupplierId", "SupplyStartDate", NULL};
static const char *const model[] = {
    "Action",          "DeviceType", "DeviceManufacturer", "DeviceModel", "FirmwareVersion", "NonMigratableFrom",
    "NonMigratableTo", "ReasonCode", "FixedInFirmware",    NULL};
static const char *const party[] = {"Action", "PartyId", "Role", "MPID", "Name", "Drop", NULL};

static const struct type types[] = {
    {.code = "EMI",
     .root = "MigrationInstruction",
     MCC,
     .batch_letter = 'B',
     .columns = instruction,
     .make = make_instruction},
    {.code = "EMT",
     .root = "MigrationResult",
     TCSP,
     .batch_letter = 'R',
     .of_batch = true,
     .columns = result,
     .make = make_result},
    {.code = "EMC",
     .root = "MigrationConfirmation",
     ECSP,
     .batch_letter = 'K',
     .of_batch = true,
     .columns = confirmation,
     .make = make_confirmation},
    {.code = "INV", DCC, .batch_letter = 'I', .columns = inventory, .make = make_inventory},
    {.code = "COS", DCC, .batch_letter = 'C', .columns = event, .make = make_event},
    {.code = "NMM", DCC, .batch_letter = 'N', .columns = model, .make = make_model, .max = MODELS},
    {.code = "PTY", DCC, .batch_letter = 'P', .columns = party, .make = make_party, .count = count_parties},
};

const struct type *type_find(const char *code)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].code, code) == 0)
            return &types[i];
    return NULL;
}
