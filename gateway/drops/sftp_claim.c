/*
 * The claim of a drop on an SFTP server. No request of SFTP gives a whole file a name that must be free, on every
 * server; so the claim is made by OPEN with the flag EXCL and written then. A stop in between leaves an empty file,
 * which claim.c recognises. It is looked at before it is opened: opening a pipe would block the server, and a link may
 * lead elsewhere.
 */
#include "gateway/drops/sftp_connection.h"
#include "spool/witness.h"

#include <string.h>

static bool unusable(GError **error, const char *path, const char *what)
{
    g_set_error(error, TRANSPORT_ERROR, TRANSPORT_ERROR_CLAIMED,
                "%s on the server %s, so nobody can tell whose drop this is; nothing is done there: remove it, if no "
                "other gateway works on this drop",
                path, what);
    return false;
}

static bool changed(GError **error, const char *path, const char *how)
{
    g_set_error(error, TRANSPORT_ERROR, TRANSPORT_ERROR_CHANGED, "%s on the server %s", path, how);
    return false;
}

/* Some servers hide names that begin with a dot, and still open them. */
static bool look_inside(struct connection *connection, struct remote_file *file, GError **error)
{
    GError *cause = NULL;

    file->there = sftp_look_inside(connection->sftp, file->path, &file->attributes, &cause);
    if (file->there || sftp_is_connected(connection->sftp)) {
        g_clear_error(&cause);
        return true;
    }
    g_propagate_error(error, cause);
    return false;
}

/* Sets *there. `folder`: out is looked at too where the claim is missing. */
static bool look(struct connection *connection, struct remote_file *file, bool *folder, GError **error)
{
    const char *out = connection->drop->out;
    GError *cause = NULL;

    *folder = true;
    if (!sftp_connection_ready(connection, error))
        return false;
    if (sftp_connection_look(connection, out, file, &cause))
        return file->there || look_inside(connection, file, error);
    /* The folder is missing, or a server that does not tell: then the delivery will. */
    *folder = !sftp_connection_failed_by(cause, SFTP_ERROR_MISSING);
    if (!*folder) {
        g_error_free(cause);
        return true;
    }
    g_propagate_error(error, cause);
    return false;
}

static bool add_text(void *user, const char *data, size_t len, GError **error)
{
    (void)error; /* cannot fail */
    g_string_append_len(user, data, (gssize)len);
    return true;
}

/* Reads the file that was looked at. One whose size has changed meanwhile is being written: it counts as empty, and is
 * read again (claim.c). */
static bool read_text(struct connection *connection, const struct remote_file *file, struct claim_text *claim,
                      GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    struct sftp_fetch fetch = {.path = file->path, .size = file->attributes.size, .sink = add_text, .user = text};
    GError *cause = NULL;

    if (!sftp_read(connection->sftp, &fetch, &cause)) {
        bool gone = sftp_connection_failed_by(cause, SFTP_ERROR_MISSING);
        if (!gone && !sftp_connection_failed_by(cause, SFTP_ERROR_CHANGED))
            return sftp_connection_pass(false, &cause, error);
        g_error_free(cause);
        claim->text = gone ? NULL : g_strdup("");
        return true;
    }
    claim->len = text->len;
    claim->text = g_memdup2(text->str, text->len + 1);
    return true;
}

bool sftp_claim_read(struct connection *connection, struct claim_text *claim, GError **error)
{
    g_autofree char *path = sftp_path(connection->drop->out, CLAIM_NAME);
    struct remote_file file = {.path = path};
    GError *cause = NULL;

    *claim = (struct claim_text){.folder = true};
    if (!look(connection, &file, &claim->folder, &cause))
        return sftp_connection_pass(false, &cause, error);
    if (!file.there)
        return true;
    if (file.attributes.typed && !file.attributes.regular)
        return unusable(error, path, file.attributes.folder ? "is a folder" : "is no regular file");
    if (file.attributes.sized && file.attributes.size > WITNESS_MAX_SIZE)
        return unusable(error, path, "is longer than a claim");
    return read_text(connection, &file, claim, error);
}

static bool write_text(struct connection *connection, const char *path, enum sftp_target target, const char *text,
                       GError **error)
{
    g_autoptr(sftp_upload_t) upload = sftp_upload_onto(connection->sftp, path, target, error);

    return upload != NULL && sftp_upload_write(upload, text, strlen(text), error) &&
           sftp_upload_finish(upload, NULL, error);
}

/* Always false. cause is freed. */
static bool write_failed(GError *cause, GError **error)
{
    if (sftp_connection_failed_by(cause, SFTP_ERROR_REFUSED))
        g_prefix_error(&cause, "%s", CLAIM_REFUSED);
    return sftp_connection_pass(false, &cause, error);
}

bool sftp_claim_make(struct connection *connection, const char *text, GError **error)
{
    g_autofree char *path = sftp_path(connection->drop->out, CLAIM_NAME);
    struct remote_file file = {.path = path};
    GError *cause = NULL, *refusal = NULL;
    bool folder;

    if (!sftp_connection_ready(connection, &cause))
        return sftp_connection_pass(false, &cause, error);
    step_before(STEP_CLAIM_MADE);
    if (write_text(connection, path, SFTP_TARGET_NEW, text, &refusal)) {
        step_after(STEP_CLAIM_MADE);
        return true;
    }
    /* Another may have been faster; servers only say that they refuse. */
    bool there = sftp_is_connected(connection->sftp) && look(connection, &file, &folder, NULL) && file.there;
    if (!there)
        return write_failed(refusal, error);
    g_error_free(refusal);
    return changed(error, path, "is there already");
}

bool sftp_claim_write(struct connection *connection, const char *text, GError **error)
{
    g_autofree char *path = sftp_path(connection->drop->out, CLAIM_NAME);
    struct remote_file file = {.path = path};
    size_t len = strlen(text);
    GError *cause = NULL;
    bool folder;

    if (!look(connection, &file, &folder, &cause))
        return sftp_connection_pass(false, &cause, error);
    if (!file.there || (file.attributes.typed && !file.attributes.regular))
        return changed(error, path, "is gone");
    size_t rest = file.attributes.sized && file.attributes.size > (int64_t)len
                      ? MIN((size_t)file.attributes.size, WITNESS_MAX_SIZE) - len
                      : 0;
    g_autofree char *fill = g_strnfill(rest, '\n');
    g_autofree char *whole = g_strconcat(text, fill, NULL);
    step_before(STEP_CLAIM_WRITTEN);
    if (!write_text(connection, path, SFTP_TARGET_OVER, whole, &cause)) {
        bool gone = sftp_connection_failed_by(cause, SFTP_ERROR_MISSING);
        if (!gone)
            return write_failed(cause, error);
        g_error_free(cause);
        return changed(error, path, "is gone");
    }
    step_after(STEP_CLAIM_WRITTEN);
    return true;
}
