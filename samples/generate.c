/*
 * Writes a migration instruction (EMI) of any size, valid unless --bad asks for more. It shares no
 * code with the gateway on purpose: a sample must not repeat a mistake of the code that it tries.
 *
 *   generate --form csv --devices 1000000 -o /tmp      prints the path of the file that it wrote
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUFFER = 1 << 20, EUI64_SIZE = 24, MPXN_SIZE = 14 };

struct options {
    bool xml;
    uint64_t devices;
    const char *name; /* NULL: made of what follows */
    const char *org;
    const char *eui;
    const char *recipient;
    const char *environment;
    const char *time;
    unsigned sequence;
    const char *batch; /* NULL: made of the date and the sequence */
    const char *resubmission;
    uint64_t seed;
    unsigned bad; /* per cent of the Devices that break a rule of category c */
    const char *dir;
};

struct device {
    char id[EUI64_SIZE];
    const char *type;
    const char *manufacturer;
    const char *model;
    const char *firmware;
    char mpxn[MPXN_SIZE];
    char chf[EUI64_SIZE];
    const char *region;
};

static void usage(FILE *to)
{
    fputs("Usage: generate --form xml|csv [OPTION]…\n"
          "Writes a migration instruction (EMI) and prints its path. The same options give the same bytes.\n\n"
          "  --form xml|csv       the form; must be given\n"
          "  --devices N          number of Devices, up to 4294967295 (3)\n"
          "  --name NAME          the file's name; else it is made of the items below\n"
          "  --org ORG            sender's short code (MCC)\n"
          "  --eui EUI-64         sender (90-B3-D5-1F-30-0E-C0-01)\n"
          "  --recipient EUI-64   gateway (90-B3-D5-1F-30-00-00-04)\n"
          "  --environment NAME   LIVE or TEST (TEST)\n"
          "  --time TIME          creation, of this shape but any digits (2023-07-03T06:00:00Z)\n"
          "  --sequence N         file sequence, up to 999999 (1)\n"
          "  --batch ID           BatchId (B<date>-<sequence>)\n"
          "  --resubmission NAME  ResubmissionOf (none)\n"
          "  --seed N             other Devices for another number (1)\n"
          "  --bad PERCENT        share of Devices with bad data: C101, C104, C113, C117 (0)\n"
          "  -o, --output DIR     folder to write to; it must be there (.)\n"
          "  -h, --help           this text\n\n"
          "ORG, EUI-64, NAME, TIME, ID and the like are written as they are given, right or wrong:\n"
          "a file may be wanted that is refused.\n",
          to);
}

static void die(const char *what, const char *detail)
{
    fprintf(stderr, "generate: %s: %s\n", what, detail);
    exit(2);
}

static uint64_t number(const char *option, const char *text, uint64_t max)
{
    char *end;
    errno = 0;
    uint64_t value = strtoull(text, &end, 10);
    if (errno != 0 || *text < '0' || *text > '9' || *end != '\0' || value > max) {
        fprintf(stderr, "generate: %s: expected a whole number from 0 to %" PRIu64 ", found '%s'\n", option, max, text);
        exit(2);
    }
    return value;
}

/* A well-mixed number for each (seed, index): splitmix64's finaliser. */
static uint64_t mix(uint64_t seed, uint64_t index)
{
    uint64_t x = seed * UINT64_C(0x9E3779B97F4A7C15) + index * UINT64_C(0xD1B54A32D192ED03) + 1;
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

/* A permutation of the 40-bit numbers, so that identifiers look random and never repeat. */
static uint64_t permute(uint64_t seed, uint64_t index)
{
    const uint64_t mask = (UINT64_C(1) << 40) - 1;
    uint64_t x = (index + mix(seed, 0)) & mask;
    x = (x * UINT64_C(0x9E3779B97F)) & mask;
    x ^= x >> 19;
    x = (x * UINT64_C(0xD1B54A32D1)) & mask;
    x ^= x >> 21;
    return x;
}

static void print_eui64(uint64_t id, char out[EUI64_SIZE])
{
    static const char hex[] = "0123456789ABCDEF";
    for (int i = 0; i < 8; i++) {
        unsigned byte = (unsigned)(id >> (56 - 8 * i)) & 0xFFU;
        out[3 * i] = hex[byte >> 4];
        out[3 * i + 1] = hex[byte & 15U];
        out[3 * i + 2] = '-';
    }
    out[EUI64_SIZE - 1] = '\0';
}

/* 13 digits; the last is the weighted sum of the others, mod 11, mod 10. */
static void make_mpan(uint64_t random, char out[MPXN_SIZE])
{
    static const unsigned weights[12] = {3, 5, 7, 13, 17, 19, 23, 29, 31, 37, 41, 43};
    unsigned sum = 0;
    for (int i = 0; i < 12; i++, random /= 10) {
        unsigned digit = i == 0 ? 1 + (unsigned)(random % 2) : (unsigned)(random % 10);
        out[i] = (char)('0' + digit);
        sum += digit * weights[i];
    }
    out[12] = (char)('0' + sum % 11 % 10);
    out[13] = '\0';
}

/* 6 to 10 digits; the last two are the sum of digit × (n … 1), mod 11. Most are 10 digits long. */
static void make_mprn(uint64_t random, char out[MPXN_SIZE])
{
    static const unsigned lengths[16] = {6, 7, 8, 9, 9, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10};
    unsigned n = lengths[random % 16] - 2;
    unsigned sum = 0;
    random /= 16;
    for (unsigned i = 0; i < n; i++, random /= 10) {
        unsigned digit = i == 0 ? 1 + (unsigned)(random % 9) : (unsigned)(random % 10);
        out[i] = (char)('0' + digit);
        sum += digit * (n - i);
    }
    sum %= 11;
    out[n] = (char)('0' + sum / 10);
    out[n + 1] = (char)('0' + sum % 10);
    out[n + 2] = '\0';
}

static void spoil(struct device *d, uint64_t random)
{
    switch (random % 6) {
    case 0:
        d->id[2] = ':'; /* C101 */
        break;
    case 1:
        d->type = "PPMID"; /* C104 */
        break;
    case 2:
        memcpy(d->mpxn, "12345", 6); /* C113, whatever the type */
        break;
    case 3:
        d->manufacturer = "XYZ1"; /* C117 */
        break;
    case 4:
        d->model = "010A"; /* C117 */
        break;
    default:
        d->region = "East"; /* C117 */
        break;
    }
}

static void make_device(const struct options *o, uint64_t index, struct device *d)
{
    static const char *const regions[4] = {"North", "Central", "South", ""};
    static const char *const makers[4] = {"AB01", "AB02", "10C4", "7F3E"};
    static const char *const models[4] = {"010A030B", "02010001", "00E40012", "1000FFA0"};
    static const char *const firmwares[4] = {"0002012F", "00010203", "03070000", "0000000A"};
    uint64_t random = mix(o->seed, index);
    unsigned kind = (unsigned)(random % 20);
    unsigned pick = (unsigned)(random >> 8);

    print_eui64(UINT64_C(0x00DB120000000000) | permute(o->seed, index), d->id);
    d->manufacturer = makers[pick & 3U];
    d->model = models[(pick >> 2) & 3U];
    d->firmware = firmwares[(pick >> 4) & 3U];
    d->region = regions[(pick >> 6) & 3U];
    d->mpxn[0] = d->chf[0] = '\0';
    bool hub = (pick & 0x100U) != 0;
    if (kind < 9) {
        d->type = "ESME";
        make_mpan(mix(o->seed + 1, index), d->mpxn);
    } else if (kind < 16) {
        d->type = "GSME";
        make_mprn(mix(o->seed + 2, index), d->mpxn);
    } else {
        d->type = "GPF";
        hub = true;
    }
    if (hub)
        print_eui64(UINT64_C(0x00DB130000000000) | permute(o->seed, index), d->chf);
    if (o->bad != 0 && (random >> 40) % 100 < o->bad)
        spoil(d, random >> 48);
}

static void element(FILE *f, const char *name, const char *value)
{
    if (*value == '\0')
        return;
    fputs("      <", f);
    fputs(name, f);
    fputc('>', f);
    fputs(value, f);
    fputs("</", f);
    fputs(name, f);
    fputs(">\n", f);
}

static void write_xml(FILE *f, const struct options *o)
{
    fprintf(f,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<MigrationInstruction xmlns=\"urn:ecos-gateway:migration:1\" schemaVersion=\"1.0\">\n"
            "  <Header>\n    <SenderId>%s</SenderId>\n    <RecipientId>%s</RecipientId>\n"
            "    <FileSequence>%u</FileSequence>\n    <CreationDateTime>%s</CreationDateTime>\n"
            "    <Environment>%s</Environment>\n    <BatchId>%s</BatchId>\n",
            o->eui, o->recipient, o->sequence, o->time, o->environment, o->batch);
    if (*o->resubmission != '\0')
        fprintf(f, "    <ResubmissionOf>%s</ResubmissionOf>\n", o->resubmission);
    fprintf(f, "    <DeviceCount>%" PRIu64 "</DeviceCount>\n  </Header>\n  <Devices>\n", o->devices);
    for (uint64_t i = 1; i <= o->devices; i++) {
        struct device d;
        make_device(o, i, &d);
        fprintf(f, "    <Device>\n      <RecordNumber>%" PRIu64 "</RecordNumber>\n", i);
        element(f, "DeviceID", d.id);
        element(f, "DeviceType", d.type);
        element(f, "DeviceManufacturer", d.manufacturer);
        element(f, "DeviceModel", d.model);
        element(f, "FirmwareVersion", d.firmware);
        element(f, "MPxN", d.mpxn);
        element(f, "CHFDeviceID", d.chf);
        element(f, "CSPRegion", d.region);
        element(f, "Attempt", "1");
        fputs("    </Device>\n", f);
    }
    fputs("  </Devices>\n</MigrationInstruction>\n", f);
}

static void write_csv(FILE *f, const struct options *o)
{
    fprintf(f, "H,EMI,1.0,%s,%s,%u,%s,%s,%s,%s\r\n", o->eui, o->recipient, o->sequence, o->time, o->environment,
            o->batch, o->resubmission);
    for (uint64_t i = 1; i <= o->devices; i++) {
        struct device d;
        make_device(o, i, &d);
        fprintf(f, "D,%" PRIu64 ",%s,%s,%s,%s,%s,%s,%s,%s,1\r\n", i, d.id, d.type, d.manufacturer, d.model, d.firmware,
                d.mpxn, d.chf, d.region);
    }
    fprintf(f, "T,%" PRIu64 "\r\n", o->devices);
}

static void read_options(int argc, char **argv, struct options *o)
{
    static const struct option table[] = {
        {"form", required_argument, NULL, 'f'},
        {"devices", required_argument, NULL, 'd'},
        {"name", required_argument, NULL, 'n'},
        {"org", required_argument, NULL, 'g'},
        {"eui", required_argument, NULL, 'e'},
        {"recipient", required_argument, NULL, 'r'},
        {"environment", required_argument, NULL, 'E'},
        {"time", required_argument, NULL, 't'},
        {"sequence", required_argument, NULL, 's'},
        {"batch", required_argument, NULL, 'b'},
        {"resubmission", required_argument, NULL, 'R'},
        {"seed", required_argument, NULL, 'S'},
        {"bad", required_argument, NULL, 'x'},
        {"output", required_argument, NULL, 'o'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    const char *form = NULL;
    int c;
    while ((c = getopt_long(argc, argv, "o:h", table, NULL)) != -1) {
        switch (c) {
        case 'f':
            form = optarg;
            break;
        case 'd':
            o->devices = number("--devices", optarg, UINT32_MAX);
            break;
        case 'n':
            o->name = optarg;
            break;
        case 'g':
            o->org = optarg;
            break;
        case 'e':
            o->eui = optarg;
            break;
        case 'r':
            o->recipient = optarg;
            break;
        case 'E':
            o->environment = optarg;
            break;
        case 't':
            o->time = optarg;
            break;
        case 's':
            o->sequence = (unsigned)number("--sequence", optarg, 999999);
            break;
        case 'b':
            o->batch = optarg;
            break;
        case 'R':
            o->resubmission = optarg;
            break;
        case 'S':
            o->seed = number("--seed", optarg, UINT64_MAX);
            break;
        case 'x':
            o->bad = (unsigned)number("--bad", optarg, 100);
            break;
        case 'o':
            o->dir = optarg;
            break;
        case 'h':
            usage(stdout);
            exit(0);
        default:
            fputs("generate: --help lists the options\n", stderr);
            exit(2);
        }
    }
    if (optind != argc)
        die(argv[optind], "expected options only; --help lists them");
    if (form == NULL || (strcmp(form, "xml") != 0 && strcmp(form, "csv") != 0))
        die("--form", "expected xml or csv; --help lists all options");
    o->xml = strcmp(form, "xml") == 0;
    if (strlen(o->time) != strlen("2023-07-03T06:00:00Z"))
        die("--time", "expected a time like 2023-07-03T06:00:00Z");
}

int main(int argc, char **argv)
{
    struct options o = {
        .devices = 3,
        .org = "MCC",
        .eui = "90-B3-D5-1F-30-0E-C0-01",
        .recipient = "90-B3-D5-1F-30-00-00-04",
        .environment = "TEST",
        .time = "2023-07-03T06:00:00Z",
        .sequence = 1,
        .resubmission = "",
        .seed = 1,
        .dir = ".",
    };
    read_options(argc, argv, &o);

    char name[256];
    char batch[64];
    char path[4096];
    const char *t = o.time;
    if (snprintf(batch, sizeof batch, "B%.4s%.2s%.2s-%04u", t, t + 5, t + 8, o.sequence) < 0 ||
        snprintf(name, sizeof name, "EMI_%s_%s_%.4s%.2s%.2s_%.2s%.2s%.2s_%06u.%s", o.org, o.eui, t, t + 5, t + 8,
                 t + 11, t + 14, t + 17, o.sequence, o.xml ? "xml" : "csv") < 0)
        die("name", "cannot be made");
    if (o.batch == NULL)
        o.batch = batch;
    int len = snprintf(path, sizeof path, "%s/%s", o.dir, o.name != NULL ? o.name : name);
    if (len < 0 || (size_t)len >= sizeof path)
        die(o.dir, "path too long");

    FILE *f = fopen(path, "wb");
    if (f == NULL)
        die(path, strerror(errno));
    (void)setvbuf(f, NULL, _IOFBF, BUFFER); /* refused, it is only slower */
    if (o.xml)
        write_xml(f, &o);
    else
        write_csv(f, &o);
    bool failed = ferror(f) != 0;
    if (fclose(f) != 0 || failed)
        die(path, strerror(errno));
    puts(path);
    return 0;
}
