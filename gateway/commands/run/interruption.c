/* The handler sets a flag and nothing else. */
#include "gateway/commands/run/interruption.h"

#include <signal.h>
#include <stddef.h>

static volatile bool interrupted;

static void on_signal(int signal_number)
{
    (void)signal_number; /* both mean: end at the next safe point */
    interrupted = true;
}

const volatile bool *interruption_catch(void)
{
    struct sigaction action = {.sa_handler = on_signal};

    sigemptyset(&action.sa_mask);
    (void)sigaction(SIGTERM, &action, NULL); /* cannot fail for these */
    (void)sigaction(SIGINT, &action, NULL);
    return &interrupted;
}
