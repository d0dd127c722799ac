/*
 * An SFTP server without a network: gateway/drops/sftp/sftp.h over plain folders. The linker takes this object, so the
 * archive's session is left out, and the SFTP transport above it is the real one.
 *
 * Each request gives control back while it is under way, so partners may act between any two. The quirks of the server
 * (machine.h) are drawn for each request from the stream of that server. Its disk belongs to another machine: calls
 * there are no steps of the gateway's machine, and a power cut takes nothing from it.
 */
#include "gateway/drops/sftp/sftp.h"

#include "tests/sim/disk_calls.h"
#include "tests/sim/shared.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

G_DEFINE_QUARK(simulated - sftp - error, sftp_error)

struct sftp {
    struct sftp_peer peer;
    struct shared_server *server;
    struct random *random;
    bool connected, interrupted;
    int64_t answered; /* true time of the last answer */
    char *lied;       /* what it said it had renamed, and did not; NULL: nothing */
    struct sftp_server known;
};

struct sftp_upload {
    struct sftp *sftp;
    char *path;
    int fd;
    int64_t size;
    bool keep, finished; /* it is not removed without a finish; it was finished */
};

/* ---- life ---- */

struct sftp *sftp_new(const struct sftp_peer *peer)
{
    struct sftp *sftp = g_new0(struct sftp, 1);
    g_autofree char *stream = g_strconcat("server ", peer->host, NULL);

    sftp->peer = *peer;
    sftp->server = shared_server(peer->host);
    sftp->random = shared_random(stream);
    return sftp;
}

void sftp_free(struct sftp *sftp)
{
    g_free(sftp->lied);
    g_free(sftp);
}

bool sftp_is_connected(struct sftp *sftp)
{
    return sftp->connected;
}

void sftp_disconnect(struct sftp *sftp)
{
    sftp->connected = false;
}

int64_t sftp_idle(const struct sftp *sftp)
{
    return shared->now - sftp->answered;
}

void sftp_interrupt(struct sftp *sftp)
{
    sftp->interrupted = true;
}

const struct sftp_server *sftp_server(const struct sftp *sftp)
{
    return &sftp->known;
}

bool sftp_offers(const struct sftp *sftp, const char *extension)
{
    return sftp->known.extensions != NULL && g_strv_contains((const char *const *)sftp->known.extensions, extension);
}

/* ---- one request ---- */

/* What the quirks make of a request. */
struct fate {
    bool lose;    /* it is carried out, and its answer is lost */
    bool refuse;  /* it is refused */
    bool despite; /* refused or lost, a rename is carried out; answered with success, it is not */
};

static const struct server_quirks none;

static bool fail(struct sftp *sftp, enum sftp_error code, const char *what, GError **error)
{
    if (code == SFTP_ERROR_LOST || code == SFTP_ERROR_INTERRUPTED)
        sftp->connected = false;
    shared_trace("server %s: %s", sftp->peer.host, what);
    g_set_error(error, SFTP_ERROR, (gint)code, "server %s: %s (simulated)", sftp->peer.host, what);
    return false;
}

/* The quirk's turn; it is counted. */
static bool happens(struct sftp *sftp, double chance, enum kind kind)
{
    bool does = random_chance(sftp->random, chance);

    if (does)
        kinds_seen(kind);
    return does;
}

/* Waits for the answer as long as the server takes. False: it never comes. */
static bool take_time(struct sftp *sftp, const struct server_quirks *quirks)
{
    const int64_t timeout = sftp->peer.timeout * SIM_SECOND;
    int64_t time = 1000 + (int64_t)random_below(sftp->random, 20000);

    if (happens(sftp, quirks->slow, SEEN_SERVER_SLOW))
        time = (int64_t)random_below(sftp->random, (uint64_t)SIM_MINUTE);
    if (happens(sftp, quirks->hang, SEEN_SERVER_HANGS))
        time = timeout;
    shared_sleep(MIN(time, timeout));
    return time < timeout;
}

/* Begins a request. False: it was not carried out. `change`: it changes something at the server. Of a client that slept
 * meanwhile, because its machine was frozen, nothing is carried out: only fencing keeps that away (OPERATIONS.md). */
static bool ask(struct sftp *sftp, const char *what, const char *path, bool change, struct fate *fate, GError **error)
{
    const struct server_quirks *quirks = shared->faults ? &sftp->server->quirks : &none;
    const char *name = strrchr(path, '/');

    *fate = (struct fate){.lose = false};
    shared_trace("server %s: %s %s", sftp->peer.host, what, name != NULL ? name + 1 : path);
    if (sftp->interrupted)
        return fail(sftp, SFTP_ERROR_INTERRUPTED, "interrupted", error);
    if (!sftp->connected)
        return fail(sftp, SFTP_ERROR_LOST, "not connected", error);
    if (happens(sftp, quirks->gone, SEEN_SERVER_GONE))
        sftp->server->gone_until = shared->now + (int64_t)random_below(sftp->random, 6 * (uint64_t)SIM_HOUR);
    if (random_chance(sftp->random, quirks->other_key)) /* counted when the key is shown */
        sftp->server->other_key_until = shared->now + (int64_t)random_below(sftp->random, (uint64_t)SIM_DAY);
    int64_t asked = shared->now;
    bool answers = take_time(sftp, quirks);
    bool before = happens(sftp, quirks->lost_before, SEEN_SERVER_LOST_BEFORE);
    fate->lose = random_chance(sftp->random, quirks->lost_after) || (!answers && random_chance(sftp->random, 0.5));
    if (sftp->interrupted)
        return fail(sftp, SFTP_ERROR_INTERRUPTED, "interrupted", error);
    if (shared->now - asked > sftp->peer.timeout * SIM_SECOND + SIM_MINUTE)
        return fail(sftp, SFTP_ERROR_LOST, "the server has ended the connection, the client slept", error);
    if (sftp->server->gone_until > shared->now || before || (!answers && !fate->lose))
        return fail(sftp, SFTP_ERROR_LOST, "the connection broke before the request arrived", error);
    bool rename = strcmp(what, "rename") == 0;
    fate->refuse = change && happens(sftp, quirks->refused, rename ? SEEN_SERVER_RENAME_REFUSED : SEEN_SERVER_REFUSES);
    if (rename)
        fate->despite = fate->refuse ? happens(sftp, quirks->refused_done, SEEN_SERVER_REFUSED_DONE)
                                     : happens(sftp, quirks->not_done, SEEN_SERVER_NOT_DONE);
    sftp->answered = shared->now;
    if (change && !fate->refuse && shared_self != NULL)
        shared_own_machine()->drop_changes++;
    return true;
}

/* The end of a request that was carried out. */
static bool answer(struct sftp *sftp, const struct fate *fate, GError **error)
{
    if (fate->lose)
        kinds_seen(SEEN_SERVER_LOST_AFTER);
    return !fate->lose || fail(sftp, SFTP_ERROR_LOST, "the connection broke after the request arrived", error);
}

static bool refused(struct sftp *sftp, const char *path, int errnum, GError **error)
{
    g_autofree char *text = g_strdup_printf("%s: %s", path, g_strerror(errnum));

    return fail(sftp, errnum == ENOENT ? SFTP_ERROR_MISSING : SFTP_ERROR_REFUSED, text, error);
}

bool sftp_connect(struct sftp *sftp, GError **error)
{
    static char *extensions[] = {"fsync@openssh.com", "statvfs@openssh.com", NULL};

    sftp->connected = false;
    sftp->known = (struct sftp_server){.address = "192.0.2.1", .banner = "SSH-2.0-simulated"};
    if (sftp->interrupted)
        return fail(sftp, SFTP_ERROR_INTERRUPTED, "interrupted", error);
    shared_sleep(50000);
    if (sftp->server->gone_until > shared->now)
        return fail(sftp, SFTP_ERROR_UNREACHABLE, "nothing answers", error);
    sftp->known.key = "ssh-ed25519";
    sftp->known.fingerprint = "SHA256:simulated";
    if (sftp->server->other_key_until > shared->now)
        kinds_seen(SEEN_SERVER_KEY);
    if (sftp->server->other_key_until > shared->now)
        return fail(sftp, SFTP_ERROR_HOST_KEY, "shows another host key than known_hosts has", error);
    sftp->known.trusted = sftp->known.logged_in = true;
    sftp->known.kex = "curve25519-sha256";
    sftp->known.ciphers = "aes256-gcm@openssh.com";
    sftp->known.macs = "hmac-sha2-256";
    sftp->known.version = 3;
    sftp->known.extensions = extensions;
    sftp->connected = true;
    sftp->answered = shared->now;
    shared_trace("server %s: connected", sftp->peer.host);
    return true;
}

/* ---- attributes ---- */

static struct sftp_attributes attributes_of(struct sftp *sftp, const struct stat *st)
{
    const struct server_quirks *quirks = shared->faults ? &sftp->server->quirks : &none;
    struct sftp_attributes attributes = {.typed = true,
                                         .regular = S_ISREG(st->st_mode),
                                         .folder = S_ISDIR(st->st_mode),
                                         .sized = true,
                                         .size = st->st_size,
                                         .modified = st->st_mtim.tv_sec};

    if (attributes.regular && happens(sftp, quirks->wrong_size, SEEN_SERVER_SIZE))
        attributes.size = (int64_t)random_below(sftp->random, (uint64_t)st->st_size + 100);
    return attributes;
}

/* A server that says it renamed a file, and did not, does not hide it as well: no client could tell that from a file
 * that its recipient has taken. */
static bool is_hidden(struct sftp *sftp, const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
    const struct server_quirks *quirks = shared->faults ? &sftp->server->quirks : &none;

    if (name[0] != '.' || name[1] == '\0' || !random_chance(sftp->random, quirks->hidden) ||
        g_strcmp0(sftp->lied, path) == 0)
        return false;
    kinds_seen(SEEN_SERVER_HIDDEN);
    return true;
}

bool sftp_lstat(struct sftp *sftp, const char *path, struct sftp_attributes *attributes, GError **error)
{
    struct fate fate;
    struct stat st;

    if (!ask(sftp, "look at", path, false, &fate, error) || !answer(sftp, &fate, error))
        return false;
    if (lstat(path, &st) != 0)
        return refused(sftp, path, errno, error);
    if (is_hidden(sftp, path))
        return refused(sftp, path, ENOENT, error);
    *attributes = attributes_of(sftp, &st);
    return true;
}

bool sftp_find_type(struct sftp *sftp, const char *path, struct sftp_attributes *attributes, GError **error)
{
    return attributes->typed || sftp_lstat(sftp, path, attributes, error);
}

bool sftp_look_inside(struct sftp *sftp, const char *path, struct sftp_attributes *attributes, GError **error)
{
    struct fate fate;
    struct stat st;

    if (!ask(sftp, "open", path, false, &fate, error) || !answer(sftp, &fate, error))
        return false;
    if (lstat(path, &st) != 0)
        return refused(sftp, path, errno, error);
    *attributes = attributes_of(sftp, &st);
    return true;
}

/* ---- lists ---- */

static int compare(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names in an order that the seed decides; NULL with errno. */
static GPtrArray *names_in(struct sftp *sftp, const char *folder)
{
    disk_elsewhere(true);
    DIR *dir = opendir(folder);
    disk_elsewhere(false);

    if (dir == NULL)
        return NULL;
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            g_ptr_array_add(names, g_strdup(entry->d_name));
    (void)closedir(dir);
    g_ptr_array_sort(names, compare);
    for (guint i = names->len; i > 1; i--) {
        guint j = (guint)random_below(sftp->random, i);
        gpointer name = names->pdata[i - 1];
        names->pdata[i - 1] = names->pdata[j];
        names->pdata[j] = name;
    }
    return names;
}

bool sftp_list(struct sftp *sftp, const char *folder, sftp_visit *visit, void *user, GError **error)
{
    const struct server_quirks *quirks = shared->faults ? &sftp->server->quirks : &none;
    struct fate fate;

    if (!ask(sftp, "list", folder, false, &fate, error) || !answer(sftp, &fate, error))
        return false;
    g_autoptr(GPtrArray) names = names_in(sftp, folder);
    if (names == NULL)
        return refused(sftp, folder, errno, error);
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *path = g_build_filename(folder, names->pdata[i], NULL);
        struct stat st;
        if (lstat(path, &st) != 0 || happens(sftp, quirks->unlisted, SEEN_SERVER_UNLISTED) || is_hidden(sftp, path))
            continue;
        int times = happens(sftp, quirks->twice, SEEN_SERVER_TWICE) ? 2 : 1;
        const struct sftp_attributes attributes = attributes_of(sftp, &st);
        for (int n = 0; n < times; n++)
            if (!visit(user, names->pdata[i], &attributes))
                return true;
    }
    return true;
}

/* ---- reading ---- */

bool sftp_read(struct sftp *sftp, struct sftp_fetch *fetch, GError **error)
{
    g_autofree char *bytes = NULL;
    gsize len = 0;
    struct fate fate;
    struct stat st;

    if (!ask(sftp, "read", fetch->path, false, &fate, error))
        return false;
    disk_elsewhere(true);
    bool there = lstat(fetch->path, &st) == 0 && g_file_get_contents(fetch->path, &bytes, &len, NULL);
    disk_elsewhere(false);
    if (!there)
        return refused(sftp, fetch->path, ENOENT, error);
    /* The answer that is lost is one in the middle. */
    if (fate.lose)
        len /= 2;
    gsize asked = MIN(len, (gsize)fetch->size);
    if (asked > 0 && !fetch->sink(fetch->user, bytes, asked, error))
        return false;
    if (!answer(sftp, &fate, error))
        return false;
    fetch->after = attributes_of(sftp, &st);
    return (int64_t)len == fetch->size ||
           fail(sftp, SFTP_ERROR_CHANGED, "the file is longer or shorter than it was listed", error);
}

/* ---- writing ---- */

/* What is done at the server gets its time. */
static void stamp(int fd)
{
    struct timespec now = {shared->now / SIM_SECOND, shared->now % SIM_SECOND * 1000}, both[2] = {now, now};

    (void)syscall(SYS_utimensat, fd, NULL, both, 0);
}

struct sftp_upload *sftp_upload_begin(struct sftp *sftp, const char *path, GError **error)
{
    return sftp_upload_onto(sftp, path, SFTP_TARGET_REPLACED, error);
}

struct sftp_upload *sftp_upload_onto(struct sftp *sftp, const char *path, enum sftp_target target, GError **error)
{
    const int flags[] = {[SFTP_TARGET_REPLACED] = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                         [SFTP_TARGET_NEW] = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                         [SFTP_TARGET_OVER] = O_WRONLY | O_CLOEXEC};
    struct fate fate;

    if (!ask(sftp, "create", path, true, &fate, error))
        return NULL;
    if (fate.refuse) {
        (void)refused(sftp, path, EACCES, error);
        return NULL;
    }
    if (target == SFTP_TARGET_REPLACED)
        (void)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags[target], 0640);
    if (fd < 0) {
        (void)refused(sftp, path, errno, error);
        return NULL;
    }
    stamp(fd);
    if (!answer(sftp, &fate, error)) {
        (void)syscall(SYS_close, fd);
        return NULL;
    }
    struct sftp_upload *upload = g_new(struct sftp_upload, 1);
    *upload = (struct sftp_upload){sftp, g_strdup(path), fd, 0, target == SFTP_TARGET_OVER, false};
    return upload;
}

bool sftp_upload_write(struct sftp_upload *upload, const char *data, size_t len, GError **error)
{
    const struct server_quirks *quirks = shared->faults ? &upload->sftp->server->quirks : &none;
    struct fate fate;

    if (!ask(upload->sftp, "write", upload->path, false, &fate, error))
        return false;
    if (happens(upload->sftp, quirks->full, SEEN_SERVER_FULL))
        return fail(upload->sftp, SFTP_ERROR_FULL, "no room is left", error);
    /* A connection that breaks has brought a part of the bytes. */
    size_t arrived = fate.lose ? (size_t)random_below(upload->sftp->random, len) : len;
    if (syscall(SYS_write, upload->fd, data, arrived) != (ssize_t)arrived)
        return refused(upload->sftp, upload->path, errno, error);
    stamp(upload->fd);
    upload->size += (int64_t)arrived;
    return answer(upload->sftp, &fate, error);
}

bool sftp_upload_finish(struct sftp_upload *upload, struct sftp_attributes *after, GError **error)
{
    struct fate fate;
    struct stat st;

    if (!ask(upload->sftp, "finish", upload->path, false, &fate, error) || !answer(upload->sftp, &fate, error))
        return false;
    upload->finished = true;
    if (fstat(upload->fd, &st) != 0)
        return refused(upload->sftp, upload->path, errno, error);
    if (after != NULL)
        *after = attributes_of(upload->sftp, &st);
    return true;
}

/* Servers that hide names do not see it. Somebody may have cleared it away meanwhile. */
bool sftp_upload_is_there(const struct sftp_upload *upload)
{
    struct stat st;

    return lstat(upload->path, &st) == 0 && !is_hidden(upload->sftp, upload->path);
}

void sftp_upload_free(struct sftp_upload *upload)
{
    struct fate fate;

    if (upload == NULL)
        return;
    if (!upload->finished && !upload->keep && upload->sftp->connected && !upload->sftp->interrupted &&
        ask(upload->sftp, "remove", upload->path, true, &fate, NULL) && !fate.refuse)
        (void)syscall(SYS_unlinkat, AT_FDCWD, upload->path, 0);
    (void)syscall(SYS_close, upload->fd);
    g_free(upload->path);
    g_free(upload);
}

/* ---- names ---- */

/* Carries a rename out, or not, as the quirks say. Sets *errnum to what the server answers. False: no answer. */
static bool rename_as(struct sftp *sftp, const char *from, const char *to, int *errnum, GError **error)
{
    struct fate fate;

    if (!ask(sftp, "rename", from, true, &fate, error))
        return false;
    *errnum = fate.refuse ? EACCES : 0;
    if (!fate.refuse && fate.despite) {
        g_free(sftp->lied);
        sftp->lied = g_strdup(from);
    }
    if (fate.refuse == fate.despite && syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) != 0 &&
        *errnum == 0)
        *errnum = errno;
    return answer(sftp, &fate, error);
}

bool sftp_rename(struct sftp *sftp, const char *from, const char *to, GError **error)
{
    int errnum;

    return rename_as(sftp, from, to, &errnum, error) && (errnum == 0 || refused(sftp, from, errnum, error));
}

bool sftp_rename_and_look(struct sftp *sftp, const char *from, const char *to, bool *there, GError **error)
{
    struct stat st;

    if (!sftp_rename(sftp, from, to, error))
        return false;
    *there = lstat(to, &st) == 0 && !is_hidden(sftp, to);
    return true;
}

bool sftp_move(struct sftp *sftp, const char *from, const char *to, struct sftp_moved *moved, GError **error)
{
    struct stat st;
    int errnum;

    *moved = (struct sftp_moved){.refusal = NULL};
    if (!rename_as(sftp, from, to, &errnum, error))
        return false;
    if (errnum != 0)
        (void)refused(sftp, from, errnum, &moved->refusal);
    moved->there = lstat(to, &st) == 0 && !is_hidden(sftp, to);
    if (moved->there)
        moved->attributes = attributes_of(sftp, &st);
    return true;
}

bool sftp_remove(struct sftp *sftp, const char *path, GError **error)
{
    struct fate fate;

    if (!ask(sftp, "remove", path, true, &fate, error))
        return false;
    int errnum = fate.refuse ? EACCES : syscall(SYS_unlinkat, AT_FDCWD, path, 0) != 0 ? errno : 0;
    return answer(sftp, &fate, error) && (errnum == 0 || refused(sftp, path, errnum, error));
}

bool sftp_make_folder(struct sftp *sftp, const char *path, GError **error)
{
    struct fate fate;

    if (!ask(sftp, "make folder", path, true, &fate, error))
        return false;
    int errnum = fate.refuse ? EACCES : syscall(SYS_mkdirat, AT_FDCWD, path, 0750) != 0 ? errno : 0;
    return answer(sftp, &fate, error) && (errnum == 0 || refused(sftp, path, errnum, error));
}

/* No configuration that is played sets rights. */
bool sftp_upload_grant(struct sftp_upload *upload, const struct file_rights *rights, GError **error)
{
    (void)upload;
    (void)rights;
    (void)error;
    return true;
}

bool sftp_grant(struct sftp *sftp, const char *path, const struct file_rights *rights, GError **error)
{
    (void)sftp;
    (void)path;
    (void)rights;
    (void)error;
    return true;
}

bool sftp_free_space(struct sftp *sftp, const char *path, uint64_t *bytes, GError **error)
{
    struct fate fate;

    *bytes = UINT64_C(100) << 30;
    return ask(sftp, "ask for room", path, false, &fate, error) && answer(sftp, &fate, error);
}
