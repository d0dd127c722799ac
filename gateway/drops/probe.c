/*
 * The findings that probes of all transports share. A difference of clocks is only a note: nothing is decided by the
 * drop's clock, but people compare the times of files.
 */
#include "gateway/drops/probe.h"

#include "formats/text.h"
#include "gateway/clock.h"

/* Seconds, and bytes. */
enum { CLOCK_TOLERANCE = 60, MIB = 1024 * 1024 };

void probe_say(const struct probe *probe, const char *name, enum probe_result result, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    probe->tell(probe->user, name, result, valid);
}

void probe_fail(const struct probe *probe, const char *name, GError *error)
{
    probe_say(probe, name, PROBE_BAD, "%s", error->message);
    g_error_free(error);
}

void probe_say_rights(const struct probe *probe)
{
    const struct file_rights *rights = &probe->drop->file_rights;
    g_autofree char *mode = rights->mode != 0 ? g_strdup_printf(" mode %04o", rights->mode) : g_strdup("");
    g_autofree char *group = rights->has_group ? g_strdup_printf(" gid %u", rights->group) : g_strdup("");

    probe_say(probe, "rights", PROBE_GOOD, "a file gets%s%s%s", mode, *mode != '\0' && *group != '\0' ? " and" : "",
              group);
}

void probe_say_space(const struct probe *probe, uint64_t bytes)
{
    if (bytes < MIB)
        probe_say(probe, "space", PROBE_BAD, "%" G_GUINT64_FORMAT " bytes are left, expected at least 1 MiB; make room",
                  bytes);
    else
        probe_say(probe, "space", PROBE_GOOD, "%" G_GUINT64_FORMAT " MiB are left", bytes / MIB);
}

void probe_say_clock(const struct probe *probe, int64_t theirs)
{
    int64_t ahead = theirs - clock_now();
    g_autofree char *seconds = text_count(ABS(ahead), "second");

    if (theirs == 0)
        probe_say(probe, "clock", PROBE_NOTE, "the drop does not say when a file was written");
    else if (ahead >= -CLOCK_TOLERANCE && ahead <= CLOCK_TOLERANCE)
        probe_say(probe, "clock", PROBE_GOOD, "%s %s ours", seconds, ahead >= 0 ? "ahead of" : "behind");
    else
        probe_say(probe, "clock", PROBE_NOTE,
                  "%s %s ours; the times of files there mislead people, the gateway goes by its own clock", seconds,
                  ahead > 0 ? "ahead of" : "behind");
}

char *probe_pickup_text(const struct drop *drop, const char *after)
{
    switch (drop->complete) {
    case COMPLETE_CLOSED:
        return g_strdup_printf(
            "a file is whole once no process has it open for writing, and %s once it is in the spool", after);
    case COMPLETE_MARKER:
        return g_strdup_printf("a file is whole once its marker is there, and %s once it is in the spool", after);
    case COMPLETE_AT_ONCE:
        return g_strdup_printf("a file is whole as soon as it is seen, and %s once it is in the spool", after);
    case COMPLETE_STABLE:
        break;
    }
    g_autofree char *seconds = text_count(drop->stable_seconds, "second");
    return g_strdup_printf(
        "a file is whole once its size and time stay the same for %s, and %s once it is in the spool", seconds, after);
}
