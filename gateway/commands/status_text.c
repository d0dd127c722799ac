/* Widths are counted in characters: messages hold UTF-8. */
#include "gateway/commands/status_text.h"

#include "formats/instant.h"
#include "formats/text.h"
#include "gateway/condition/closing.h"

#include <inttypes.h>
#include <string.h>

enum { MOST_ALARMS = 12, MOST_DROPS = 8, MOST_REPORTS = 3, LABEL = 10 };

/* ---- text that fits ---- */

/* The first `width` characters; a longer text ends with "…". g_free. */
static char *fit(const char *text, glong width)
{
    if (g_utf8_strlen(text, -1) <= width)
        return g_strdup(text);
    g_autofree char *head = g_utf8_substring(text, 0, MAX(width - 1, 0));
    return g_strconcat(head, "…", NULL);
}

static void append_padded(GString *out, const char *text, glong width)
{
    glong missing = width - g_utf8_strlen(text, -1);

    g_string_append(out, text);
    g_string_append_printf(out, "%*s", (int)MAX(missing, 0), "");
}

/* "label     one, two, three", in as many lines as it takes. Frees items. */
static void append_list(const struct status_screen *screen, const char *label, GPtrArray *items)
{
    GString *out = screen->out;
    glong column = LABEL;

    append_padded(out, label, LABEL);
    for (guint i = 0; i < items->len; i++) {
        const char *item = items->pdata[i];
        glong len = g_utf8_strlen(item, -1) + 2;
        if (i > 0 && column + len > screen->columns) {
            g_string_append_printf(out, ",\n%*s", LABEL, "");
            column = LABEL;
        } else if (i > 0) {
            g_string_append(out, ", ");
        }
        g_string_append(out, item);
        column += len;
    }
    g_string_append(out, items->len == 0 ? "none\n" : "\n");
    g_ptr_array_unref(items);
}

static GPtrArray *new_items(void)
{
    return g_ptr_array_new_with_free_func(g_free);
}

/* ---- what is wrong ---- */

enum { BEFORE_TEXT = 8 + 1 + 7 + 2, LEAST_TEXT = 24 };

/* On one screen a command stands without its --reason, which every order needs. g_free; NULL: there is none. */
static char *command_on_screen(const struct alarm *alarm)
{
    char *command = g_strdup(alarm->command);
    char *reason = command != NULL ? strstr(command, " --reason ") : NULL;

    if (reason != NULL)
        *reason = '\0';
    return command;
}

/* The columns that an alarm leaves for its text. *below: beside its command they would be too few, so that the command
 * stands in a line of its own. */
static glong room_of(const struct status_screen *screen, const struct alarm *alarm, bool *below)
{
    g_autofree char *command = command_on_screen(alarm);
    glong room = screen->columns - BEFORE_TEXT, beside = room - (command != NULL ? 2 + g_utf8_strlen(command, -1) : 0);

    *below = beside < LEAST_TEXT;
    return *below ? room : beside;
}

/* How wide the texts are, so that as many commands as possible stand below each other: a long text beside a short
 * command moves that command alone. */
static glong text_width(const struct status_screen *screen, const struct condition *condition, guint n)
{
    glong least = screen->columns, widest = 0;

    for (guint a = 0; a < n; a++) {
        const struct alarm *alarm = &g_array_index(condition->alarms, struct alarm, a);
        bool below;
        glong room = room_of(screen, alarm, &below);
        if (below)
            continue;
        least = MIN(least, room);
        widest = MAX(widest, g_utf8_strlen(alarm->text, -1));
    }
    return MIN(least, widest);
}

/* "CRITICAL   3 d  A102 mcc: it cannot be read: …   ecosgate doctor mcc". width: as far as texts are padded. */
static void append_alarm(const struct status_screen *screen, const struct alarm *alarm, int64_t now, glong width)
{
    GString *out = screen->out;
    bool below = false;
    glong room = room_of(screen, alarm, &below);
    char span[CONDITION_SPAN_SIZE] = "";
    g_autofree char *level =
        alarm->level == ALARM_CRITICAL ? g_strdup("CRITICAL") : g_strdup(alarm_level_name(alarm->level));
    g_autofree char *text = screen->all ? g_strdup(alarm->text) : fit(alarm->text, room);
    g_autofree char *command = screen->all ? g_strdup(alarm->command) : command_on_screen(alarm);

    if (alarm->since != 0)
        (void)condition_span(alarm->since, now, span);
    g_string_append_printf(out, "%-8s %7s  ", level, span);
    if (command == NULL) {
        g_string_append_printf(out, "%s\n", text);
        return;
    }
    if (below && !screen->all) {
        g_string_append_printf(out, "%s\n%*s%s\n", text, BEFORE_TEXT, "", command);
        return;
    }
    append_padded(out, text, width);
    g_string_append_printf(out, "  %s\n", command);
}

static void append_alarms(const struct status_screen *screen, const struct condition *condition)
{
    guint n = condition->alarms->len, shown = screen->all ? n : MIN(n, MOST_ALARMS);
    glong width = screen->all ? 0 : text_width(screen, condition, shown);
    GString *out = screen->out;

    if (condition_level(condition) == ALARM_NOTE)
        g_string_append(out, "nothing is wrong\n");
    for (guint a = 0; a < shown; a++)
        append_alarm(screen, &g_array_index(condition->alarms, struct alarm, a), condition->now, width);
    if (n > shown)
        g_string_append_printf(out, "… and %u more; 'ecosgate status --all' has them\n", n - shown);
}

/* ---- drops ---- */

/* "up", "DOWN 3 h (A102)", "paused 2 d". Why it is down, the alarm says. */
static void append_direction(GString *out, const struct direction *direction, int64_t now)
{
    char span[CONDITION_SPAN_SIZE];

    if (direction->down != 0)
        g_string_append_printf(out, "DOWN %s (%.4s)", condition_span(direction->down, now, span), direction->why);
    else if (direction->paused == 0)
        g_string_append(out, "up");
    if (direction->paused != 0)
        g_string_append_printf(out, "%spaused %s", direction->down != 0 ? ", " : "",
                               condition_span(direction->paused, now, span));
}

/* ", 2 wait, the oldest 3 min"; nothing for none, or if nobody can tell. */
static void append_files(GString *out, int64_t n, int64_t oldest, const char *what, int64_t now)
{
    char span[CONDITION_SPAN_SIZE];

    if (n > 0)
        g_string_append_printf(out, ", %" PRId64 " %s, the oldest %s", n, what, condition_span(oldest, now, span));
}

static char *in_text(const struct drop_condition *drop, int64_t now)
{
    GString *text = g_string_new(NULL);

    if (drop->transport == NULL)
        return g_string_free(g_string_append(text, "not in the configuration"), FALSE);
    append_direction(text, &drop->in, now);
    append_files(text, drop->waiting, drop->oldest_waiting, "wait", now);
    return g_string_free(text, FALSE);
}

static char *out_text(const struct drop_condition *drop, int64_t now)
{
    GString *text = g_string_new(NULL);

    append_direction(text, &drop->out, now);
    append_files(text, drop->owed, drop->oldest_owed, "not yet delivered", now);
    return g_string_free(text, FALSE);
}

static bool is_quiet(const struct drop_condition *drop)
{
    return drop->in.down == 0 && drop->out.down == 0 && drop->in.paused == 0 && drop->out.paused == 0 &&
           drop->waiting == 0 && drop->owed == 0;
}

/* What a line of drops has beside the texts. */
enum { AROUND_DROP = LABEL + 2 + 4 + 2 + 5, LONGEST_NAME = 24 };

static void append_drops(const struct status_screen *screen, const struct condition *condition)
{
    const GArray *drops = condition->drops;
    GString *out = screen->out;
    bool all = screen->all, leave_out = !all && drops->len > MOST_DROPS;
    glong name = 4, in = 2;
    guint quiet = 0;

    for (guint d = 0; d < drops->len; d++) {
        const struct drop_condition *drop = &g_array_index(drops, struct drop_condition, d);
        g_autofree char *text = in_text(drop, condition->now);
        name = MAX(name, g_utf8_strlen(drop->name, -1));
        in = MAX(in, g_utf8_strlen(text, -1));
    }
    name = all ? name : MIN(name, LONGEST_NAME);
    in = all ? in : MIN(in, (screen->columns - AROUND_DROP - name) / 2);
    for (guint d = 0; d < drops->len; d++) {
        const struct drop_condition *drop = &g_array_index(drops, struct drop_condition, d);
        if (leave_out && is_quiet(drop)) {
            quiet++;
            continue;
        }
        g_autofree char *called = fit(drop->name, name);
        g_autofree char *from = in_text(drop, condition->now), *to = out_text(drop, condition->now);
        g_autofree char *from_cut = fit(from, in);
        g_autofree char *to_cut = all ? g_strdup(to) : fit(to, screen->columns - AROUND_DROP - name - in);
        append_padded(out, d == 0 ? "drops" : "", LABEL);
        append_padded(out, called, name);
        g_string_append(out, "  in: ");
        append_padded(out, from_cut, in);
        g_string_append_printf(out, "  out: %s\n", to_cut);
    }
    if (quiet > 0)
        g_string_append_printf(out, "%*sdrops that are up, and where no file waits: %u\n", LABEL, "", quiet);
}

/* ---- figures ---- */

static void append_jobs(const struct status_screen *screen, const struct condition *condition)
{
    GPtrArray *items = new_items();

    for (int state = 0; state < JOB_STATE_COUNT; state++)
        if (condition->jobs[state] > 0)
            g_ptr_array_add(items, g_strdup_printf("%" PRId64 " %s", condition->jobs[state],
                                                   job_state_name((enum job_state)state)));
    if (condition->archived > 0)
        g_ptr_array_add(items, g_strdup_printf("%" PRId64 " in archives", condition->archived));
    append_list(screen, "jobs", items);
}

static void append_devices(const struct status_screen *screen, const struct condition *condition)
{
    GPtrArray *items = new_items();

    for (guint s = 0; s < condition->states->len; s++) {
        const struct state_count *count = &g_array_index(condition->states, struct state_count, s);
        g_ptr_array_add(items, g_strdup_printf("%" PRId64 " %s", count->n, count->name));
    }
    append_list(screen, "Devices", items);
}

static void append_incidents(GString *out, const struct condition *condition)
{
    g_string_append_printf(out, "%-*s%" PRId64 " of the gateway, %" PRId64 " of files, %" PRId64 " of Devices\n", LABEL,
                           "incidents", condition->system_incidents, condition->file_incidents,
                           condition->device_incidents);
}

static void append_disks(const struct status_screen *screen, const struct condition *condition)
{
    GPtrArray *items = new_items();

    for (guint d = 0; d < condition->disks->len; d++) {
        const struct disk_condition *disk = &g_array_index(condition->disks, struct disk_condition, d);
        g_ptr_array_add(items, g_strdup_printf("%s %" PRId64 " MiB free", disk->name, disk->free >> 20));
        g_ptr_array_add(items, g_strdup_printf("reserve %" PRId64, disk->reserve >> 20));
        g_autofree char *days = text_count(disk->days, "day");
        if (disk->days > 999)
            g_ptr_array_add(items, g_strdup("more than 999 days left"));
        else if (disk->days >= 0)
            g_ptr_array_add(items, g_strdup_printf("%s left", days));
    }
    append_list(screen, "disks", items);
}

static int by_next(const void *a, const void *b)
{
    const struct report_condition *x = *(const struct report_condition *const *)a,
                                  *y = *(const struct report_condition *const *)b;

    return x->next != y->next ? (x->next > y->next) - (x->next < y->next) : strcmp(x->ref, y->ref);
}

static void append_reports(const struct status_screen *screen, const struct condition *condition)
{
    g_autoptr(GPtrArray) due = g_ptr_array_new();
    GPtrArray *items = new_items();
    char at[INSTANT_TEXT_SIZE];

    for (guint r = 0; r < condition->reports->len; r++) {
        struct report_condition *report = &g_array_index(condition->reports, struct report_condition, r);
        if (report->next != 0)
            g_ptr_array_add(due, report);
    }
    g_ptr_array_sort(due, by_next);
    if (condition->pid != 0 && condition->last.building != 0) {
        instant_print(condition->last.building, at);
        g_ptr_array_add(items, g_strdup_printf("being built since %s", at));
    }
    for (guint r = 0; r < due->len && (screen->all || r < MOST_REPORTS); r++) {
        const struct report_condition *report = due->pdata[r];
        instant_print(report->next, at);
        g_ptr_array_add(items, g_strdup_printf("%s %s", report->ref, at));
    }
    append_list(screen, "reports", items);
}

/* ---- the whole ---- */

/* "running since …, process 17; last pass 60 s ago; ledger generation 3", in two lines where one is too short. */
static void append_life(const struct status_screen *screen, const struct gateway *gateway,
                        const struct condition *condition)
{
    const struct heartbeat *last = &condition->last;
    char at[INSTANT_TEXT_SIZE], span[CONDITION_SPAN_SIZE];

    g_autoptr(GString) line = g_string_new(condition->pid == 0 ? "not running" : "running");
    g_autofree char *ago = NULL, *generation = NULL;

    if (condition->pid != 0 && last->begun != 0) {
        instant_print(last->begun, at);
        g_string_append_printf(line, " since %s", at);
    }
    if (condition->pid > 0)
        g_string_append_printf(line, ", process %" PRId64, condition->pid);
    ago = last->at == 0 ? g_strdup("")
                        : g_strdup_printf("; last pass %s ago", condition_span(last->at, condition->now, span));
    generation = g_strdup_printf("; ledger generation %" PRId64, gateway->identity.generation);
    bool breaks = (glong)(line->len + strlen(ago) + strlen(generation)) > screen->columns;
    g_string_append_printf(screen->out, "%s%s%s%s\n", line->str, ago, breaks ? "\n" : "",
                           breaks ? generation + strlen("; ") : generation);
}

static void append_head(const struct status_screen *screen, const struct gateway *gateway,
                        const struct condition *condition)
{
    char at[INSTANT_TEXT_SIZE];
    GString *out = screen->out;

    instant_print(condition->now, at);
    g_string_append_printf(out, "ecosgate %s, %s %s, %s\n", PACKAGE_VERSION, gateway->config->org,
                           gateway->config->environment, at);
    append_life(screen, gateway, condition);
    g_autofree char *left = closing_left(gateway->config->retry.tcos_closes, condition->now);
    if (left != NULL) {
        instant_print(gateway->config->retry.tcos_closes, at);
        g_string_append_printf(out, "TCoS closes %s, left: %s\n", at, left);
    }
}

void status_text(const struct gateway *gateway, const struct condition *condition, const struct status_screen *screen)
{
    append_head(screen, gateway, condition);
    g_string_append_c(screen->out, '\n');
    append_alarms(screen, condition);
    g_string_append_c(screen->out, '\n');
    append_drops(screen, condition);
    append_jobs(screen, condition);
    append_devices(screen, condition);
    append_incidents(screen->out, condition);
    append_disks(screen, condition);
    append_reports(screen, condition);
}
