/* One listener of one thread: the workers' transfers say nothing of the thread that commits. */
#include "spool/pulse.h"

#include <stddef.h>

static _Thread_local pulse_listener *listens;
static _Thread_local void *listens_with;

void pulse_listen(pulse_listener *listener, void *user)
{
    listens = listener;
    listens_with = user;
}

void pulse(void)
{
    if (listens != NULL)
        listens(listens_with);
}
