/* What the files of the local transport share. */
#include "gateway/drops/local_connection.h"

#include "formats/text.h"
#include "spool/spool_error.h"

#include <errno.h>
#include <string.h>

bool local_down(GError **error, const char *path, const char *what, int errnum)
{
    bool full = errnum == EMFILE || errnum == ENFILE;

    g_set_error(error, TRANSPORT_ERROR, TRANSPORT_ERROR_DOWN, "%s cannot be %s: %s; %s", path, what, g_strerror(errnum),
                full ? "raise the limit of open files of the gateway's user (ulimit -n)"
                     : "check that the folder is there and that the gateway's user may use it");
    return false;
}

bool local_changed(GError **error, const char *name, const char *how)
{
    g_autofree char *shown = text_escape(name, strlen(name), 0);

    g_set_error(error, TRANSPORT_ERROR, TRANSPORT_ERROR_CHANGED, "%s %s; the gateway looks at it again", shown, how);
    return false;
}

bool local_still_running(struct connection *connection, GError **error)
{
    if (!g_atomic_int_get(&connection->interrupted))
        return true;
    g_set_error(error, TRANSPORT_ERROR, TRANSPORT_ERROR_DOWN, "drop %s: stopped", connection->drop->name);
    return false;
}

bool local_on_drop(bool good, GError **cause, GError **error)
{
    if (good)
        return true;
    if (g_error_matches(*cause, SPOOL_ERROR, SPOOL_ERROR_RETRY)) {
        g_set_error_literal(error, TRANSPORT_ERROR, TRANSPORT_ERROR_DOWN, (*cause)->message);
        g_clear_error(cause);
    } else {
        g_propagate_error(error, *cause);
    }
    return false;
}

struct source_identity local_identity(const struct stat *st)
{
    return (struct source_identity){
        .set = true,
        .dev = (int64_t)st->st_dev,
        .ino = (int64_t)st->st_ino,
        .ctime_ns = (int64_t)st->st_ctim.tv_sec * 1000000000 + st->st_ctim.tv_nsec,
        .size = st->st_size,
    };
}

bool local_is_still(int fd, const struct source_identity *identity)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return false;
    struct source_identity now = local_identity(&st);
    return source_identity_same(&now, identity);
}
