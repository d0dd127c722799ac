/* Days first, for each later try is cheaper then. Parts one by one, again until none can go. */
#include "tests/sim/shrink.h"

#include "tests/sim/play.h"

#include <stdio.h>
#include <string.h>

/* The shortest run so far that breaks the promise. */
struct shrinking {
    struct sim_options best;
    char *promise;
    GPtrArray *without; /* names, NULL-terminated */
};

/* Plays a run of these days and parts. True if it breaks the same promise. */
static bool still_breaks(struct shrinking *s, int64_t days, int64_t *needed)
{
    struct sim_options options = s->best;
    struct play_result result;

    options.days = days;
    options.without = (const char *const *)s->without->pdata;
    options.trace = false;
    play_run(&options, false, &result);
    bool same = g_strcmp0(result.promise, s->promise) == 0;
    if (same) {
        s->best = options;
        *needed = result.days;
    }
    g_autofree char *call = play_call(&options);
    printf("%s %s\n", same ? "breaks" : "holds ", call);
    (void)fflush(stdout);
    play_clear(&result);
    return same;
}

/* A run with fewer days has its calm part earlier, so it need not break the promise: tries powers of two from below. */
static void shrink_days(struct shrinking *s)
{
    int64_t most = s->best.days, needed;

    for (int64_t days = 1; days < most; days *= 2)
        if (still_breaks(s, days, &needed))
            return;
}

/* True if a part could go. */
static bool shrink_parts(struct shrinking *s, const GPtrArray *parts)
{
    bool some = false;
    int64_t needed;

    for (guint i = 0; i < parts->len; i++) {
        if (g_strv_contains((const char *const *)s->without->pdata, parts->pdata[i]))
            continue;
        s->without->pdata[s->without->len - 1] = parts->pdata[i];
        g_ptr_array_add(s->without, NULL);
        if (still_breaks(s, s->best.days, &needed)) {
            some = true;
            continue;
        }
        g_ptr_array_set_size(s->without, (gint)s->without->len - 1);
        s->without->pdata[s->without->len - 1] = NULL;
    }
    return some;
}

bool shrink_run(const struct sim_options *options)
{
    struct shrinking s = {.best = *options, .without = g_ptr_array_new()};
    struct play_result result;

    play_run(options, false, &result);
    s.promise = g_strdup(result.promise);
    for (guint i = 0; options->without != NULL && options->without[i] != NULL; i++)
        g_ptr_array_add(s.without, (char *)options->without[i]);
    g_ptr_array_add(s.without, NULL);
    if (s.promise != NULL) {
        if (result.days < s.best.days)
            s.best.days = result.days; /* it was broken before its end */
        shrink_days(&s);
        while (shrink_parts(&s, result.parts))
            shrink_days(&s);
        struct play_result shortest;
        s.best.without = (const char *const *)s.without->pdata; /* the array may have moved since the last try */
        g_autofree char *call = play_call(&s.best);
        play_run(&s.best, true, &shortest);
        printf("BROKEN %s; again: %s\n", s.promise, call);
        play_clear(&shortest);
    }
    bool broken = s.promise != NULL;
    g_free(s.promise);
    g_ptr_array_unref(s.without);
    play_clear(&result);
    return broken;
}
