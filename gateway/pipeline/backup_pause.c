/* Polls a lock instead of waiting for it: a wait has a limit then, and a signal that ends the gateway is seen. */
#include "gateway/pipeline/backup_pause.h"

#include "gateway/clock.h"
#include "spool/freeze.h"

enum { LONGEST_SECONDS = 30, POLL_US = 2000 };

/* A lock file that cannot be looked at is one that no backup of the gateway's user has made. */
static bool asked(const struct gateway *gateway)
{
    bool yes = false;

    return freeze_asked(gateway->spool, &yes, NULL) && yes;
}

static void stand_still(const struct gateway *gateway)
{
    int64_t until = clock_monotonic() + LONGEST_SECONDS * G_USEC_PER_SEC;

    while (asked(gateway) && !gateway_stopping(gateway)) {
        if (clock_monotonic() > until) {
            gateway_note("a backup has kept the gateway waiting for %d seconds; the gateway goes on, and the backup "
                         "begins again or ends",
                         LONGEST_SECONDS);
            break;
        }
        g_usleep(POLL_US);
    }
}

void backup_pause(const struct gateway *gateway)
{
    g_autoptr(GError) error = NULL;

    if (!asked(gateway))
        return;
    if (freeze_begin(gateway->spool, &error))
        stand_still(gateway);
    /* Removed also after a failure: a file that stays would say that we stand still. */
    if (!freeze_finish(gateway->spool, error == NULL ? &error : NULL) || error != NULL)
        gateway_note("a backup waits in vain: %s", error != NULL ? error->message : "");
}
