/*
 * Why the journal gets "<priority>" lines and not its native datagrams: with these a line would need a second way out
 * of the process, with limits, failures and tests of its own, and a log under systemd would no longer be what standard
 * error has. PostgreSQL, nginx and OpenSSH write lines, too. Who needs fields has JSON; the journal keeps its objects.
 */
#include "gateway/log/log_form.h"

#include "formats/instant.h"
#include "formats/text.h"
#include "gateway/clock.h"
#include "gateway/log/log_private.h"
#include "spool/job.h"

#include <jansson.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Bytes. */
enum {
    TEXT_MAX = 3000,   /* of a message */
    MEMBER_MAX = 1100, /* of another member: an escaped file name fits */
    FIRST_PRIORITY = 3 /* LOG_ERR: that of LOG_LEVEL_ERROR */
};

/* At most max bytes of text, harmless. Backslashes stay as they are: names from outside were escaped before. g_free. */
static char *harmless(const char *text, size_t max)
{
    size_t len = strlen(text);
    g_autofree char *clean = NULL;

    if (!text_is_printable(text, len)) {
        g_auto(GStrv) pieces = g_strsplit(text, "\\", -1);
        for (char **piece = pieces; *piece != NULL; piece++) {
            char *escaped = text_escape(*piece, strlen(*piece), 0);
            g_free(*piece);
            *piece = escaped;
        }
        clean = g_strjoinv("\\", pieces);
        text = clean;
        len = strlen(text);
    }
    if (len <= max)
        return g_strdup(text);
    g_autofree char *cut = g_strndup(text, text_valid_prefix(text, max));
    return g_strconcat(cut, "…", NULL);
}

/* With milliseconds: many events lie within a second. */
static void print_time(char out[INSTANT_TEXT_SIZE + 4])
{
    int64_t now = clock_wall_microseconds();
    size_t end = INSTANT_TEXT_SIZE - 2; /* where the Z is */

    instant_print(now / G_USEC_PER_SEC, out);
    (void)g_snprintf(out + end, 6, ".%03dZ", (int)(now % G_USEC_PER_SEC / 1000));
}

static void add_text(json_t *object, const char *name, const char *text, size_t max)
{
    g_autofree char *clean = harmless(text, max);

    (void)json_object_set_new(object, name, json_string(clean)); /* valid: it is UTF-8, and memory does not end */
}

static void add_counts(json_t *object, const struct log_count *counts)
{
    json_t *all = json_object();

    for (; counts->name != NULL; counts++)
        (void)json_object_set_new(all, counts->name, json_integer(counts->n));
    (void)json_object_set_new(object, "counts", all);
}

static char *json_line(const struct log_event *event, const char *text, size_t max)
{
    const struct log_kind *kind = log_kind_of(event);
    json_t *object = json_object();
    char at[INSTANT_TEXT_SIZE + 4], job[JOB_ID_SIZE];

    print_time(at);
    add_text(object, "time", at, MEMBER_MAX);
    add_text(object, "level", log_level_names[kind->level], MEMBER_MAX);
    add_text(object, "event", kind->name, MEMBER_MAX);
    add_text(object, "message", text, max);
    if (event->job != 0) {
        job_id_print(event->job, job);
        add_text(object, "job", job, MEMBER_MAX);
    }
    for (size_t i = 0; i < LOG_TEXTS; i++) {
        const char *member = log_text_of(event, i);
        if (member != NULL)
            add_text(object, log_texts[i].name, member, MIN(max, MEMBER_MAX));
    }
    if (event->counts != NULL)
        add_counts(object, event->counts);
    char *line = json_dumps(object, JSON_COMPACT);
    json_decref(object);
    return line;
}

/* The journal takes the priority off and keeps the object. */
static char *json_for_journal(const struct log_event *event, const char *text, size_t max)
{
    g_autofree char *object = json_line(event, text, max);

    return g_strdup_printf("<%d>%s", FIRST_PRIORITY + (int)log_kind_of(event)->level, object);
}

static char *text_line(enum log_format form, const struct log_event *event, const char *text, size_t max)
{
    const struct log_kind *kind = log_kind_of(event);
    g_autofree char *clean = harmless(text, max);
    char at[INSTANT_TEXT_SIZE + 4];

    if (form == LOG_FORMAT_JOURNAL)
        return g_strdup_printf("<%d>%s: %s", FIRST_PRIORITY + (int)kind->level, kind->name, clean);
    print_time(at);
    return g_strdup_printf("%s %s %s: %s", at, log_level_names[kind->level], kind->name, clean);
}

char *log_form_line(enum log_format form, const struct log_event *event, const char *text)
{
    if (form == LOG_FORMAT_PLAIN)
        return g_strdup_printf("ecosgate: %s\n", text);
    for (size_t max = TEXT_MAX;; max /= 2) {
        g_autofree char *line = form == LOG_FORMAT_JSON           ? json_line(event, text, max)
                                : form == LOG_FORMAT_JSON_JOURNAL ? json_for_journal(event, text, max)
                                                                  : text_line(form, event, text, max);
        if (strlen(line) < LOG_LINE_MAX)
            return g_strconcat(line, "\n", NULL);
    }
}

/* As systemd.exec(5) says: the device and inode of the stream that the journal reads. A service may have given standard
 * error elsewhere since, so the descriptor itself is asked. */
static bool goes_to_journal(void)
{
    const char *stream = g_getenv("JOURNAL_STREAM");
    g_auto(GStrv) parts = g_strsplit(stream != NULL ? stream : "", ":", 3);
    guint64 device, inode;
    struct stat status;

    return g_strv_length(parts) == 2 && g_ascii_string_to_unsigned(parts[0], 10, 0, G_MAXUINT64, &device, NULL) &&
           g_ascii_string_to_unsigned(parts[1], 10, 0, G_MAXUINT64, &inode, NULL) &&
           fstat(STDERR_FILENO, &status) == 0 && status.st_dev == device && status.st_ino == inode;
}

enum log_format log_form_of(enum log_format format)
{
    if (format == LOG_FORMAT_JSON)
        return goes_to_journal() ? LOG_FORMAT_JSON_JOURNAL : LOG_FORMAT_JSON;
    if (format != LOG_FORMAT_AUTO)
        return format;
    return goes_to_journal() ? LOG_FORMAT_JOURNAL : LOG_FORMAT_TEXT;
}
