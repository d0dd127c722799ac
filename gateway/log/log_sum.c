/* A few numbers of a few events: an array is looked through from its beginning. */
#include "gateway/log/log_sum.h"

#include <string.h>

struct sum {
    enum log_event_id id;
    const char *name;
    int64_t n;            /* committed */
    int64_t held;         /* in the open transaction and its group; of these, */
    int64_t begun, saved; /* before that transaction; before its savepoint */
};

static GArray *sums; /* struct sum; NULL: none yet */

static struct sum *find(enum log_event_id id, const char *name)
{
    const struct sum new = {.id = id, .name = name};

    if (sums == NULL)
        sums = g_array_new(FALSE, FALSE, sizeof(struct sum));
    for (guint i = 0; i < sums->len; i++) {
        struct sum *sum = &g_array_index(sums, struct sum, i);
        if (sum->id == id && strcmp(sum->name, name) == 0)
            return sum;
    }
    g_array_append_val(sums, new);
    return &g_array_index(sums, struct sum, sums->len - 1);
}

void log_sum_add(enum log_event_id id, const char *name, int64_t n)
{
    find(id, name)->n += n;
}

void log_sum_hold(enum log_event_id id, const char *name, int64_t n)
{
    find(id, name)->held += n;
}

static guint count(void)
{
    return sums != NULL ? sums->len : 0;
}

void log_sum_begin(void)
{
    for (guint i = 0; i < count(); i++) {
        struct sum *sum = &g_array_index(sums, struct sum, i);
        sum->begun = sum->held;
    }
}

void log_sum_save(void)
{
    for (guint i = 0; i < count(); i++) {
        struct sum *sum = &g_array_index(sums, struct sum, i);
        sum->saved = sum->held;
    }
}

void log_sum_undo(bool to_savepoint)
{
    for (guint i = 0; i < count(); i++) {
        struct sum *sum = &g_array_index(sums, struct sum, i);
        sum->held = to_savepoint ? sum->saved : sum->begun;
        sum->saved = sum->held;
    }
}

void log_sum_lose(void)
{
    for (guint i = 0; i < count(); i++) {
        struct sum *sum = &g_array_index(sums, struct sum, i);
        sum->held = sum->begun = sum->saved = 0;
    }
}

void log_sum_commit(void)
{
    for (guint i = 0; i < count(); i++) {
        struct sum *sum = &g_array_index(sums, struct sum, i);
        sum->n += sum->held;
    }
    log_sum_lose();
}

static bool settle_one(enum log_event_id id, GArray *counts)
{
    g_array_set_size(counts, 0);
    for (guint i = 0; i < count(); i++) {
        struct sum *sum = &g_array_index(sums, struct sum, i);
        if (sum->id != id || sum->n == 0)
            continue;
        const struct log_count one = {sum->name, sum->n};
        g_array_append_val(counts, one);
        sum->n = 0;
    }
    return counts->len > 0;
}

void log_sum_settle(void (*tell)(const struct log_event *event))
{
    g_autoptr(GArray) counts = g_array_new(TRUE, FALSE, sizeof(struct log_count)); /* TRUE: it ends with zeros */

    for (guint i = 0; i < count(); i++) {
        enum log_event_id id = g_array_index(sums, struct sum, i).id;
        if (settle_one(id, counts))
            tell(&(struct log_event){.id = id, .counts = (const struct log_count *)(const void *)counts->data});
    }
}
