/* A key is kept as text: the event, its job, its texts, and for CHANGES the message, with a separator between them. */
#include "gateway/log/log_repeat.h"

#include <string.h>

struct repeated {
    struct log_event event; /* its texts are owned; no counts */
    char *base;             /* the key without the message; owned */
    char *last;             /* the newest text that was left out; owned; NULL: none was */
    int64_t until;          /* monotonic microseconds */
    unsigned written;
    int64_t left_out;
};

static GHashTable *all; /* key → struct repeated */

static void set_text(struct log_event *event, size_t i, char *text)
{
    memcpy((char *)event + log_texts[i].offset, &text, sizeof text);
}

static void free_repeated(gpointer data)
{
    struct repeated *repeated = data;

    for (size_t i = 0; i < LOG_TEXTS; i++)
        g_free((char *)log_text_of(&repeated->event, i)); /* ours: new_repeated */
    g_free(repeated->base);
    g_free(repeated->last);
    g_free(repeated);
}

/* g_free. */
static char *base_of(const struct log_event *event)
{
    GString *base = g_string_new(NULL);

    g_string_printf(base, "%d\x1f%" G_GINT64_FORMAT, (int)event->id, event->job);
    for (size_t i = 0; i < LOG_TEXTS; i++) {
        const char *text = log_text_of(event, i);
        g_string_append_printf(base, "\x1f%s", text != NULL ? text : "");
    }
    return g_string_free(base, FALSE);
}

static struct repeated *new_repeated(const struct log_event *event, char *base, int64_t until)
{
    struct repeated *repeated = g_new0(struct repeated, 1);

    repeated->event = (struct log_event){.id = event->id, .job = event->job};
    for (size_t i = 0; i < LOG_TEXTS; i++)
        set_text(&repeated->event, i, g_strdup(log_text_of(event, i)));
    repeated->base = base;
    repeated->until = until;
    return repeated;
}

/* The text without its numbers: attempts, bytes and times differ each time. g_free. */
static char *without_numbers(const char *text)
{
    GString *key = g_string_new(NULL);

    for (const char *at = text; *at != '\0'; at++)
        if (!g_ascii_isdigit(*at) || at == text || !g_ascii_isdigit(at[-1]))
            g_string_append_c(key, g_ascii_isdigit(*at) ? '#' : *at);
    return g_string_free(key, FALSE);
}

/* The entry of the event and text, made if there is none. */
static struct repeated *entry_of(const struct log_event *event, const char *text, int64_t until)
{
    enum log_limit limit = log_kind_of(event)->limit;
    const struct log_event bare = {.id = event->id};

    if (all == NULL)
        all = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_repeated);
    g_autofree char *base = base_of(event);
    g_autofree char *said = limit == LOG_LIMIT_CHANGES ? without_numbers(text) : g_strdup("");
    g_autofree char *key = g_strconcat(base, "\x1f", said, NULL);
    struct repeated *found = g_hash_table_lookup(all, key);
    if (found == NULL && g_hash_table_size(all) >= LOG_KEYS) {
        g_free(key);
        g_free(base);
        event = &bare;
        base = base_of(event);
        key = g_strconcat(base, "\x1f", NULL);
        found = g_hash_table_lookup(all, key);
    }
    if (found == NULL) {
        found = new_repeated(event, g_steal_pointer(&base), until);
        g_hash_table_insert(all, g_steal_pointer(&key), found);
    }
    return found;
}

bool log_repeat_allows(const struct log_event *event, const char *text, int64_t now)
{
    enum log_limit limit = log_kind_of(event)->limit;
    int64_t seconds = limit == LOG_LIMIT_SOME ? LOG_SOME_SECONDS : LOG_LASTING_SECONDS;

    if (limit == LOG_LIMIT_EVERY)
        return true;
    struct repeated *entry = entry_of(event, text, now + seconds * G_USEC_PER_SEC);
    if (limit != LOG_LIMIT_SOME && now >= entry->until) {
        entry->until = now + seconds * G_USEC_PER_SEC; /* it lasts: a reminder */
        entry->written = 0;
    }
    if (entry->written < (limit == LOG_LIMIT_SOME ? LOG_SOME : 1)) {
        entry->written++;
        return true;
    }
    entry->left_out++;
    g_free(entry->last);
    entry->last = g_strdup(text);
    return false;
}

static gboolean has_base(gpointer key, gpointer value, gpointer user)
{
    const struct repeated *entry = value;

    (void)key;
    return strcmp(entry->base, user) == 0;
}

void log_repeat_over(const struct log_event *event)
{
    if (all == NULL || g_hash_table_size(all) == 0)
        return;
    g_autofree char *base = base_of(event);
    (void)g_hash_table_foreach_remove(all, has_base, base);
}

static gboolean lasts(gpointer key, gpointer value, gpointer user)
{
    const struct repeated *entry = value;

    (void)key;
    (void)user;
    return log_kind_of(&entry->event)->limit != LOG_LIMIT_SOME;
}

void log_repeat_over_all(void)
{
    if (all != NULL)
        (void)g_hash_table_foreach_remove(all, lasts, NULL);
}

void log_repeat_settle(int64_t now, bool everything,
                       void (*tell)(const struct log_event *event, const char *text, int64_t n))
{
    GHashTableIter at;
    gpointer value;

    if (all == NULL)
        return;
    g_hash_table_iter_init(&at, all);
    while (g_hash_table_iter_next(&at, NULL, &value)) {
        struct repeated *entry = value;
        if (now < entry->until && !everything)
            continue;
        if (log_kind_of(&entry->event)->limit == LOG_LIMIT_SOME && entry->left_out > 0)
            tell(&entry->event, entry->last, entry->left_out);
        g_hash_table_iter_remove(&at);
    }
}
