/*
 * One process has one standard error, so the log is no part of struct gateway: main.c, GLib's own messages and a second
 * opening of a home use the same one.
 */
#include "gateway/log/log.h"

#include "gateway/clock.h"
#include "gateway/log/log_form.h"
#include "gateway/log/log_output.h"
#include "gateway/log/log_private.h"
#include "gateway/log/log_repeat.h"
#include "gateway/log/log_sum.h"
#include "spool/ledger/ledger.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

const char *const log_level_names[] = {"error", "warning", "notice", "info", "debug", NULL};
const char *const log_format_names[] = {"auto", "text", "json", "journal", NULL};

static const struct log_kind kinds[] = {
#define FACT true
#define SEEN false
#define EVENT(identifier, name, level, when, limit)                                                                    \
    [EVENT_##identifier] = {name, LOG_LEVEL_##level, when, LOG_LIMIT_##limit},
#include "gateway/log/events.def"
#undef EVENT
#undef FACT
#undef SEEN
};

const struct log_text log_texts[LOG_TEXTS] = {
    {"file", offsetof(struct log_event, file)},       {"drop", offsetof(struct log_event, drop)},
    {"party", offsetof(struct log_event, party)},     {"batch", offsetof(struct log_event, batch)},
    {"verdict", offsetof(struct log_event, verdict)}, {"code", offsetof(struct log_event, code)},
    {"subject", offsetof(struct log_event, subject)}, {"report", offsetof(struct log_event, report)},
    {"chain", offsetof(struct log_event, chain)},     {"by", offsetof(struct log_event, by)},
};

/* The log of this process. */
static struct {
    enum log_format form;
    enum log_level level;
    bool holds;      /* a transaction is under way */
    GPtrArray *held; /* the lines of FACTs that wait for its commit */
    guint begun;     /* so many of them were there when it began: of its group, */
    guint saved;     /* so many of them were there when its savepoint was set */
    uint64_t lost;   /* lines since the last one that was written */
    int lost_errnum; /* why the first of them was lost */
} the = {.form = LOG_FORMAT_PLAIN, .level = LOG_LEVEL_WARNING};

const struct log_kind *log_kind_of(const struct log_event *event)
{
    return &kinds[event->id];
}

const char *log_text_of(const struct log_event *event, size_t i)
{
    const char *text;

    memcpy(&text, (const char *)event + log_texts[i].offset, sizeof text);
    return text;
}

bool log_wants(enum log_level level)
{
    return level <= the.level;
}

/* ---- writing ---- */

static bool write_line(const char *line)
{
    int errnum;

    if (log_output_line(line, &errnum))
        return true;
    the.lost_errnum = the.lost == 0 ? errnum : the.lost_errnum;
    the.lost++;
    return false;
}

/* True: what was lost before is told, if anything was. */
static bool tell_lost(void)
{
    if (the.lost == 0)
        return true;
    const struct log_event *event = LOG(EVENT_LOG_LOST, .counts = LOG_COUNTS({"lines", (int64_t)the.lost}));
    g_autofree char *text =
        g_strdup_printf("%" G_GUINT64_FORMAT " lines of the log could not be written: %s", (guint64)the.lost,
                        the.lost_errnum == EAGAIN ? "nobody read standard error" : g_strerror(the.lost_errnum));
    g_autofree char *line = log_form_line(the.form, event, text);
    uint64_t lost = the.lost;
    if (!write_line(line)) {
        the.lost = lost;
        return false;
    }
    the.lost = 0;
    return true;
}

static void put(const char *line)
{
    if (the.form == LOG_FORMAT_PLAIN)
        log_output_text(line);
    else if (tell_lost())
        (void)write_line(line); /* it is counted */
    else
        the.lost++;
}

static void put_or_hold(const struct log_event *event, const char *text)
{
    char *line = log_form_line(the.form, event, text);

    if (the.holds && log_kind_of(event)->fact) {
        g_ptr_array_add(the.held, line);
        return;
    }
    put(line);
    g_free(line);
}

void log_event(const struct log_event *event, const char *format, ...)
{
    va_list args;

    if (!log_wants(log_kind_of(event)->level))
        return;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    if (log_repeat_allows(event, text, clock_monotonic()))
        put_or_hold(event, text);
}

void log_lines(const struct log_event *event, const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", the.form == LOG_FORMAT_PLAIN ? 1 : -1);

    for (char **line = lines; *line != NULL; line++)
        log_event(event, "%s", *line);
}

void log_add(enum log_event_id id, const char *name, int64_t n)
{
    bool waits = the.holds && log_kind_of(LOG(id))->fact;

    (waits ? log_sum_hold : log_sum_add)(id, name, n);
}

/* ---- transactions ---- */

static void write_held(void)
{
    for (guint i = 0; i < the.held->len; i++)
        put(the.held->pdata[i]);
}

static void on_moment(enum ledger_moment moment)
{
    switch (moment) {
    case LEDGER_BEGUN:
        the.begun = the.held->len;
        log_sum_begin();
        break;
    case LEDGER_SAVEPOINT:
        the.saved = the.held->len;
        log_sum_save();
        break;
    case LEDGER_SAVEPOINT_UNDONE:
        g_ptr_array_set_size(the.held, (gint)MIN(the.saved, the.held->len));
        log_sum_undo(true);
        break;
    case LEDGER_COMMITTED:
        log_sum_commit();
        write_held();
        g_ptr_array_set_size(the.held, 0);
        break;
    case LEDGER_ROLLED_BACK:
        log_sum_undo(false);
        g_ptr_array_set_size(the.held, (gint)MIN(the.begun, the.held->len));
        break;
    case LEDGER_GROUP_LOST:
        log_sum_lose();
        g_ptr_array_set_size(the.held, 0);
        break;
    case LEDGER_JOINED:
        break;
    }
    the.holds = moment == LEDGER_BEGUN || moment == LEDGER_SAVEPOINT || moment == LEDGER_SAVEPOINT_UNDONE;
}

void log_ledger(struct ledger *ledger)
{
    if (the.held == NULL)
        the.held = g_ptr_array_new_with_free_func(g_free);
    ledger_listen(ledger, on_moment);
}

/* ---- repetition ---- */

void log_over(const struct log_event *event)
{
    log_repeat_over(event);
}

void log_over_all(void)
{
    log_repeat_over_all();
}

static void tell_repeated(const struct log_event *event, const char *text, int64_t n)
{
    struct log_event counted = *event;
    g_autofree char *more = g_strdup_printf("and %" G_GINT64_FORMAT " more in %d minutes, the last one: %s", n,
                                            LOG_SOME_SECONDS / 60, text);

    counted.counts = LOG_COUNTS({"repeated", n});
    g_autofree char *line = log_form_line(the.form, &counted, more);
    put(line);
}

static void tell_sums(const struct log_event *event)
{
    g_autoptr(GString) text = g_string_new("in this pass: ");

    for (const struct log_count *one = event->counts; one->name != NULL; one++)
        g_string_append_printf(text, "%s%s %" G_GINT64_FORMAT, one == event->counts ? "" : ", ", one->name, one->n);
    log_event(event, "%s", text->str);
}

void log_tick(void)
{
    log_sum_settle(tell_sums);
    log_repeat_settle(clock_monotonic(), false, tell_repeated);
}

/* ---- beginning and end ---- */

/* What GLib and the libraries that use it say by themselves. */
static GLogWriterOutput on_library(GLogLevelFlags level, const GLogField *fields, gsize n, gpointer user)
{
    g_autofree char *text = g_log_writer_format_fields(level, fields, n, FALSE);

    (void)user;
    if (level <= G_LOG_LEVEL_WARNING)
        log_event(LOG(EVENT_LIBRARY), "%s", g_strstrip(text));
    return G_LOG_WRITER_HANDLED;
}

void log_begin(const struct log_settings *settings)
{
    static bool listens;

    the.form = log_form_of(settings->format);
    the.level = settings->level;
    if (!listens)
        g_log_set_writer_func(on_library, NULL, NULL);
    listens = true;
}

void log_end(void)
{
    log_sum_settle(tell_sums);
    log_repeat_settle(clock_monotonic(), true, tell_repeated);
    (void)(the.form == LOG_FORMAT_PLAIN || tell_lost()); /* there is no later line that could tell it */
    the.form = LOG_FORMAT_PLAIN;
    the.level = LOG_LEVEL_WARNING;
}

/* Async-signal-safe: no allocation, no lock, and no time, which only the forms for people and JSON would have. */
void log_last_words(const char *text)
{
    static const char *const around[][2] = {
        [LOG_FORMAT_TEXT] = {"error unable: ", "\n"},
        [LOG_FORMAT_JSON] = {"{\"level\":\"error\",\"event\":\"unable\",\"message\":\"", "\"}\n"},
        [LOG_FORMAT_JOURNAL] = {"<3>unable: ", "\n"},
        [LOG_FORMAT_JSON_JOURNAL] = {"<3>{\"level\":\"error\",\"event\":\"unable\",\"message\":\"", "\"}\n"},
        [LOG_FORMAT_PLAIN] = {"ecosgate: ", "\n"},
    };
    const char *parts[] = {around[the.form][0], text, around[the.form][1]};
    char line[1024];
    size_t len = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        size_t n = MIN(strlen(parts[i]), sizeof line - len);
        memcpy(line + len, parts[i], n);
        len += n;
    }
    log_output_at_once(line, len);
}
