/* Polls a lock instead of waiting for it: a wait has a limit then, and a signal that ends the gateway is seen. */
#include "gateway/pipeline/recovery/backup_pause.h"

#include "gateway/clock.h"
#include "spool/freeze.h"
#include "spool/pulse.h"

/* PATIENCE: how long a backup that has used up its time is not waited for. It may have been stopped (SIGSTOP) with its
 * lock, and the gateway would stand still before each job. Its own patience is longer (gateway/commands/backup.c). */
enum { LONGEST_SECONDS = 30, PATIENCE_SECONDS = 300, POLL_US = 2000 };

/* The process that asks; 0: none. A lock file that cannot be looked at is one that no backup of the gateway's user has
 * made. */
static int64_t asker(const struct gateway *gateway)
{
    int64_t pid = 0;

    return freeze_asked(gateway->spool, &pid, NULL) ? pid : 0;
}

static void stand_still(struct gateway *gateway, int64_t first)
{
    int64_t begun = clock_monotonic(), pid;

    while ((pid = asker(gateway)) != 0 && !gateway_stopping(gateway)) {
        if (clock_monotonic() - begun > LONGEST_SECONDS * G_USEC_PER_SEC) {
            g_autofree char *who = pid > 0 ? g_strdup_printf(" (process %" G_GINT64_FORMAT ")", pid) : g_strdup("");
            log_event(LOG(EVENT_BACKUP_SLOW),
                      "a backup%s has kept the gateway waiting for %d seconds; the gateway goes on, and does not "
                      "wait for it again within %d seconds; if that process does not move, end it",
                      who, LONGEST_SECONDS, PATIENCE_SECONDS);
            gateway->slow_backup.pid = pid;
            gateway->slow_backup.until = clock_monotonic() + PATIENCE_SECONDS * G_USEC_PER_SEC;
            return;
        }
        pulse();
        g_usleep(POLL_US);
    }
    if (pid == 0)
        log_event(LOG(EVENT_BACKUP),
                  "a backup (process %" G_GINT64_FORMAT ") had its moment; the gateway stood still for "
                  "%.1f s",
                  first, (double)(clock_monotonic() - begun) / G_USEC_PER_SEC);
}

void backup_pause(struct gateway *gateway)
{
    g_autoptr(GError) error = NULL;
    int64_t pid = asker(gateway);

    if (pid == 0 || (pid == gateway->slow_backup.pid && clock_monotonic() < gateway->slow_backup.until))
        return;
    if (freeze_begin(gateway->spool, &error))
        stand_still(gateway, pid);
    /* Removed also after a failure: a file that stays would say that we stand still. */
    if (!freeze_finish(gateway->spool, error == NULL ? &error : NULL) || error != NULL)
        log_event(LOG(EVENT_BACKUP_SLOW), "a backup waits in vain: %s", error != NULL ? error->message : "");
}
