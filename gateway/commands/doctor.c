/*
 * The command `doctor`: probes the drops and says what the gateway can do there and how it will. It needs no
 * spool, and may run beside the gateway.
 */
#include "gateway/commands/doctor.h"

#include "gateway/clock.h"
#include "gateway/commands/command.h"
#include "gateway/commands/output.h"

#include <stdio.h>
#include <string.h>

enum { MOST_ROWS = 100, CLOCK_TOLERANCE = 60, LEAST_SPACE = 1024 * 1024 };

static const char *const result_names[] = {"good", "note", "bad"};

/* ---- saying ---- */

void doctor_say(struct doctor *doctor, const char *probe, enum doctor_result result, const char *format, ...)
{
    json_t *row = json_object();
    va_list args;

    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    output_set_text(row, "drop", doctor->drop->name);
    output_set_text(row, "probe", probe);
    output_set_text(row, "result", result_names[result]);
    output_set_text(row, "text", valid);
    (void)json_array_append_new(doctor->rows, row); /* memory aborts */
    doctor->unfit = doctor->unfit || result == DOCTOR_BAD;
}

void doctor_fail(struct doctor *doctor, const char *probe, GError *error)
{
    doctor_say(doctor, probe, DOCTOR_BAD, "%s", error->message);
    g_error_free(error);
}

void doctor_say_space(struct doctor *doctor, uint64_t bytes)
{
    if (bytes < LEAST_SPACE)
        doctor_say(doctor, "space", DOCTOR_BAD, "%" G_GUINT64_FORMAT " bytes are left; make room", bytes);
    else
        doctor_say(doctor, "space", DOCTOR_GOOD, "%" G_GUINT64_FORMAT " MiB are left", bytes / LEAST_SPACE);
}

void doctor_say_clock(struct doctor *doctor, int64_t theirs)
{
    int64_t ahead = theirs - clock_now();

    if (theirs == 0)
        doctor_say(doctor, "clock", DOCTOR_NOTE, "the drop does not say when a file was written");
    else if (ahead >= -CLOCK_TOLERANCE && ahead <= CLOCK_TOLERANCE)
        doctor_say(doctor, "clock", DOCTOR_GOOD, "%" G_GINT64_FORMAT " seconds ahead of ours", ahead);
    else
        doctor_say(doctor, "clock", DOCTOR_NOTE,
                   "%" G_GINT64_FORMAT
                   " seconds %s ours; times of files mislead people, the gateway goes by its own clock",
                   ABS(ahead), ahead > 0 ? "ahead of" : "behind");
}

char *doctor_pickup_text(const struct drop *drop)
{
    const char *after = drop->transport == TRANSPORT_SFTP && *drop->taken != '\0' ? "moved" : "removed";

    switch (drop->complete) {
    case COMPLETE_CLOSED:
        return g_strdup_printf("a file is whole once nobody has it open for writing, and %s once it is in the spool",
                               after);
    case COMPLETE_MARKER:
        return g_strdup_printf("a file is whole once its marker is there, and %s once it is in the spool", after);
    case COMPLETE_AT_ONCE:
        return g_strdup_printf("a file is whole as soon as it is seen, and %s once it is in the spool", after);
    case COMPLETE_STABLE:
        break;
    }
    return g_strdup_printf("a file is whole once its size and time stay the same for %" G_GINT64_FORMAT
                           " seconds, and %s once it is in the spool",
                           drop->stable_seconds, after);
}

/* ---- the command ---- */

static void print_rows(const struct invocation *invocation, const struct doctor *doctor)
{
    static const char *const columns[] = {"probe", "result", "text", NULL};
    const json_t *row;
    size_t i;

    if (!invocation->json) {
        printf("%s (%s): %s\n", doctor->drop->name, doctor->drop->transport == TRANSPORT_SFTP ? "sftp" : "local",
               doctor->unfit ? "unfit" : "fit");
        output_table(doctor->rows, columns, MOST_ROWS, "  ");
        return;
    }
    json_array_foreach(doctor->rows, i, row) command_print_json(json_incref((json_t *)row));
}

/* False: unfit. */
static bool probe(const struct invocation *invocation, const struct drop *drop)
{
    struct doctor doctor = {
        .drop = drop, .rows = json_array(), .token = g_strdup_printf("%08x%08x", g_random_int(), g_random_int())};

    if (drop->transport == TRANSPORT_SFTP)
        doctor_probe_sftp(&doctor);
    else
        doctor_probe_local(&doctor);
    print_rows(invocation, &doctor);
    (void)fflush(stdout); /* the next drop may take its time; the end of the program tells a closed output */
    json_decref(doctor.rows);
    g_free(doctor.token);
    return !doctor.unfit;
}

static int probe_all(const struct invocation *invocation, const struct config *config, const char *only)
{
    bool fit = true;

    if (only != NULL && config_drop(config, only) == NULL) {
        g_printerr("ecosgate: doctor: there is no [drop %s] in the configuration\n", only);
        return EXIT_REFUSED;
    }
    for (guint i = 0; i < config->drops->len; i++) {
        const struct drop *drop = config->drops->pdata[i];
        if (only == NULL || strcmp(only, drop->name) == 0)
            fit = probe(invocation, drop) && fit;
    }
    return fit ? EXIT_GOOD : EXIT_REFUSED;
}

int command_doctor(struct invocation *invocation)
{
    GError *error = NULL;

    if (!command_arguments(invocation, NULL, 0, 1))
        return EXIT_UNABLE;
    g_autoptr(config_t) config = config_load(invocation->config_path, &error);
    if (config == NULL)
        return command_unable(error);
    return probe_all(invocation, config, invocation->argc > 0 ? invocation->argv[0] : NULL);
}
