/* The Service Providers: what the plan says of each Device of a work order. */
#include "samples/programme.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The SubjectIds that a Device has before and after its migration. */
#define TCOS_SUBJECT "90-B3-D5-1F-30-01-00-00"
#define ECOS_SUBJECT "90-B3-D5-1F-30-02-00-00"

enum { LINE = 4096, FIELDS = 12, ITEM = 2, DEVICE = 3, TRY = 9 };

/* A row of a work order, and what it comes to. */
struct order {
    const char *fields[FIELDS];
    uint64_t index;
    const struct event *event;
    bool succeeds;
};

/* Splits a record in place. False: it has another number of fields. */
static bool split(char *line, const char **fields)
{
    unsigned n = 0;

    line[strcspn(line, "\r\n")] = '\0';
    for (char *field = line; field != NULL && n < FIELDS; n++) {
        char *comma = strchr(field, ',');
        if (comma != NULL)
            *comma++ = '\0';
        fields[n] = field;
        field = comma;
    }
    return n == FIELDS;
}

static bool succeeds_at(const struct event *event, unsigned try)
{
    return event_succeeds(event) && try == (unsigned)event->fate + 1;
}

/* The fields Result, GBCSStatus and DUISCode of a try without success. */
static void failure(const struct order *order, const char **said)
{
    static const char *const transient[][3] = {{"FAILED", "", "E20"}, {"TIMEOUT", "", ""}, {"FAILED", "30", "I0"}};
    static const char *const permanent[3] = {"FAILED", "17", "I0"};
    unsigned try = (unsigned)strtoul(order->fields[TRY], NULL, 10);
    bool for_good = (order->event->fate == REFUSED && try == 1) || (order->event->fate == REFUSED_AGAIN && try == 2);

    memcpy(said, for_good ? permanent : transient[mix(order->index, try) % 3], 3 * sizeof *said);
}

static void add_result(struct outfile *file, const struct programme *p, const struct order *order, const char *key)
{
    const char *success[3] = {"SUCCESS", "0", "I0"};
    char counter[32];

    if (!order->succeeds)
        failure(order, success);
    (void)snprintf(counter, sizeof counter, "%" PRIu64, UINT64_C(1688364000000) + order->index);
    const char *values[] = {order->fields[ITEM],
                            order->fields[DEVICE],
                            success[0],
                            success[1],
                            success[2],
                            "",
                            order->fields[TRY],
                            p->time,
                            p->time,
                            counter,
                            TCOS_SUBJECT,
                            "",
                            order->succeeds ? ECOS_SUBJECT : "",
                            order->succeeds ? key : ""};
    outfile_add(file, values, sizeof values / sizeof *values);
}

static void add_confirmation(struct outfile *file, const struct programme *p, const struct order *order,
                             const char *key)
{
    const char *values[] = {order->fields[ITEM], order->fields[DEVICE], "Y", p->time, ECOS_SUBJECT, key, ""};

    outfile_add(file, values, sizeof values / sizeof *values);
}

static void answer_row(struct outfile *file, const struct programme *p, bool result, struct order *order)
{
    struct life life;
    char key[20];

    order->index = device_index(p->plan.seed, order->fields[DEVICE]);
    if (order->index == 0 || order->index > p->plan.devices)
        programme_die(order->fields[DEVICE], "a work order for a Device that is not of this programme");
    plan_life(&p->plan, order->index, &life);
    order->event = life_event(&life, p->week);
    if (order->event == NULL || order->event->kind != SESSION)
        programme_die(order->fields[DEVICE], "a work order for a Device that has no session in this week");
    order->succeeds = succeeds_at(order->event, (unsigned)strtoul(order->fields[TRY], NULL, 10));
    (void)snprintf(key, sizeof key, "%016" PRIX64, mix(p->plan.seed + 20, order->index)); /* fits */
    if (result && order->event->fate != SILENT)
        add_result(file, p, order, key);
    else if (!result && order->succeeds)
        add_confirmation(file, p, order, key);
}

void programme_answer(struct programme *p, const char *type, const char *path)
{
    FILE *f = fopen(path, "r");
    char line[LINE];
    struct order order;

    if (f == NULL)
        programme_die(path, strerror(errno));
    struct outfile *file = outfile_new(p, type, NULL);
    while (fgets(line, sizeof line, f) != NULL) {
        if (strncmp(line, "D,", 2) != 0)
            continue;
        if (!split(line, order.fields))
            programme_die(path, "no work order as it should be");
        answer_row(file, p, strcmp(type, "EMT") == 0, &order);
    }
    (void)fclose(f); /* only read from */
    if (outfile_rows(file) == 0)
        p->sequence--; /* nobody misses the number */
    outfile_end(file, 0);
}
