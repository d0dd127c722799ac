/* The commands of a programme, and the files that need no answer of the gateway. */
#include "samples/programme.h"
#include "samples/records.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_OF_INVENTORY = 16000000 /* the most that max_devices allows */ };

void programme_die(const char *what, const char *detail)
{
    fprintf(stderr, "generate programme: %s: %s\n", what, detail);
    exit(2);
}

static unsigned columns_of(const struct type *type)
{
    unsigned n = 0;

    while (type->columns[n] != NULL)
        n++;
    return n;
}

/* A record as records.c makes it, with the MPxN of the plan. */
static void make(const struct type *type, struct row *row, uint64_t index)
{
    row->index = index;
    row->event_index = index - 1;
    type->make(row);
    device_renumber(index, &row->device);
}

static struct origin origin_of(const struct programme *p)
{
    return (struct origin){
        .seed = p->plan.seed, .devices = p->plan.devices, .suppliers = p->plan.suppliers, .time = p->time, .start = ""};
}

/* Adds a row; begins the next file when one is full. */
static void add(struct programme *p, struct outfile **file, const char *code, const struct row *row)
{
    if (*file != NULL && outfile_rows(*file) == p->file_devices) {
        outfile_end(*file, 0);
        *file = NULL;
    }
    if (*file == NULL)
        *file = outfile_new(p, code, NULL);
    outfile_add(*file, row->values, columns_of(type_find(code)));
}

static void instructions(struct programme *p)
{
    const struct type *type = type_find("EMI");
    struct origin origin = origin_of(p);
    struct row row = {.origin = &origin};
    struct outfile *file = NULL;
    struct life life;

    for (uint64_t n = 1; n <= p->plan.devices; n++) {
        plan_life(&p->plan, n, &life);
        if (life.day != p->day || life_event(&life, p->week) == NULL)
            continue;
        make(type, &row, n);
        add(p, &file, "EMI", &row);
    }
    outfile_end(file, 0);
}

static const char *date_text(time_t at, char *text, size_t size)
{
    struct tm tm;

    (void)strftime(text, size, "%Y-%m-%d", gmtime_r(&at, &tm)); /* fits: 11 bytes */
    return text;
}

static bool migrated_before(const struct life *life, unsigned week)
{
    for (unsigned i = 0; i < life->n; i++)
        if (life->events[i].week < week && event_succeeds(&life->events[i]))
            return true;
    return false;
}

/* Whether the inventory's file of the week names the Device: what was there before the first week; later what was
 * installed, and what migrated, in the week before. The first Device is in each, for no file may be empty. */
static bool in_inventory(const struct life *life, unsigned week, uint64_t index)
{
    const struct event *event = life_event(life, week - 1);

    return index == 1 ||
           (week == 1 ? life->installed == 0 : life->installed == week - 1 || (event != NULL && event_succeeds(event)));
}

static void inventory(struct programme *p)
{
    const struct type *type = type_find("INV");
    struct origin origin = origin_of(p);
    struct row row = {.origin = &origin};
    struct outfile *file = outfile_new(p, "INV", p->week == 1 ? "FULL" : "DELTA");
    struct life life;
    char date[16];

    for (uint64_t n = 1; n <= p->plan.devices; n++) {
        plan_life(&p->plan, n, &life);
        if (!in_inventory(&life, p->week, n))
            continue;
        if (outfile_rows(file) == MOST_OF_INVENTORY) {
            outfile_end(file, 0);
            file = outfile_new(p, "INV", "DELTA");
        }
        make(type, &row, n);
        if (life.installed != 0) /* on the Wednesday */
            row.values[12] = row.values[13] = date_text(week_begin(life.installed) + 2 * DAY, date, sizeof date);
        row.values[14] = life.born_ecos || migrated_before(&life, p->week) ? "ECOS" : "TCOS";
        outfile_add(file, row.values, columns_of(type));
    }
    outfile_end(file, 0);
}

/* The changes of supplier of this week's Friday. */
static void changes(struct programme *p)
{
    const struct type *type = type_find("COS");
    char date[16];
    struct origin origin = origin_of(p);
    struct row row = {.origin = &origin};
    struct outfile *file = outfile_new(p, "COS", p->week == 1 ? "FULL" : "DELTA");
    struct life life;

    origin.start = date_text(week_begin(p->week) + 4 * DAY, date, sizeof date);
    for (uint64_t n = 1; n <= p->plan.devices; n++) {
        plan_life(&p->plan, n, &life);
        if (life.change != p->week || life.leader != n)
            continue;
        make(type, &row, n);
        outfile_add(file, row.values, columns_of(type));
    }
    outfile_end(file, 1);
}

/* The first week's list; and what becomes Non-Migratable in the next week. */
static void models(struct programme *p)
{
    struct outfile *file = outfile_new(p, "NMM", p->week == 1 ? "FULL" : "DELTA");
    char from[16], until[16];

    for (enum group group = NEVER; group < GROUPS; group++) {
        unsigned begin = group_from(&p->plan, group), end = group_until(&p->plan, group);
        if (begin == 0 ? p->week != 1 : p->week + 1 != begin)
            continue;
        date_text(begin == 0 ? week_begin(1) - 30 * DAY : week_begin(begin), from, sizeof from);
        date_text(week_begin(end), until, sizeof until);
        for (enum kind kind = ESME; kind <= GPF; kind++) {
            struct model m = model_of_traits(kind, group_model(group));
            const char *values[] = {"SET",  m.type,    m.manufacturer, m.model, m.firmware, from, end == 0 ? "" : until,
                                    "D117", "FFFF0000"};
            outfile_add(file, values, sizeof values / sizeof *values);
        }
    }
    outfile_end(file, 0);
}

static void parties(struct programme *p)
{
    const struct type *type = type_find("PTY");
    struct origin origin = origin_of(p);
    struct row row = {.origin = &origin};
    struct outfile *file = outfile_new(p, "PTY", "FULL");

    for (row.index = 1; row.index <= type->count(&origin); row.index++) {
        type->make(&row);
        outfile_add(file, row.values, columns_of(type));
    }
    outfile_end(file, 0);
}

static void usage(FILE *to)
{
    fputs("Usage: generate programme COMMAND [OPTION]… [FILE]…\n"
          "Plays the partners of a whole migration programme, and says what the gateway has to answer. Everything\n"
          "follows from seed, size and week; nothing is kept between two calls.\n\n"
          "  parties, inventory, changes, models, instructions\n"
          "                       write the week's PTY, INV, COS, NMM or EMI files\n"
          "  results, confirmations FILE…\n"
          "                       write the EMT or EMC that answer these work orders (EMW)\n"
          "  tally FILE…          print what each EMD, EMO, EMW or report holds: type, recipient, period, number of\n"
          "                       rows, and a fingerprint of them\n"
          "  expect               print the same for the whole programme, by the plan alone\n\n"
          "  --devices N          Devices of the programme (32000); rounded down to a multiple of 32\n"
          "  --seed N             another programme for another number (1)\n"
          "  --suppliers N        2 to 999 (10)\n"
          "  --weeks N            18 to 500 (65)\n"
          "  --week N, --day N    whose files; the day of instructions is 1 (Tuesday) or 3 (Thursday)\n"
          "  --time TIME          creation of the files\n"
          "  --sequence N         number of the first file that is written (1)\n"
          "  --file-devices N     most Devices of an instruction (5000)\n"
          "  --stranded-weeks N   the gateway's setting stranded_weeks (4)\n"
          "  --rows TYPE          tally, expect: print the rows of this type that are compared, on standard error\n"
          "  -o, --output DIR     folder to write to (.)\n",
          to);
}

static uint64_t number(const char *text, uint64_t least, uint64_t most)
{
    char *end;
    errno = 0;
    uint64_t value = strtoull(text, &end, 10);

    if (errno != 0 || *text < '0' || *text > '9' || *end != '\0' || value < least || value > most) {
        fprintf(stderr, "generate programme: expected a whole number from %" PRIu64 " to %" PRIu64 ", found '%s'\n",
                least, most, text);
        exit(2);
    }
    return value;
}

static void take(struct programme *p, int option, const char *text)
{
    switch (option) {
    case 'n':
        p->plan.devices = number(text, NEAR, 90000000) / NEAR * NEAR;
        break;
    case 's':
        p->plan.seed = number(text, 0, UINT64_MAX);
        break;
    case 'p':
        p->plan.suppliers = (unsigned)number(text, 2, MAX_SUPPLIERS - 1);
        break;
    case 'W':
        p->plan.weeks = (unsigned)number(text, LEAST_WEEKS, 500);
        break;
    case 'w':
        p->week = (unsigned)number(text, 1, 500);
        break;
    case 'd':
        p->day = (unsigned)number(text, 0, 6);
        break;
    case 'q':
        p->sequence = (unsigned)number(text, 1, 999999);
        break;
    case 'f':
        p->file_devices = number(text, 1, 1000000);
        break;
    case 'S':
        p->stranded_weeks = (unsigned)number(text, 1, 520);
        break;
    case 't':
        if (strlen(text) != strlen("2023-07-03T06:00:00Z"))
            programme_die("--time", "expected a time like 2023-07-03T06:00:00Z");
        p->time = text;
        break;
    case 'r':
        p->rows = text;
        break;
    case 'o':
        p->dir = text;
        break;
    case 'h':
        usage(stdout);
        exit(0);
    default:
        fputs("generate programme: --help lists the options\n", stderr);
        exit(2);
    }
}

static void run(struct programme *p, const char *command, char **files)
{
    static const struct {
        const char *name;
        void (*write)(struct programme *p);
    } writers[] = {{"parties", parties},
                   {"inventory", inventory},
                   {"changes", changes},
                   {"models", models},
                   {"instructions", instructions}};

    for (size_t i = 0; i < sizeof writers / sizeof *writers; i++) {
        if (strcmp(command, writers[i].name) == 0) {
            writers[i].write(p);
            return;
        }
    }
    if (strcmp(command, "expect") == 0) {
        programme_expect(p);
        return;
    }
    bool results = strcmp(command, "results") == 0;
    if (!results && strcmp(command, "confirmations") != 0 && strcmp(command, "tally") != 0)
        programme_die(command, "no such command; --help lists them");
    for (; *files != NULL; files++) {
        if (strcmp(command, "tally") == 0)
            programme_tally(p, *files);
        else
            programme_answer(p, results ? "EMT" : "EMC", *files);
    }
}

int programme_main(int argc, char **argv)
{
    static const struct option table[] = {{"devices", required_argument, NULL, 'n'},
                                          {"seed", required_argument, NULL, 's'},
                                          {"suppliers", required_argument, NULL, 'p'},
                                          {"weeks", required_argument, NULL, 'W'},
                                          {"week", required_argument, NULL, 'w'},
                                          {"day", required_argument, NULL, 'd'},
                                          {"sequence", required_argument, NULL, 'q'},
                                          {"file-devices", required_argument, NULL, 'f'},
                                          {"time", required_argument, NULL, 't'},
                                          {"stranded-weeks", required_argument, NULL, 'S'},
                                          {"rows", required_argument, NULL, 'r'},
                                          {"output", required_argument, NULL, 'o'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    struct programme programme = {.plan = {.seed = 1, .devices = 32000, .suppliers = 10, .weeks = 65},
                                  .week = 1,
                                  .day = 1,
                                  .sequence = 1,
                                  .file_devices = 5000,
                                  .stranded_weeks = 4,
                                  .time = "2023-07-03T06:00:00Z",
                                  .dir = "."};
    int option;

    while ((option = getopt_long(argc, argv, "o:h", table, NULL)) != -1)
        take(&programme, option, optarg);
    if (optind == argc) {
        usage(stderr);
        return 2;
    }
    run(&programme, argv[optind], argv + optind + 1);
    if (fflush(stdout) != 0)
        programme_die("standard output", strerror(errno));
    return 0;
}
