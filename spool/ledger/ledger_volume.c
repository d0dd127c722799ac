/*
 * Table volume. An hour is the smallest step: a row for each verdict would make the sums of a day a walk over files,
 * and a step of minutes sixty times the rows.
 */
#include "spool/ledger/ledger_volume.h"

#include "spool/ledger/ledger_private.h"

static const char *const kinds[LEDGER_VOLUME_KINDS] = {"sender", "supplier", "model"};

bool ledger_volume_add(struct ledger *ledger, const struct ledger_volume *v, GError **error)
{
    LEDGER_SQL(add,
               "INSERT INTO volume(kind,subject,hour,devices,held) VALUES(?,?,?,?,?) ON CONFLICT(kind,subject,hour)"
               " DO UPDATE SET devices=devices+excluded.devices,held=held+excluded.held");
    return ledger_run(ledger, &add,
                      LEDGER_VALUES(LEDGER_TEXT(kinds[v->kind]), LEDGER_TEXT(v->subject), LEDGER_INT(v->hour),
                                    LEDGER_INT(v->devices), LEDGER_INT(v->held)),
                      error);
}

/* Hours later than `hour` count, too: only a clock that went back can leave some. */
static bool get_sums(struct ledger *ledger, const struct ledger_volume *of, struct ledger_volume_sums *sums,
                     GError **error)
{
    LEDGER_SQL(get,
               "SELECT sum(iif(hour>=?3,devices-held,0)),sum(devices-held) FROM volume WHERE kind=?1 AND subject=?2"
               " AND hour>?3-?4");
    sqlite3_stmt *q = ledger_query(ledger, &get,
                                   LEDGER_VALUES(LEDGER_TEXT(kinds[of->kind]), LEDGER_TEXT(of->subject),
                                                 LEDGER_INT(of->hour), LEDGER_INT((int)LEDGER_VOLUME_DAY)),
                                   error);
    bool row = false, good = q != NULL && ledger_row(ledger, q, &row, error);

    if (good && row) {
        sums->hour = sqlite3_column_int64(q, 0);
        sums->day = sqlite3_column_int64(q, 1);
    }
    ledger_end(q);
    return good;
}

static int64_t median(const int64_t *sorted, int n)
{
    return n % 2 == 1 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

bool ledger_volume_get(struct ledger *ledger, const struct ledger_volume *of, int64_t days,
                       struct ledger_volume_sums *sums, GError **error)
{
    LEDGER_SQL(each_day, "SELECT sum(devices) FROM volume WHERE kind=? AND subject=? AND hour>=? AND hour<?"
                         " GROUP BY hour/24 HAVING sum(devices)>0 ORDER BY 1");
    int64_t today = of->hour - of->hour % LEDGER_VOLUME_DAY, found[LEDGER_VOLUME_DAYS];
    int n = 0;

    *sums = (struct ledger_volume_sums){0};
    if (!get_sums(ledger, of, sums, error))
        return false;
    if (days == 0)
        return true;
    sqlite3_stmt *q = ledger_query(ledger, &each_day,
                                   LEDGER_VALUES(LEDGER_TEXT(kinds[of->kind]), LEDGER_TEXT(of->subject),
                                                 LEDGER_INT(today - days * LEDGER_VOLUME_DAY), LEDGER_INT(today)),
                                   error);
    bool row = true, good = q != NULL;
    while (good && (good = ledger_row(ledger, q, &row, error)) && row && n < LEDGER_VOLUME_DAYS)
        found[n++] = sqlite3_column_int64(q, 0);
    ledger_end(q);
    sums->usual = n >= LEDGER_VOLUME_DAYS_LEAST ? median(found, n) : 0;
    return good;
}

bool ledger_volume_forget(struct ledger *ledger, int64_t before, GError **error)
{
    LEDGER_SQL(forget, "DELETE FROM volume WHERE hour<?");
    return ledger_run(ledger, &forget, LEDGER_VALUES(LEDGER_INT(before)), error);
}

bool ledger_volume_each(struct ledger *ledger, enum ledger_volume_kind kind, ledger_volume_visit visit, void *user,
                        GError **error)
{
    LEDGER_SQL(subjects, "SELECT DISTINCT subject FROM volume WHERE kind=? ORDER BY subject");
    sqlite3_stmt *q = ledger_query(ledger, &subjects, LEDGER_VALUES(LEDGER_TEXT(kinds[kind])), error);
    bool row = true, good = q != NULL;

    while (good && (good = ledger_row(ledger, q, &row, error)) && row)
        good = visit(user, ledger_text(q, 0), error);
    ledger_end(q);
    return good;
}
