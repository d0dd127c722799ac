/*
 * The service manager that has started `run`, by the protocol of sd_notify(3): one datagram for each message to the
 * socket that NOTIFY_SOCKET names. Without that variable every call does nothing.
 *
 *   manager_init(&manager);
 *   manager_ready(&manager, "…");                       once spool and ledger are open, and after each reload
 *   manager_status(&manager, "…");                      after each pass
 *   manager_reloading(&manager) … manager_ready(&manager, "…");
 *   manager_stopping(&manager);
 *   manager_close(&manager);
 *
 * If the manager watches the process (WATCHDOG_USEC), manager_feed is called at each sign of progress (spool/pulse.h)
 * and says WATCHDOG=1 at most four times in that interval.
 *
 * The protocol was written by hand: five messages. libsystemd would bring its own libraries into the package.
 */
#ifndef ECOSGATE_GATEWAY_COMMANDS_RUN_MANAGER_H
#define ECOSGATE_GATEWAY_COMMANDS_RUN_MANAGER_H

#include <stdint.h>

struct manager {
    int fd;        /* a datagram socket that is connected; -1: there is no manager */
    int64_t every; /* microseconds between two WATCHDOG=1; 0: it does not watch */
    int64_t fed;   /* monotonic microseconds of the last one */
};

/* Reads the environment. A socket that cannot be reached is no manager, and is told on standard error. */
void manager_init(struct manager *manager);
/* The gateway works. text: its state in a few words. */
void manager_ready(const struct manager *manager, const char *text);
/* How far the gateway is, in a few words. */
void manager_status(const struct manager *manager, const char *text);
/* The configuration is being read again. */
void manager_reloading(const struct manager *manager);
/* The gateway ends. */
void manager_stopping(const struct manager *manager);
/* A struct manager as a pulse_listener: tells that the gateway makes progress. */
void manager_feed(void *manager);
/* The longest time in microseconds that the gateway may wait without manager_feed. */
int64_t manager_patience(const struct manager *manager);
/* Ends the connection. Allowed without one. */
void manager_close(struct manager *manager);

#endif
