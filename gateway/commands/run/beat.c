/* Busy passes follow each other closely, and one write a second tells enough. */
#include "gateway/commands/run/beat.h"

#include "gateway/clock.h"
#include "gateway/condition/heartbeat.h"

static struct heartbeat heartbeat;
static bool changed;    /* what is not written yet must not wait */
static int64_t written; /* monotonic microseconds: when the file was written last; 0: not yet */

/* A heartbeat that cannot be written stops nothing: its age will show it. */
static void write_heartbeat(const struct config *config)
{
    g_autoptr(GError) ignored = NULL;

    (void)heartbeat_write(config->spool, &heartbeat, &ignored);
    written = clock_monotonic();
    changed = false;
}

void beat_begin(const struct config *config, bool once)
{
    heartbeat_read(config->spool, &heartbeat);
    heartbeat.begun = clock_now();
    heartbeat.passes = (struct heartbeat_passes){0};
    heartbeat.once = once;
    heartbeat.building = 0;
    if (!once)
        write_heartbeat(config);
}

void beat(const struct config *config, const char *cause)
{
    bool news = changed || g_strcmp0(heartbeat.cause, cause) != 0 || heartbeat.at == 0;

    heartbeat.at = clock_now();
    if (news) {
        g_free(heartbeat.cause);
        heartbeat.cause = g_strdup(cause);
    }
    if (news || heartbeat.once || clock_monotonic() - written >= G_USEC_PER_SEC)
        write_heartbeat(config);
}

void beat_pass(int64_t microseconds)
{
    heartbeat_count(&heartbeat.passes, microseconds);
}

void beat_building(int64_t at)
{
    changed |= heartbeat.building != at;
    heartbeat.building = at;
}

void beat_file(const struct config *config, enum heartbeat_kept which, const char *cause)
{
    struct heartbeat_file *file = &heartbeat.files[which];

    if (g_strcmp0(file->cause, cause) == 0)
        return;
    if (file->cause == NULL)
        file->since = clock_now();
    g_free(file->cause);
    file->cause = g_strdup(cause);
    write_heartbeat(config);
}

void beat_end(void)
{
    heartbeat_clear(&heartbeat);
}
