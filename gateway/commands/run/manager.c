/*
 * A state and a sign of progress are lost if the manager's queue is full: a newer one follows. A manager that never
 * learns of READY would end the gateway, so the others wait for room, for some seconds.
 */
#include "gateway/commands/run/manager.h"

#include "gateway/clock.h"
#include "gateway/gateway.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    FEEDS = 4,        /* in the interval that the manager allows */
    WAIT_SECONDS = 5, /* for room in its queue */
};

/* The address that NOTIFY_SOCKET names: a path, or "@name" in the abstract space. 0: it is none. */
static socklen_t address_of(const char *name, struct sockaddr_un *address)
{
    size_t len = strlen(name);

    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if ((name[0] != '/' && name[0] != '@') || len < 2 || len >= sizeof address->sun_path)
        return 0;
    memcpy(address->sun_path, name, len);
    if (name[0] == '@')
        address->sun_path[0] = '\0';
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
}

static int connect_to(const char *name)
{
    struct sockaddr_un address;
    socklen_t len = address_of(name, &address);
    const struct timeval patience = {.tv_sec = WAIT_SECONDS};
    int fd = len > 0 ? socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) : -1;

    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) == 0 &&
        connect(fd, (const struct sockaddr *)&address, len) == 0)
        return fd;
    log_event(LOG(EVENT_MANAGER_DEAF),
              "the service manager cannot be told anything: NOTIFY_SOCKET=%s: %s; expected the path of a datagram "
              "socket that the gateway's user may write to",
              name, len > 0 ? g_strerror(errno) : "no path of a socket");
    if (fd >= 0)
        (void)close(fd); /* nothing was sent */
    return -1;
}

/* A watch that is meant for another process (a shell between the manager and us) is none. */
static int64_t watch_interval(void)
{
    const char *interval = g_getenv("WATCHDOG_USEC"), *pid = g_getenv("WATCHDOG_PID");
    gint64 microseconds, whose;

    if (interval == NULL || !g_ascii_string_to_signed(interval, 10, 1, G_MAXINT64, &microseconds, NULL))
        return 0;
    if (pid != NULL && (!g_ascii_string_to_signed(pid, 10, 1, G_MAXINT, &whose, NULL) || whose != getpid()))
        return 0;
    return MAX(microseconds / FEEDS, 1);
}

void manager_init(struct manager *manager)
{
    const char *name = g_getenv("NOTIFY_SOCKET");

    *manager = (struct manager){.fd = name != NULL && *name != '\0' ? connect_to(name) : -1};
    if (manager->fd >= 0)
        manager->every = watch_interval();
}

/* flags: MSG_DONTWAIT or 0. */
static void say(const struct manager *manager, const char *message, int flags)
{
    if (manager->fd >= 0 && send(manager->fd, message, strlen(message), MSG_NOSIGNAL | flags) < 0)
        return; /* it does not listen: nothing can be done about that */
}

void manager_ready(const struct manager *manager, const char *text)
{
    g_autofree char *message = g_strdup_printf("READY=1\nSTATUS=%s", text);

    say(manager, message, 0);
}

void manager_status(const struct manager *manager, const char *text)
{
    g_autofree char *message = g_strdup_printf("STATUS=%s", text);

    say(manager, message, MSG_DONTWAIT);
}

void manager_reloading(const struct manager *manager)
{
    g_autofree char *message = g_strdup_printf(
        "RELOADING=1\nMONOTONIC_USEC=%" G_GINT64_FORMAT "\nSTATUS=reads the configuration again", clock_monotonic());

    say(manager, message, 0);
}

void manager_stopping(const struct manager *manager)
{
    say(manager, "STOPPING=1\nSTATUS=stops", 0);
}

void manager_feed(void *user)
{
    struct manager *manager = user;
    int64_t now = manager->every > 0 ? clock_monotonic() : 0;

    if (manager->every == 0 || now - manager->fed < manager->every)
        return;
    manager->fed = now;
    say(manager, "WATCHDOG=1", MSG_DONTWAIT);
}

int64_t manager_patience(const struct manager *manager)
{
    return manager->every > 0 ? manager->every : G_MAXINT64;
}

void manager_close(struct manager *manager)
{
    if (manager->fd >= 0)
        (void)close(manager->fd); /* a datagram is sent or not; nothing waits */
    *manager = (struct manager){.fd = -1};
}
