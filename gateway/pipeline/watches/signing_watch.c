/* The last try of a pass counts: a key that comes back within it leaves nothing waiting. */
#include "gateway/pipeline/watches/signing_watch.h"

#include "gateway/pipeline/outage.h"

bool signing_watch(struct gateway *gateway, GError **error)
{
    g_autofree char *text = NULL;

    if (gateway->unsigned_for != NULL)
        text = g_strdup_printf("outgoing files wait, for they cannot be signed: %s", gateway->unsigned_for);
    return outage_commit_incident(gateway, "A120", "signing", text, error);
}
