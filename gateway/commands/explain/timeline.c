/* A try begins with its work order. Its bar is heavy until the TCoS side answers, and light while the sides have not
 * agreed. */
#include "gateway/commands/explain/timeline.h"

#include "formats/instant.h"
#include "gateway/clock.h"
#include "gateway/commands/output.h"
#include "gateway/condition/condition.h"

#include <glib.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* BESIDE: columns of a line that are no bar. */
enum { BESIDE = 24, NARROWEST = 10, WIDEST = 120, USUAL = 80 };

#define RED "\033[31m"
#define GREEN "\033[32m"
#define YELLOW "\033[33m"
#define PLAIN "\033[0m"

struct
try {
    int64_t number, start;
    int64_t answered; /* the TCoS side has stated a success; 0: not */
    int64_t end;      /* 0: it goes on */
    bool migrated;
    const char *code; /* borrowed from the history; NULL */
};

static int64_t instant_of(const json_t *row)
{
    const char *text = json_string_value(json_object_get(row, "at"));
    int64_t at = 0;

    return text != NULL && instant_parse(text, strlen(text), &at) ? at : 0;
}

/* What a change of state means for the try that goes on. */
static void change(GArray *tries, const json_t *row, const char *state)
{
    struct try *last = tries->len > 0 ? &g_array_index(tries, struct try, tries->len - 1) : NULL;
    bool ordered = strcmp(state, "DISPATCHED") == 0, going = last != NULL && last->end == 0;

    if (ordered && !going) {
        const struct try fresh = {.number = json_integer_value(json_object_get(row, "try")), .start = instant_of(row)};
        g_array_append_val(tries, fresh);
    } else if (going && g_str_has_prefix(state, "CONFIRM_")) {
        last->answered = last->answered != 0 ? last->answered : instant_of(row);
    } else if (going && !ordered) {
        last->end = instant_of(row);
        last->migrated = strcmp(state, "MIGRATED") == 0;
        last->code = json_string_value(json_object_get(row, "code"));
    }
}

static GArray *tries_of(const json_t *history, const char *work_item)
{
    GArray *tries = g_array_new(FALSE, FALSE, sizeof(struct try));

    for (size_t i = 0; i < json_array_size(history); i++) {
        const json_t *row = json_array_get(history, i);
        const char *item = json_string_value(json_object_get(row, "work_item"));
        const char *state = json_string_value(json_object_get(row, "state"));
        if (state != NULL && g_strcmp0(item, work_item) == 0)
            change(tries, row, state);
    }
    return tries;
}

static int bar_width(void)
{
    int columns = output_columns();

    return CLAMP((columns > 0 ? columns : USUAL) - BESIDE, NARROWEST, WIDEST);
}

static bool coloured(void)
{
    const char *no = g_getenv("NO_COLOR"), *terminal = g_getenv("TERM");

    return (no == NULL || *no == '\0') && terminal != NULL && strcmp(terminal, "dumb") != 0;
}

/* The scale: from the first order to the last change, or to now while a try goes on. */
struct scale {
    int64_t from, to, now;
    int width;
    bool colour;
};

static int column(const struct scale *scale, int64_t at)
{
    int64_t span = MAX(scale->to - scale->from, 1);

    return (int)((at - scale->from) * (scale->width - 1) / span);
}

static void print_try(const struct scale *scale, const struct try *try)
{
    int64_t end = try->end != 0 ? try->end : scale->now;
    int first = column(scale, try->start), last = MAX(column(scale, end), first);
    int light = try->answered != 0 ? MAX(column(scale, try->answered), first) : last;
    const char *mark = try->end == 0 ? "▸" : try->migrated ? "✓" : "✗";
    const char *colour = try->end == 0 ? YELLOW : try->migrated ? GREEN : RED;
    char span[CONDITION_SPAN_SIZE];

    printf("%3" PRId64 " %*s%s", try->number, first, "", scale->colour ? colour : "");
    for (int i = first; i < last; i++)
        fputs(i < light ? "━" : "┄", stdout);
    printf("%s%s%*s %-4s  %s\n", mark, scale->colour ? PLAIN : "", scale->width - 1 - last, "",
           try->end == 0       ? "now"
           : try->migrated     ? ""
           : try->code != NULL ? try->code
                               : "",
           condition_span(try->start, end, span));
}

void timeline_print(const json_t *history, const char *work_item)
{
    struct scale scale = {.now = clock_now(), .colour = coloured()};
    char from[INSTANT_TEXT_SIZE], to[INSTANT_TEXT_SIZE];

    if (isatty(STDOUT_FILENO) != 1)
        return;
    g_autoptr(GArray) tries = tries_of(history, work_item);
    if (tries->len == 0)
        return;
    const struct try *last = &g_array_index(tries, struct try, tries->len - 1);
    scale.from = g_array_index(tries, struct try, 0).start;
    scale.to = last->end != 0 ? last->end : MAX(scale.now, last->start);
    scale.now = scale.to;
    scale.width = bar_width();
    instant_print(scale.from, from);
    instant_print(scale.to, to);
    printf("\ntries from %s to %s (━ ordered, ┄ the sides have not agreed)\n", from, to);
    for (guint i = 0; i < tries->len; i++)
        print_try(&scale, &g_array_index(tries, struct try, i));
}
