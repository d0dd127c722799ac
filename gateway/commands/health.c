/*
 * The command `health`: the worst of what `status` says, in one line and with the exit status that monitoring plugins
 * have. Monitoring knows nothing of the other exit statuses, so that every failure is UNKNOWN here.
 */
#include "formats/text.h"
#include "gateway/commands/command.h"
#include "gateway/commands/output.h"
#include "gateway/commands/read_access.h"
#include "gateway/condition/condition.h"

#include <inttypes.h>
#include <stdio.h>

enum { LONGEST = 31536000, EXIT_UNKNOWN = 3 };

/* By the level of the worst alarm: its exit status is its place. */
static const char *const words[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};

static int unknown(const struct invocation *invocation, const char *text)
{
    if (!invocation->json)
        printf("%s: %s\n", words[EXIT_UNKNOWN], text);
    return EXIT_UNKNOWN;
}

/* What is wrong first; '|' would begin the figures. g_free. */
static char *text_of(const struct condition *condition)
{
    char span[CONDITION_SPAN_SIZE];
    guint n = 0;

    while (n < condition->alarms->len && g_array_index(condition->alarms, struct alarm, n).level > ALARM_NOTE)
        n++;
    g_autofree char *drops = text_count(condition->drops->len, "drop");
    if (n == 0)
        return g_strdup_printf("the last pass ended %s ago, %s",
                               condition_span(condition->last.at, condition->now, span), drops);
    GString *text = g_string_new(g_array_index(condition->alarms, struct alarm, 0).text);
    if (n > 1)
        g_string_append_printf(text, " (and %u more: ecosgate status)", n - 1);
    (void)g_string_replace(text, "|", "/", 0);
    return g_string_free(text, FALSE);
}

/* A new reference: the figures, by the names that the line has. */
static json_t *figures_of(const struct condition *condition)
{
    json_t *figures = json_object();
    int64_t down = 0, waiting = 0, owed = 0;

    for (guint d = 0; d < condition->drops->len; d++) {
        const struct drop_condition *drop = &g_array_index(condition->drops, struct drop_condition, d);
        down += drop->in.down != 0 || drop->out.down != 0;
        waiting += MAX(drop->waiting, 0);
        owed += drop->owed;
    }
    output_set_number(figures, "pass_age", condition->last.at != 0 ? MAX(condition->now - condition->last.at, 0) : -1);
    output_set_number(figures, "drops_down", down);
    output_set_number(figures, "waiting", waiting);
    output_set_number(figures, "owed", owed);
    output_set_number(figures, "corrupt", condition->jobs[JOB_CORRUPT]);
    output_set_number(figures, "held", condition->jobs[JOB_HELD]);
    output_set_number(figures, "incidents_system", condition->system_incidents);
    output_set_number(figures, "incidents_files", condition->file_incidents);
    output_set_number(figures, "incidents_devices", condition->device_incidents);
    for (guint d = 0; d < condition->disks->len; d++) {
        const struct disk_condition *disk = &g_array_index(condition->disks, struct disk_condition, d);
        g_autofree char *free_name = g_strdup_printf("free_mib_%s", disk->name);
        g_autofree char *days_name = g_strdup_printf("days_left_%s", disk->name);
        output_set_number(figures, free_name, disk->free >> 20);
        output_set_number(figures, days_name, disk->days);
    }
    return figures;
}

/* "TEXT | pass_age=12;;600 drops_down=0 …". A figure that nobody can tell is -1, and left out. */
static void print_line(int level, const char *text, const json_t *figures, const struct health_rules *rules)
{
    const char *name;
    json_t *value;

    printf("%s: %s |", words[level], text);
    json_object_foreach((json_t *)figures, name, value)
    {
        json_int_t n = json_integer_value(value);
        if (n < 0)
            continue;
        printf(" %s=%" JSON_INTEGER_FORMAT, name, n);
        if (g_str_equal(name, "pass_age"))
            printf("s;;%" PRId64, rules->max_age);
        else if (g_str_has_prefix(name, "days_left_"))
            printf(";%" PRId64 ":", rules->disk_days);
    }
    putchar('\n');
}

static void print(const struct invocation *invocation, const struct condition *condition,
                  const struct health_rules *rules)
{
    int level = (int)condition_level(condition);
    g_autofree char *text = text_of(condition);
    json_t *figures = figures_of(condition);

    if (!invocation->json) {
        print_line(level, text, figures, rules);
        json_decref(figures);
        return;
    }
    json_t *object = json_object();
    output_set_text(object, "health", words[level]);
    output_set_text(object, "text", text);
    output_set(object, "counts", figures);
    command_print_json(object);
}

/* The thresholds that the options give; 0: as configured. */
struct thresholds {
    int max_age, drop_down, disk_days;
};

static bool set_thresholds(const struct thresholds *given, struct health_rules *rules)
{
    if (given->max_age < 0 || given->drop_down < 0 || given->disk_days < 0 || given->drop_down > LONGEST / 60) {
        g_printerr("ecosgate: health: expected thresholds above 0\n");
        return false;
    }
    rules->max_age = given->max_age > 0 ? given->max_age : rules->max_age;
    rules->drop_down = given->drop_down > 0 ? 60 * (int64_t)given->drop_down : rules->drop_down;
    rules->disk_days = given->disk_days > 0 ? given->disk_days : rules->disk_days;
    return true;
}

int command_health(struct invocation *invocation)
{
    struct thresholds given = {0};
    const GOptionEntry entries[] = {
        {"max-age", 0, 0, G_OPTION_ARG_INT, &given.max_age, "alarm S seconds after the last pass (max_age)", "S"},
        {"drop-down", 0, 0, G_OPTION_ARG_INT, &given.drop_down,
         "alarm once a drop is down, or a file waits, for so long (drop_down)", "MINUTES"},
        {"disk-days", 0, 0, G_OPTION_ARG_INT, &given.disk_days, "alarm if a disk will be full within DAYS (disk_days)",
         "DAYS"},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    struct read_access access;
    struct condition condition;
    GError *error = NULL;

    if (!command_arguments(invocation, entries, 0, 0))
        return unknown(invocation, "wrong call; standard error says what");
    if (!read_access_open(&access, invocation))
        return unknown(invocation, "the gateway's home cannot be read; standard error says why");
    bool good = set_thresholds(&given, &access.config->health);
    good = good && condition_look(&access.gateway, true, &condition, &error);
    int status = EXIT_UNKNOWN;
    if (good) {
        print(invocation, &condition, &access.config->health);
        status = (int)condition_level(&condition);
        condition_clear(&condition);
    }
    read_access_close(&access);
    if (error != NULL)
        (void)command_unable(error); /* prints and frees it */
    return good ? status : unknown(invocation, "the condition cannot be told; standard error says why");
}
