/*
 * Reading one answer. Attributes and error codes are those of version 3, in which a server says little: code 4 means
 * any failure, so the text of the error tells what to look at first, and the server's own words are shown beside it.
 */
#include "gateway/drops/sftp/sftp_reply.h"

#include "formats/text.h"
#include "gateway/drops/sftp/sftp_limits.h"
#include "gateway/drops/sftp/sftp_wait.h"

#include <string.h>

enum { SHOWN_TEXT = 200 };

uint32_t reply_number_at(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

bool reply_broken(struct direct *sftp, const char *how, GError **error)
{
    sftp->usable = false;
    return sftp_fail(sftp, SFTP_ERROR_PROTOCOL, error,
                     "the server breaks the rules of SFTP: %s; show this to its owner", how);
}

/* ---- values ---- */

bool reply_u32(struct sftp_reply *reply, uint32_t *value)
{
    if (reply->left < 4)
        return false;
    *value = reply_number_at(reply->at);
    reply->at += 4;
    reply->left -= 4;
    return true;
}

bool reply_u64(struct sftp_reply *reply, uint64_t *value)
{
    uint32_t high, low;

    if (reply->left < 8 || !reply_u32(reply, &high) || !reply_u32(reply, &low))
        return false;
    *value = (uint64_t)high << 32 | low;
    return true;
}

bool reply_string(struct sftp_reply *reply, const uint8_t **data, size_t *len)
{
    uint32_t n;

    if (reply->left < 4 || reply_number_at(reply->at) > reply->left - 4)
        return false;
    (void)reply_u32(reply, &n); /* cannot fail: checked above */
    *data = reply->at;
    *len = n;
    reply->at += n;
    reply->left -= n;
    return true;
}

bool reply_text(struct direct *sftp, struct sftp_reply *reply, struct reply_text *text, GError **error)
{
    if (reply->left >= 4 && reply_number_at(reply->at) > text->longest) {
        g_autofree char *how = g_strdup_printf("%s announces %u bytes, expected at most %zu", text->what,
                                               reply_number_at(reply->at), text->longest);
        return reply_broken(sftp, how, error);
    }
    if (reply_string(reply, &text->data, &text->len))
        return true;
    g_autofree char *how = g_strdup_printf("%s is cut short", text->what);
    return reply_broken(sftp, how, error);
}

static bool attributes_cut(struct direct *sftp, GError **error)
{
    return reply_broken(sftp, "attributes are cut short", error);
}

/* Extended attributes: a count, then pairs of strings. */
static bool skip_extended(struct direct *sftp, struct sftp_reply *reply, GError **error)
{
    uint32_t n;
    const uint8_t *data;
    size_t len;

    if (!reply_u32(reply, &n))
        return attributes_cut(sftp, error);
    if (n > SFTP_MOST_EXTENDED) {
        g_autofree char *how =
            g_strdup_printf("an entry has %u extended attributes, expected at most %d", n, SFTP_MOST_EXTENDED);
        return reply_broken(sftp, how, error);
    }
    for (uint32_t i = 0; i < n; i++) {
        if (!reply_string(reply, &data, &len) || !reply_string(reply, &data, &len))
            return attributes_cut(sftp, error);
    }
    return true;
}

bool reply_attributes(struct direct *sftp, struct sftp_reply *reply, struct sftp_attributes *attributes, GError **error)
{
    enum { SIZE = 1, OWNER = 2, MODE = 4, TIMES = 8, MORE = (int)0x80000000 };
    uint32_t flags, mode = 0, user = 0, group = 0, a = 0, b = 0;
    uint64_t size = 0;

    *attributes = (struct sftp_attributes){0};
    if (!reply_u32(reply, &flags) || ((flags & SIZE) && !reply_u64(reply, &size)) ||
        ((flags & OWNER) && (!reply_u32(reply, &user) || !reply_u32(reply, &group))) ||
        ((flags & MODE) && !reply_u32(reply, &mode)))
        return attributes_cut(sftp, error);
    if ((flags & TIMES) && (!reply_u32(reply, &a) || !reply_u32(reply, &b)))
        return attributes_cut(sftp, error);
    attributes->typed = (flags & MODE) != 0 && (mode & 0170000) != 0;
    attributes->regular = (mode & 0170000) == 0100000;
    attributes->folder = (mode & 0170000) == 0040000;
    attributes->sized = (flags & SIZE) != 0 && size <= G_MAXINT64;
    attributes->size = attributes->sized ? (int64_t)size : 0;
    attributes->modified = b;
    attributes->moded = (flags & MODE) != 0;
    attributes->mode = mode & 07777;
    attributes->owned = (flags & OWNER) != 0;
    attributes->user = user;
    attributes->group = group;
    return !(flags & (uint32_t)MORE) || skip_extended(sftp, reply, error);
}

bool reply_status(const struct sftp_reply *reply, uint32_t *status)
{
    struct sftp_reply copy = *reply;

    return reply->type == SFTP_STATUS && reply_u32(&copy, status);
}

/* ---- errors ---- */

/* Codes over 8 come with later versions, but some servers send them in version 3 too. */
static enum sftp_error error_of(uint32_t status)
{
    switch (status) {
    case 2:  /* no such file */
    case 10: /* no such path */
        return SFTP_ERROR_MISSING;
    case 6: /* no connection */
    case 7: /* connection lost: the server's own connection to what is behind it */
        return SFTP_ERROR_LOST;
    case 14: /* no space */
    case 15: /* quota */
        return SFTP_ERROR_FULL;
    default:
        return SFTP_ERROR_REFUSED;
    }
}

static const char *status_text(uint32_t status)
{
    static const char *const texts[] = {"it says 'good' and leaves out the answer",
                                        "end of file",
                                        "there is no such file",
                                        "permission denied; ask the server's owner to allow it",
                                        "failure, without a reason; look for a full disk on the server first",
                                        "it calls the request malformed",
                                        "it has no connection",
                                        "it lost its connection",
                                        "it does not know the operation"};

    return status < G_N_ELEMENTS(texts) ? texts[status] : "refused";
}

bool reply_fail(struct direct *sftp, struct sftp_reply *reply, const char *what, const char *path, GError **error)
{
    struct reply_text said = {.what = "the text of a status", .longest = SFTP_LONGEST_TEXT};
    uint32_t status;
    g_autofree char *shown = text_escape(path, strlen(path), 0);

    if (reply->type != SFTP_STATUS || !reply_u32(reply, &status)) {
        g_autofree char *how =
            g_strdup_printf("%s %s: the answer has the unexpected type %u", what, shown, reply->type);
        return reply_broken(sftp, how, error);
    }
    /* Some servers leave the words out, as versions before 3 did. */
    if (reply->left > 0 && !reply_text(sftp, reply, &said, error))
        return false;
    g_autofree char *words = text_escape(said.len > 0 ? (const char *)said.data : "", said.len, SHOWN_TEXT);
    if (error_of(status) == SFTP_ERROR_LOST)
        sftp->usable = false;
    return sftp_fail(sftp, error_of(status), error, "%s %s: %s (status %u%s%s)", what, shown, status_text(status),
                     status, said.len > 0 ? ": " : "", words);
}
