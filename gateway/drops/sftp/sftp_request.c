/*
 * Answers that many requests share. An answer of another type than the wanted one is either a STATUS, whose code
 * becomes the error, or breaks the rules of SFTP: reply_fail tells the two apart.
 */
#include "gateway/drops/sftp/sftp_request.h"

#include "gateway/drops/sftp/sftp_limits.h"

bool sftp_settle(struct direct *sftp, uint32_t id, const char *what, const char *path, GError **error)
{
    struct sftp_reply reply;
    uint32_t status;

    if (!wire_reply(sftp, id, &reply, error))
        return false;
    return (reply_status(&reply, &status) && status == SFTP_OK) || reply_fail(sftp, &reply, what, path, error);
}

bool sftp_settle_attributes(struct direct *sftp, uint32_t id, const char *path, struct sftp_attributes *attributes,
                            GError **error)
{
    struct sftp_reply reply;

    if (!wire_reply(sftp, id, &reply, error))
        return false;
    if (reply.type != SFTP_ATTRS)
        return reply_fail(sftp, &reply, "cannot ask about", path, error);
    return reply_attributes(sftp, &reply, attributes, error);
}

GByteArray *sftp_settle_handle(struct direct *sftp, uint32_t id, const char *path, GError **error)
{
    struct sftp_reply reply;
    struct reply_text text = {.what = "a handle", .longest = SFTP_LONGEST_HANDLE};

    if (!wire_reply(sftp, id, &reply, error))
        return NULL;
    if (reply.type != SFTP_HANDLE) {
        (void)reply_fail(sftp, &reply, "cannot open", path, error);
        return NULL;
    }
    if (!reply_text(sftp, &reply, &text, error))
        return NULL;
    GByteArray *handle = g_byte_array_sized_new((guint)text.len);
    return g_byte_array_append(handle, text.data, (guint)text.len);
}

void sftp_close_handle(struct direct *sftp, GByteArray *handle)
{
    if (handle == NULL)
        return;
    if (sftp->usable)
        wire_ignore(sftp, wire_ask(sftp, SFTP_CLOSE, handle->data, handle->len));
    g_byte_array_unref(handle);
}
