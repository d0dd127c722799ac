/*
 * The command `spool verify`: prints what verify.c finds, and the sums.
 */
#include "formats/text.h"
#include "gateway/commands/output.h"
#include "gateway/commands/run/progress.h"
#include "gateway/commands/read_access.h"
#include "gateway/commands/verify/verify.h"
#include "gateway/clock.h"
#include "gateway/condition/verified.h"

#include <stdio.h>

/* How problems and progress are shown. */
struct display {
    bool json;
    struct progress progress;
};

static void show_progress(void *user, const char *what, uint64_t done, uint64_t total)
{
    struct display *display = user;

    progress_show(&display->progress, what, done, total);
}

static void print_problem(void *user, int64_t job, const char *text)
{
    struct display *display = user;

    progress_clear(&display->progress);
    if (!display->json) {
        if (job != 0)
            printf("%08" G_GINT64_FORMAT ": ", job);
        puts(text);
        return;
    }
    json_t *object = json_object();
    output_set(object, "job", job != 0 ? command_json_job(job) : NULL);
    output_set_text(object, "fault", text);
    command_print_json(object);
}

static void print_json(const struct verify_sums *sums)
{
    json_t *object = json_object();

    output_set(object, "sound", json_boolean(sums->problems == 0));
    output_set_number(object, "jobs", sums->jobs);
    output_set_number(object, "devices", sums->devices);
    output_set_number(object, "accepted", sums->accepted);
    output_set_number(object, "rejected", sums->rejected);
    output_set_number(object, "deferred", sums->deferred);
    output_set_number(object, "faults", sums->problems);
    command_print_json(object);
}

static void print_text(const struct verify_sums *sums)
{
    if (sums->problems > 0)
        printf("NOT SOUND, faults: %" G_GINT64_FORMAT "; ", sums->problems);
    else
        printf("sound: ");
    g_autofree char *jobs = text_count(sums->jobs, "job"), *devices = text_count(sums->devices, "Device");
    printf("%s, %s in = %" G_GINT64_FORMAT " accepted + %" G_GINT64_FORMAT " rejected + %" G_GINT64_FORMAT
           " deferred\n",
           jobs, devices, sums->accepted, sums->rejected, sums->deferred);
}

/* For monitoring. Who may only read the spool leaves no trace there: the timer of the service does. */
static void record_end(const struct config *config, const struct verify_sums *sums)
{
    const struct verified verified = {clock_now(), sums->problems};
    g_autoptr(GError) ignored = NULL;

    (void)verified_write(config->spool, &verified, &ignored);
}

int command_spool_verify(struct invocation *invocation)
{
    struct display display = {.json = invocation->json};
    struct verify_sums sums = {0};
    struct read_access access;
    GError *error = NULL;

    if (!command_arguments(invocation, NULL, 0, 0) || !read_access_open(&access, invocation))
        return EXIT_UNABLE;
    progress_init(&display.progress);
    access.gateway.on_progress = show_progress;
    access.gateway.progress_user = &display;
    bool done = verify_all(&access.gateway, print_problem, &display, &sums, &error);
    progress_clear(&display.progress);
    if (done)
        record_end(access.config, &sums);
    read_access_close(&access);
    if (!done)
        return command_unable(error);
    if (invocation->json)
        print_json(&sums);
    else
        print_text(&sums);
    return sums.problems == 0 ? EXIT_GOOD : EXIT_REFUSED;
}
