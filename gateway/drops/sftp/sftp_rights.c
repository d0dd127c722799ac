/*
 * Rights of files on the server. SFTP version 3 names groups by number only, and sets user and group together: the user
 * stays who it is, so the server is asked for it first.
 */
#include "gateway/drops/sftp/sftp_rights.h"

#include "gateway/drops/sftp/sftp_wait.h"

enum { OWNER = 2, MODE = 4 }; /* flags of attributes */

static const char ADVICE[] = "ask the server's owner to allow it, or take mode=, folder_mode= and group= away";

static bool has_rights(const struct sftp_attributes *attributes, const struct file_rights *rights)
{
    return (rights->mode == 0 || (attributes->moded && (attributes->mode & 0777) == rights->mode)) &&
           (!rights->has_group || (attributes->owned && attributes->group == rights->group));
}

static uint32_t begin(const struct sftp_target_of_rights *target, enum sftp_packet by_handle, enum sftp_packet by_path)
{
    uint32_t id = wire_begin(target->sftp, target->handle != NULL ? by_handle : by_path);

    if (target->handle != NULL)
        wire_put(target->sftp, target->handle->data, target->handle->len);
    else
        wire_put_text(target->sftp, target->path);
    return id;
}

static uint32_t ask(const struct sftp_target_of_rights *target)
{
    uint32_t id = begin(target, SFTP_FSTAT, SFTP_LSTAT);

    wire_end(target->sftp);
    return id;
}

static uint32_t set(const struct sftp_target_of_rights *target, const struct file_rights *rights, uint32_t user)
{
    uint32_t id = begin(target, SFTP_FSETSTAT, SFTP_SETSTAT);

    wire_put_u32(target->sftp, (rights->has_group ? OWNER : 0U) | (rights->mode != 0 ? MODE : 0U));
    if (rights->has_group) {
        wire_put_u32(target->sftp, user);
        wire_put_u32(target->sftp, rights->group);
    }
    if (rights->mode != 0)
        wire_put_u32(target->sftp, rights->mode);
    wire_end(target->sftp);
    return id;
}

/* Sets the rights and looks at them in one round trip. */
static bool set_and_look(const struct sftp_target_of_rights *target, const struct file_rights *rights,
                         struct sftp_attributes *attributes, GError **error)
{
    uint32_t done = set(target, rights, attributes->user), looked = ask(target);
    GError *cause = NULL;

    if (sftp_settle(target->sftp, done, "cannot set mode or group of", target->path, &cause))
        return sftp_settle_attributes(target->sftp, looked, target->path, attributes, error);
    wire_ignore(target->sftp, looked);
    if (g_error_matches(cause, SFTP_ERROR, SFTP_ERROR_REFUSED)) {
        g_set_error(error, SFTP_ERROR, SFTP_ERROR_REFUSED, "%s; %s", cause->message, ADVICE);
        g_error_free(cause);
    } else
        g_propagate_error(error, cause);
    return false;
}

static bool check(const struct sftp_target_of_rights *target, const struct file_rights *rights,
                  const struct sftp_attributes *attributes, GError **error)
{
    g_autofree char *mode = rights->mode != 0 ? g_strdup_printf(" mode %04o", rights->mode) : g_strdup("");
    g_autofree char *group = rights->has_group ? g_strdup_printf(" group %u", rights->group) : g_strdup("");

    if (has_rights(attributes, rights))
        return true;
    return sftp_fail(target->sftp, SFTP_ERROR_REFUSED, error,
                     "the server says that it gave %s%s%s, and it has mode %04o, group %u; %s", target->path, mode,
                     group, attributes->mode, attributes->group, ADVICE);
}

bool sftp_give_rights(const struct sftp_target_of_rights *target, const struct file_rights *rights, GError **error)
{
    struct sftp_attributes attributes = {0};
    bool look_first = rights->has_group || target->handle == NULL;

    if (!file_rights_any(rights))
        return true;
    sftp_progress(target->sftp, 0);
    if (look_first && !sftp_settle_attributes(target->sftp, ask(target), target->path, &attributes, error))
        return false;
    if (look_first && has_rights(&attributes, rights))
        return true;
    if (rights->has_group && !attributes.owned)
        return sftp_fail(target->sftp, SFTP_ERROR_REFUSED, error,
                         "the server does not tell whose %s is, so its group cannot be set; take group= away",
                         target->path);
    return set_and_look(target, rights, &attributes, error) && check(target, rights, &attributes, error);
}

bool direct_grant(struct direct *sftp, const char *path, const struct file_rights *rights, GError **error)
{
    const struct sftp_target_of_rights folder = {sftp, path, NULL};

    return sftp_give_rights(&folder, rights, error);
}
