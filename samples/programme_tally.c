/* Counts what a file of the gateway holds. Rows are compared by the columns that the plan knows. */
#include "samples/programme.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { LINE = 8192, MOST_FIELDS = 32, MOST_COMPARED = 10 };

uint64_t digest_text(uint64_t before, const char *text)
{
    uint64_t hash = before != 0 ? before : UINT64_C(0xCBF29CE484222325); /* FNV-1a */

    for (; *text != '\0'; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001B3);
    return hash;
}

void pile_add_digest(struct pile *pile, uint64_t digest)
{
    pile->rows++;
    pile->fingerprint += mix(digest, 1);
}

void pile_add(struct pile *pile, const char *row)
{
    pile_add_digest(pile, digest_text(0, row));
}

void pile_print(const struct pile *pile, const char *type, const char *recipient, const char *period)
{
    printf("%s %s %s %" PRIu64 " %" PRIu64 "\n", type, recipient, period, pile->rows, pile->fingerprint);
}

/* A type, and the columns that are compared: of a report by their names in its title row, of an exchange file by
 * their places. */
struct compared {
    const char *type;
    const char *columns[MOST_COMPARED];
    unsigned places[MOST_COMPARED];
};

static const struct compared all[] = {
    {"EMD", .places = {2, 4, 5}},
    {"EMO", .places = {2, 4, 5}},
    {"EMW", .places = {3, 9}},
    {"ECOSMIG-001", {"DeviceID"}, {0}},
    {"ECOSMIG-002", {"DeviceID", "ErrorCode"}, {0}},
    {"ECOSMIG-003", {"DeviceID", "SupplyStartDate"}, {0}},
    {"ECOSMIG-004", {"DeviceType", "DeviceManufacturer", "DeviceModel", "FirmwareVersion", "DeviceCount"}, {0}},
    {"ECOSMIG-005",
     {"DeviceType", "Instructed", "Rejected", "Deferred", "Succeeded", "Failed", "InProgress", "CumulativeMigrated",
      "RemainingTCoS"},
     {0}},
    {"ECOSMIG-006", {"DeviceID"}, {0}},
    {"STRAND", {"DeviceID", "MigrationStatus"}, {0}},
    {"MAPR", {"DeviceID", "SupplierMPID", "ECoSMigrationStatus", "ECoSMigrationDate"}, {0}},
    {"NMDM", {"DeviceType", "DeviceManufacturer", "DeviceModel", "FirmwareVersion"}, {0}},
    {"MGMT",
     {"DeviceType", "CSPRegion", "InScope", "Migrated", "FailedOnce", "FailedMany", "NonMigratable", "Remaining"},
     {0}},
};

/* What the name of a file says. */
struct named {
    char type[16], recipient[16], period[40];
    const struct compared *compared;
};

static bool read_name(const char *path, struct named *named)
{
    const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
    char date[16], time[16];

    if (sscanf(name, "%15[^_]_%15[^_]_%*[^_]_%8[0-9]_%6[0-9]", named->type, named->recipient, date, time) != 4)
        return false;
    named->compared = NULL;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strcmp(named->type, all[i].type) == 0)
            named->compared = &all[i];
    bool exchange = named->compared != NULL && named->compared->columns[0] == NULL;
    (void)snprintf(named->period, sizeof named->period, exchange ? "%s" : "%s_%s", date, time); /* fits */
    if (strcmp(named->type, "MGMT") == 0 || strcmp(named->type, "NMDM") == 0 || exchange)
        strcpy(named->recipient, "-"); /* one file for everybody, or several for one */
    if (strcmp(named->type, "MGMT") == 0 && strstr(name, ".html") != NULL) {
        strcpy(named->type, "MGMT-PAGE");
        return true;
    }
    return named->compared != NULL;
}

static unsigned split(char *line, const char **fields)
{
    unsigned n = 0;

    line[strcspn(line, "\r\n")] = '\0';
    for (char *field = line; field != NULL && n < MOST_FIELDS; n++) {
        char *comma = strchr(field, ',');
        if (comma != NULL)
            *comma++ = '\0';
        fields[n] = field;
        field = comma;
    }
    return n;
}

static unsigned find_places(const char *path, const struct compared *compared, char *title, unsigned *places)
{
    const char *fields[MOST_FIELDS];
    unsigned n_fields = split(title, fields), n = 0;

    for (; n < MOST_COMPARED && compared->columns[n] != NULL; n++) {
        unsigned at = 0;
        while (at < n_fields && strcmp(fields[at], compared->columns[n]) != 0)
            at++;
        if (at == n_fields)
            programme_die(path, compared->columns[n]);
        places[n] = at;
    }
    return n;
}

/* Takes the compared values of a record into the digest of its row. */
static uint64_t digest_row(char *line, const unsigned *places, unsigned n, FILE *rows)
{
    const char *fields[MOST_FIELDS];
    unsigned n_fields = split(line, fields);
    uint64_t digest = 0;

    for (unsigned i = 0; i < n; i++) {
        const char *value = places[i] < n_fields ? fields[places[i]] : "?";
        digest = digest_text(i == 0 ? 0 : digest_text(digest, ","), value);
        if (rows != NULL)
            fprintf(rows, "%s%s", i == 0 ? "" : ",", value);
    }
    if (rows != NULL)
        fputs("\n", rows);
    return digest;
}

static void count_rows(FILE *f, const char *path, const struct compared *compared, struct pile *pile, FILE *rows)
{
    bool exchange = compared->columns[0] == NULL;
    unsigned places[MOST_COMPARED], n = 0;
    char line[LINE];

    memcpy(places, compared->places, sizeof places);
    while (exchange && n < MOST_COMPARED && places[n] != 0)
        n++;
    if (!exchange && fgets(line, sizeof line, f) != NULL)
        n = find_places(path, compared, line, places);
    while (fgets(line, sizeof line, f) != NULL)
        if (exchange ? strncmp(line, "D,", 2) == 0 : line[0] != '#')
            pile_add_digest(pile, digest_row(line, places, n, rows));
}

void programme_tally(const struct programme *p, const char *path)
{
    struct named named;
    struct pile pile = {0, 0};

    if (!read_name(path, &named))
        return;
    FILE *f = fopen(path, "r");
    if (f == NULL)
        programme_die(path, strerror(errno));
    if (strcmp(named.type, "MGMT-PAGE") != 0)
        count_rows(f, path, named.compared, &pile, p->rows != NULL && strcmp(p->rows, named.type) == 0 ? stderr : NULL);
    (void)fclose(f); /* only read from */
    pile_print(&pile, named.type, named.recipient, named.period);
}
