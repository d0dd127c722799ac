/*
 * Writes an inbound file of any type and size. It is valid unless --bad or another option makes it wrong. It shares no
 * code with the gateway on purpose: a sample must not repeat a mistake of the code that it tries.
 *
 *   generate --form csv --devices 1000000 -o /tmp      prints the path of the file that it wrote
 */
#include "samples/programme.h"
#include "samples/records.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUFFER = 1 << 20 };

struct options {
    const char *code; /* the type's: "EMI" … */
    const struct type *type;
    const char *form; /* NULL: the only one that the type has */
    bool xml;
    const char *name; /* NULL: made from the options below */
    const char *org;  /* NULL: the usual sender of this type */
    const char *eui;  /* NULL: the same sender's */
    const char *recipient;
    const char *environment;
    unsigned sequence;
    const char *batch; /* the header's BatchId; NULL: made from date and sequence */
    const char *resubmission;
    const char *mode;
    struct origin origin;
    const char *dir;
};

static void usage(FILE *to)
{
    fputs("Usage: generate [--type TYPE] --form xml|csv [OPTION]…\n"
          "Writes a file and prints its path. The same options give the same bytes.\n\n"
          "  --type TYPE          EMI, EMT, EMC, INV, COS, NMM or PTY (EMI); the last four have CSV only\n"
          "  --form xml|csv       the form; must be given where there are two\n"
          "  --devices N          number of Devices, up to 4294967295 (3); COS: of events, NMM: of models, up to 192\n"
          "  --name NAME          the file's name; else it is made of the items below\n"
          "  --org ORG            sender's short code (EMI MCC, EMT TCSP, EMC ECSP, else DCC)\n"
          "  --eui EUI-64         sender (as `ecosgate init` has it)\n"
          "  --recipient EUI-64   gateway (90-B3-D5-1F-30-00-00-04)\n"
          "  --environment NAME   LIVE or TEST (TEST)\n"
          "  --time TIME          creation, of this shape but any digits (2023-07-03T06:00:00Z)\n"
          "  --sequence N         file sequence, up to 999999 (1)\n"
          "  --batch ID           EMT, EMC: the instruction's BatchId, of which work items are named\n"
          "                       (B<date>-0001); else the file's own\n"
          "  --own-batch ID       the file's own BatchId (B, or another letter for other types, <date>-<sequence>)\n"
          "  --resubmission NAME  ResubmissionOf (none)\n"
          "  --seed N             other Devices for another number (1); files of one seed fit each other\n"
          "  --bad PERCENT        EMI: share of Devices with bad data: C101, C104, C113, C117 (0)\n"
          "  --failed PERCENT     EMT, EMC: share of Devices without success (0), the same in both\n"
          "  --try N              EMT: the try (1)\n"
          "  --suppliers N        INV, COS, PTY: Suppliers that the meters are spread over, up to 1000 (10)\n"
          "  --start DATE         COS, NMM: from when it counts (the day of --time)\n"
          "  --full, --delta      INV, COS, NMM, PTY: the Mode (FULL)\n"
          "  -o, --output DIR     folder to write to; it must be there (.)\n"
          "  -h, --help           this text\n\n"
          "generate programme: the partners of a whole migration programme; its --help says more.\n\n"
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
        fprintf(stderr, "generate: --%s: expected a whole number from 0 to %" PRIu64 ", found '%s'\n", option, max,
                text);
        exit(2);
    }
    return value;
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

static void write_xml(FILE *f, const struct options *o, struct row *row, uint64_t records)
{
    const struct type *type = o->type;
    fprintf(f,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<%s xmlns=\"urn:ecos-gateway:migration:1\" schemaVersion=\"1.0\">\n"
            "  <Header>\n    <SenderId>%s</SenderId>\n    <RecipientId>%s</RecipientId>\n"
            "    <FileSequence>%u</FileSequence>\n    <CreationDateTime>%s</CreationDateTime>\n"
            "    <Environment>%s</Environment>\n    <BatchId>%s</BatchId>\n",
            type->root, o->eui, o->recipient, o->sequence, o->origin.time, o->environment, o->batch);
    if (*o->resubmission != '\0')
        fprintf(f, "    <ResubmissionOf>%s</ResubmissionOf>\n", o->resubmission);
    fprintf(f, "    <DeviceCount>%" PRIu64 "</DeviceCount>\n  </Header>\n  <Devices>\n", records);
    for (row->index = 1; row->index <= records; row->index++) {
        type->make(row);
        fprintf(f, "    <Device>\n      <RecordNumber>%" PRIu64 "</RecordNumber>\n", row->index);
        for (size_t i = 0; type->columns[i] != NULL; i++)
            element(f, type->columns[i], row->values[i]);
        fputs("    </Device>\n", f);
    }
    fprintf(f, "  </Devices>\n</%s>\n", type->root);
}

static void write_csv(FILE *f, const struct options *o, struct row *row, uint64_t records)
{
    const struct type *type = o->type;
    fprintf(f, "H,%s,1.0,%s,%s,%u,%s,%s,%s,%s", type->code, o->eui, o->recipient, o->sequence, o->origin.time,
            o->environment, o->batch, o->resubmission);
    if (type->root == NULL)
        fprintf(f, ",%s", o->mode);
    fputs("\r\n", f);
    for (row->index = 1; row->index <= records; row->index++) {
        type->make(row);
        fprintf(f, "D,%" PRIu64, row->index);
        for (size_t i = 0; type->columns[i] != NULL; i++) {
            fputc(',', f);
            fputs(row->values[i], f);
        }
        fputs("\r\n", f);
    }
    fprintf(f, "T,%" PRIu64 "\r\n", records);
}

static void check_options(struct options *o)
{
    o->type = type_find(o->code);
    if (o->type == NULL)
        die("--type", "expected EMI, EMT, EMC, INV, COS, NMM or PTY");
    if (o->form == NULL && o->type->root == NULL)
        o->form = "csv";
    if (o->form == NULL || (strcmp(o->form, "xml") != 0 && strcmp(o->form, "csv") != 0))
        die("--form", "expected xml or csv; --help lists all options");
    o->xml = strcmp(o->form, "xml") == 0;
    if (o->xml && o->type->root == NULL)
        die("--form", "expected csv, the only form of this type");
    if (o->type->max != 0 && o->origin.devices > o->type->max)
        die("--devices", "expected at most 192, as many models as there are");
    if (o->origin.suppliers == 0)
        die("--suppliers", "expected 1 or more");
    if (strlen(o->origin.time) != strlen("2023-07-03T06:00:00Z"))
        die("--time", "expected a time like 2023-07-03T06:00:00Z");
}

/* An option and the variable that its argument goes to: a text, or a number up to max. */
struct item {
    const char *name;
    const char **text;
    unsigned *number;
    uint64_t *count;
    uint64_t max;
    const char *fixed; /* the text that an option without argument stands for */
};

static void take(const struct item *item, const char *argument)
{
    if (item->text != NULL)
        *item->text = item->fixed != NULL ? item->fixed : argument;
    else if (item->number != NULL)
        *item->number = (unsigned)number(item->name, argument, item->max);
    else
        *item->count = number(item->name, argument, item->max);
}

enum { MAX_ITEMS = 32, FIRST_ITEM = 256 /* after all letters */ };

static void take_arguments(int argc, char **argv, const struct item *items, size_t n)
{
    struct option table[MAX_ITEMS + 1] = {{"help", no_argument, NULL, 'h'}};
    int c;

    for (size_t i = 0; i < n; i++)
        table[1 + i] = (struct option){items[i].name, items[i].fixed != NULL ? no_argument : required_argument, NULL,
                                       FIRST_ITEM + (int)i};
    while ((c = getopt_long(argc, argv, "o:h", table, NULL)) != -1) {
        if (c == 'h') {
            usage(stdout);
            exit(0);
        }
        if (c != 'o' && c < FIRST_ITEM) {
            fputs("generate: --help lists the options\n", stderr);
            exit(2);
        }
        take(c == 'o' ? items : items + (c - FIRST_ITEM), optarg);
    }
    if (optind != argc)
        die(argv[optind], "expected options only; --help lists them");
}

static void read_options(int argc, char **argv, struct options *o)
{
    struct origin *origin = &o->origin;
    const struct item items[] = {
        {"output", .text = &o->dir}, /* first: it has a letter, too */
        {"type", .text = &o->code},
        {"form", .text = &o->form},
        {"devices", .count = &origin->devices, .max = UINT32_MAX},
        {"name", .text = &o->name},
        {"org", .text = &o->org},
        {"eui", .text = &o->eui},
        {"recipient", .text = &o->recipient},
        {"environment", .text = &o->environment},
        {"time", .text = &origin->time},
        {"sequence", .number = &o->sequence, .max = 999999},
        {"batch", .text = &origin->batch},
        {"own-batch", .text = &o->batch},
        {"resubmission", .text = &o->resubmission},
        {"seed", .count = &origin->seed, .max = UINT64_MAX},
        {"bad", .number = &origin->bad, .max = 100},
        {"failed", .number = &origin->failed, .max = 100},
        {"try", .number = &origin->try, .max = UINT32_MAX},
        {"suppliers", .number = &origin->suppliers, .max = MAX_SUPPLIERS},
        {"start", .text = &origin->start},
        {"full", .text = &o->mode, .fixed = "FULL"},
        {"delta", .text = &o->mode, .fixed = "DELTA"},
    };
    _Static_assert(sizeof items / sizeof *items < MAX_ITEMS, "MAX_ITEMS");

    take_arguments(argc, argv, items, sizeof items / sizeof *items);
    check_options(o);
}

/* Buffers for the texts that are made from the options. */
struct made {
    char name[256], batch[64], own_batch[64], start[16], path[4096];
};

/* Fills in what the options left out. */
static void complete(struct options *o, struct made *m)
{
    const char *t = o->origin.time;
    const struct type *type = o->type;

    if (o->org == NULL)
        o->org = type->org;
    if (o->eui == NULL)
        o->eui = type->eui;
    if (o->batch == NULL && !type->of_batch)
        o->batch = o->origin.batch;
    if (snprintf(m->own_batch, sizeof m->own_batch, "%c%.4s%.2s%.2s-%04u", type->batch_letter, t, t + 5, t + 8,
                 o->sequence) < 0 ||
        snprintf(m->batch, sizeof m->batch, "B%.4s%.2s%.2s-0001", t, t + 5, t + 8) < 0 ||
        snprintf(m->start, sizeof m->start, "%.10s", t) < 0 ||
        snprintf(m->name, sizeof m->name, "%s_%s_%s_%.4s%.2s%.2s_%.2s%.2s%.2s_%06u.%s", type->code, o->org, o->eui, t,
                 t + 5, t + 8, t + 11, t + 14, t + 17, o->sequence, o->xml ? "xml" : "csv") < 0)
        die("name", "cannot be made");
    if (o->batch == NULL)
        o->batch = m->own_batch;
    if (o->origin.batch == NULL)
        o->origin.batch = m->batch;
    if (o->origin.start == NULL)
        o->origin.start = m->start;
    int len = snprintf(m->path, sizeof m->path, "%s/%s", o->dir, o->name != NULL ? o->name : m->name);
    if (len < 0 || (size_t)len >= sizeof m->path)
        die(o->dir, "path too long");
}

int main(int argc, char **argv)
{
    struct options o = {
        .code = "EMI",
        .recipient = "90-B3-D5-1F-30-00-00-04",
        .environment = "TEST",
        .sequence = 1,
        .resubmission = "",
        .mode = "FULL",
        .origin = {.seed = 1, .devices = 3, .suppliers = 10, .try = 1, .time = "2023-07-03T06:00:00Z"},
        .dir = ".",
    };
    struct made made;
    struct row row = {.origin = &o.origin};

    if (argc > 1 && strcmp(argv[1], "programme") == 0)
        return programme_main(argc - 1, argv + 1);
    read_options(argc, argv, &o);
    complete(&o, &made);
    uint64_t records = o.type->count != NULL ? o.type->count(&o.origin) : o.origin.devices;
    FILE *f = fopen(made.path, "wb");
    if (f == NULL)
        die(made.path, strerror(errno));
    (void)setvbuf(f, NULL, _IOFBF, BUFFER); /* if it fails, writing is only slower */
    if (o.xml)
        write_xml(f, &o, &row, records);
    else
        write_csv(f, &o, &row, records);
    bool failed = ferror(f) != 0;
    if (fclose(f) != 0 || failed)
        die(made.path, strerror(errno));
    puts(made.path);
    return 0;
}
