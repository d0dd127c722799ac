/*
 * The lock guards the members of the folders; no call of the system is made under it but inotify_rm_watch, which asks
 * for no path.
 */
#include "gateway/commands/run/folder_watch.h"

#include "formats/text.h"
#include "gateway/clock.h"
#include "gateway/gateway.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

/* Microseconds: between two rounds of the thread, and how long its end is waited for. */
enum { SECOND = 1000000, ROUND = SECOND, ENDING = SECOND };

static const uint32_t EVENTS = IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE;

struct folder {
    char *label, *path;
    int watch;  /* descriptor of the watch; -1: none */
    int errnum; /* why there is none; 0: there is one */
    int noted;  /* the errnum of the newest message */
};

struct folder_watch {
    GPtrArray *folders; /* struct folder; fixed once the thread runs */
    int64_t interval;   /* seconds */
    int inotify;        /* -1: none */
    int changed;        /* eventfd: which folders are watched has changed; -1: none */
    GThread *thread;    /* NULL: none */
    GMutex lock;        /* guards what follows, and watch and errnum of the folders */
    GCond wake;
    bool replaced;      /* a folder is watched that was not watched before */
    bool ending, ended; /* the thread shall end; it has ended */
};

static void free_folder(gpointer user)
{
    struct folder *folder = user;

    g_free(folder->label);
    g_free(folder->path);
    g_free(folder);
}

struct folder_watch *folder_watch_new(void)
{
    struct folder_watch *watch = g_new0(struct folder_watch, 1);

    watch->folders = g_ptr_array_new_with_free_func(free_folder);
    watch->inotify = watch->changed = -1;
    g_mutex_init(&watch->lock);
    g_cond_init(&watch->wake);
    return watch;
}

void folder_watch_add(struct folder_watch *watch, const char *label, const char *path)
{
    struct folder *folder = g_new(struct folder, 1);

    *folder = (struct folder){g_strdup(label), g_strdup(path), -1, 0, 0};
    g_ptr_array_add(watch->folders, folder);
}

/* ---- one round ---- */

/* Watches what stands at the path now. True if anything is new about that. */
static bool renew(struct folder_watch *watch, struct folder *folder)
{
    int descriptor = inotify_add_watch(watch->inotify, folder->path, EVENTS | IN_ONLYDIR);
    int errnum = descriptor < 0 ? errno : 0;

    g_mutex_lock(&watch->lock);
    int before = folder->watch;
    bool changed = descriptor != before || errnum != folder->errnum;
    folder->watch = descriptor;
    folder->errnum = errnum;
    watch->replaced |= descriptor >= 0 && descriptor != before;
    /* The folder that stood there may still exist. If another drop has it, too, the next round watches it again. */
    if (before >= 0 && before != descriptor)
        (void)inotify_rm_watch(watch->inotify, before); /* fails where the kernel has removed it already */
    g_mutex_unlock(&watch->lock);
    return changed;
}

/* There is no inotify descriptor: no folder is watched. True if that is new. */
static bool fail_all(struct folder_watch *watch, int errnum)
{
    bool changed = false;

    g_mutex_lock(&watch->lock);
    for (guint i = 0; i < watch->folders->len; i++) {
        struct folder *folder = watch->folders->pdata[i];
        changed |= folder->errnum != errnum;
        folder->errnum = errnum;
    }
    g_mutex_unlock(&watch->lock);
    return changed;
}

/* True if anything is new about which folders are watched. */
static bool renew_all(struct folder_watch *watch)
{
    bool changed = false;

    if (watch->inotify < 0) {
        int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
        if (fd < 0)
            return fail_all(watch, errno);
        g_atomic_int_set(&watch->inotify, fd);
    }
    for (guint i = 0; i < watch->folders->len; i++)
        changed |= renew(watch, watch->folders->pdata[i]);
    return changed;
}

/* ---- the thread ---- */

static void *work(void *user)
{
    const uint64_t one = 1;
    struct folder_watch *watch = user;

    g_mutex_lock(&watch->lock);
    while (!watch->ending) {
        if (g_cond_wait_until(&watch->wake, &watch->lock, clock_monotonic() + ROUND))
            continue;
        g_mutex_unlock(&watch->lock);
        bool changed = renew_all(watch);
        g_mutex_lock(&watch->lock);
        if (changed && write(watch->changed, &one, sizeof one) < 0)
            continue; /* the counter is full: the descriptor is readable already */
    }
    watch->ended = true;
    g_cond_broadcast(&watch->wake);
    g_mutex_unlock(&watch->lock);
    return NULL;
}

/* Says once what cannot be watched, and once that it can be again. */
static void note_all(struct folder_watch *watch)
{
    for (guint i = 0; i < watch->folders->len; i++) {
        struct folder *folder = watch->folders->pdata[i];
        g_mutex_lock(&watch->lock);
        int errnum = folder->errnum;
        g_mutex_unlock(&watch->lock);
        if (errnum == folder->noted)
            continue;
        folder->noted = errnum;
        g_autofree char *seconds = text_count(watch->interval, "second");
        if (errnum == 0)
            log_event(LOG(EVENT_FOLDER_WATCHED, .subject = folder->path), "%s: %s is watched again", folder->label,
                      folder->path);
        else
            log_event(LOG(EVENT_FOLDER_UNWATCHED, .subject = folder->path),
                      "%s: %s cannot be watched: %s; it is looked at every %s, until watching it succeeds%s",
                      folder->label, folder->path, g_strerror(errnum), seconds,
                      errnum == EMFILE || errnum == ENOSPC
                          ? "; raise fs.inotify.max_user_instances, fs.inotify.max_user_watches or the limit of "
                            "open files"
                          : "");
    }
}

void folder_watch_begin(struct folder_watch *watch, int64_t interval)
{
    sigset_t all, before;

    watch->interval = interval;
    watch->changed = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    (void)renew_all(watch);
    watch->replaced = false; /* the caller looks at all folders after this call */
    note_all(watch);
    if (watch->changed >= 0) {
        /* Signals must reach the gateway's thread. */
        sigfillset(&all);
        (void)pthread_sigmask(SIG_SETMASK, &all, &before); /* cannot fail: valid arguments */
        watch->thread = g_thread_try_new("watch", work, watch, NULL);
        (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    if (watch->thread != NULL)
        return;
    g_autofree char *seconds = text_count(interval, "second");
    log_event(
        LOG(EVENT_FOLDER_UNWATCHED),
        "no thread or descriptor is left to see when folders are replaced; they are looked at every %s; raise the "
        "limits of the gateway's user",
        seconds);
}

/* ---- the caller's side ---- */

void folder_watch_fds(const struct folder_watch *watch, int fds[2])
{
    fds[0] = g_atomic_int_get(&watch->inotify);
    fds[1] = watch->changed;
}

/* Empties the inotify descriptor. The end of a watch alone (IN_IGNORED, IN_UNMOUNT) is no reason to look: the folder
 * may be gone for a moment only, until another one stands there. */
static bool drain_events(int fd)
{
    char buffer[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
    bool some = false;
    ssize_t n;

    while ((n = read(fd, buffer, sizeof buffer)) > 0) {
        for (ssize_t at = 0; at < n;) {
            const struct inotify_event *event = (const struct inotify_event *)(const void *)(buffer + at);
            some |= (event->mask & (EVENTS | IN_Q_OVERFLOW)) != 0;
            at += (ssize_t)(sizeof *event + event->len);
        }
    }
    return some;
}

bool folder_watch_happened(struct folder_watch *watch)
{
    int fd = g_atomic_int_get(&watch->inotify);
    bool some = fd >= 0 && drain_events(fd);
    uint64_t count;

    if (watch->changed >= 0 && read(watch->changed, &count, sizeof count) > 0)
        note_all(watch);
    g_mutex_lock(&watch->lock);
    some |= watch->replaced;
    watch->replaced = false;
    g_mutex_unlock(&watch->lock);
    return some;
}

/* False if the thread is blocked. */
static bool end_thread(struct folder_watch *watch)
{
    int64_t until = clock_monotonic() + ENDING;

    g_mutex_lock(&watch->lock);
    watch->ending = true;
    g_cond_broadcast(&watch->wake);
    while (!watch->ended && g_cond_wait_until(&watch->wake, &watch->lock, until))
        ;
    bool ended = watch->ended;
    g_mutex_unlock(&watch->lock);
    if (ended)
        (void)g_thread_join(watch->thread); /* gives back NULL */
    return ended;
}

void folder_watch_free(struct folder_watch *watch)
{
    if (watch == NULL || (watch->thread != NULL && !end_thread(watch)))
        return;
    note_all(watch); /* a file in a new folder, and a signal, may be seen before the thread has said that it is new */
    if (watch->inotify >= 0)
        (void)close(watch->inotify); /* only read from */
    if (watch->changed >= 0)
        (void)close(watch->changed); /* an eventfd: nothing is lost */
    g_ptr_array_unref(watch->folders);
    g_mutex_clear(&watch->lock);
    g_cond_clear(&watch->wake);
    g_free(watch);
}
