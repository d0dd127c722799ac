/* The two days are asked in the same way, one after the other: a figure that only one of them has is 0 in the other. */
#include "gateway/condition/day.h"

#include "spool/ledger/ledger_days.h"

#include <string.h>

enum { DAY = 86400, WEEK = 7 * DAY };

/* The day while it is filled. */
struct filling {
    struct day *day;
    bool before; /* the week before is counted */
    const char *section;
};

int64_t day_of(int64_t at)
{
    return at - (at % DAY + DAY) % DAY;
}

/* Its place: behind the last figure of its section, or at the end. */
static guint place_of(const struct filling *filling)
{
    const GArray *figures = filling->day->figures;
    guint at = figures->len;

    while (at > 0 && g_array_index(figures, struct day_figure, at - 1).section != filling->section)
        at--;
    return at > 0 ? at : figures->len;
}

static void add(struct filling *filling, const char *name, int64_t n)
{
    GArray *figures = filling->day->figures;
    struct day_figure *found = NULL;

    for (guint f = 0; f < figures->len && found == NULL; f++) {
        struct day_figure *figure = &g_array_index(figures, struct day_figure, f);
        found = figure->section == filling->section && strcmp(figure->name, name) == 0 ? figure : NULL;
    }
    if (found == NULL) {
        const struct day_figure fresh = {filling->section, g_strdup(name), 0, 0};
        guint at = place_of(filling);
        g_array_insert_val(figures, at, fresh);
        found = &g_array_index(figures, struct day_figure, at);
    }
    *(filling->before ? &found->before : &found->n) += n;
}

static bool add_files(void *user, const char *type, const char *outcome, int64_t n, GError **error)
{
    g_autofree char *name =
        g_strdup_printf("%s %s", type != NULL ? type : "unknown", outcome != NULL ? outcome : "not judged");

    (void)error; /* nothing here can fail */
    add(user, name, n);
    return true;
}

static bool add_code(void *user, const char *code, int64_t n, GError **error)
{
    (void)error; /* nothing here can fail */
    add(user, code, n);
    return true;
}

/* The constants of the sections: figures are told apart by the address. */
static const char files_in[] = "files in", devices[] = "Devices", codes[] = "failed by code", files_out[] = "files out",
                  opened[] = "incidents opened", closed[] = "incidents closed", reports[] = "reports";

static void add_work(struct filling *filling, const struct ledger_day_work *work)
{
    filling->section = devices;
    add(filling, "instructed", work->instructed);
    add(filling, "accepted", work->accepted);
    add(filling, "rejected", work->rejected);
    add(filling, "deferred", work->deferred);
    add(filling, "ordered", work->ordered);
    add(filling, "migrated", work->migrated);
    add(filling, "failed", work->failed);
}

static void add_events(struct filling *filling, const struct ledger_day_events *events)
{
    filling->section = files_out;
    add(filling, "planned", events->planned);
    add(filling, "not yet delivered", events->owed);
    filling->section = opened;
    add(filling, "of the gateway", events->opened.system);
    add(filling, "of files", events->opened.files);
    add(filling, "of Devices", events->opened.devices);
    filling->section = closed;
    add(filling, "of the gateway", events->closed.system);
    add(filling, "of files", events->closed.files);
    add(filling, "of Devices", events->closed.devices);
    filling->section = reports;
    add(filling, "issued", events->reports);
}

static bool fill(struct gateway *gateway, struct filling *filling, GError **error)
{
    int64_t from = filling->day->starts - (filling->before ? WEEK : 0);
    const struct ledger_interval when = {from, from + DAY};
    struct ledger_day_work work;
    struct ledger_day_events events;

    filling->section = files_in;
    if (!ledger_files_in_each(gateway->ledger, &when, add_files, filling, error) ||
        !ledger_day_work(gateway->ledger, &when, &work, error))
        return false;
    add_work(filling, &work);
    filling->section = codes;
    if (!ledger_failed_codes_each(gateway->ledger, &when, add_code, filling, error) ||
        !ledger_day_events(gateway->ledger, &when, &events, error))
        return false;
    add_events(filling, &events);
    return true;
}

static void clear_figure(void *element)
{
    g_free(((struct day_figure *)element)->name);
}

bool day_look(struct gateway *gateway, int64_t starts, struct day *day, GError **error)
{
    struct filling filling = {day, false, NULL};

    *day = (struct day){starts, g_array_new(FALSE, FALSE, sizeof(struct day_figure))};
    g_array_set_clear_func(day->figures, clear_figure);
    bool good = fill(gateway, &filling, error);
    filling.before = true;
    if (good && fill(gateway, &filling, error))
        return true;
    day_clear(day);
    return false;
}

void day_clear(struct day *day)
{
    g_array_unref(day->figures);
    *day = (struct day){0};
}

int64_t day_greatest(const struct day *day, const char *section)
{
    int64_t most = 1;

    for (guint f = 0; f < day->figures->len; f++) {
        const struct day_figure *figure = &g_array_index(day->figures, struct day_figure, f);
        if (figure->section == section)
            most = MAX(most, MAX(figure->n, figure->before));
    }
    return most;
}
