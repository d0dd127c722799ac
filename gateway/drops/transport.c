/*
 * The table of transports, and what all of them share.
 */
#include "gateway/drops/transport.h"

#include "formats/name/filename.h"
#include "gateway/drops/local_drop.h"
#include "gateway/drops/sftp_drop.h"
#include "gateway/drops/write_behind.h"
#include "spool/spool_error.h"

#include <errno.h>
#include <string.h>

G_DEFINE_QUARK(ecosgate - transport - error, transport_error)

static const struct transport *const transports[] = {&local_transport, &sftp_transport};

const struct transport *transport_at(size_t index)
{
    return index < G_N_ELEMENTS(transports) ? transports[index] : NULL;
}

bool transport_fetch(const struct transport *transport, struct connection *connection, const struct drop_entry *entry,
                     const struct byte_sink *sink, GError **error)
{
    g_autoptr(write_behind_t) write_behind = write_behind_new(sink->write, sink->user);
    const struct byte_sink behind = {write_behind_write, write_behind};

    return transport->fetch(connection, entry->name, &entry->identity, &behind, error) &&
           write_behind_end(write_behind, error);
}

bool transport_read_failed(const char *path, GError **error)
{
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "%s cannot be read: %s; check the disk of the spool", path,
                g_strerror(errno));
    return false;
}

char *transport_temporary_name(const char *form, const char *name)
{
    const char *slash = strrchr(name, '/'), *file = slash != NULL ? slash + 1 : name;
    const char *place = strstr(form, "NAME");

    return g_strdup_printf("%.*s%.*s%s%s", (int)(file - name), name, (int)(place - form), form, file, place + 4);
}

/* At most 255 bytes, which is what file systems allow. The name may be cut: the job makes it unique. */
char *transport_taken_name(int64_t job, const char *name)
{
    enum { MOST_BYTES = 255 };
    char *taken = g_strdup_printf(FILENAME_TAKEN_PREFIX "%08" G_GINT64_FORMAT "-%s", job, name);

    if (strlen(taken) > MOST_BYTES)
        taken[MOST_BYTES] = '\0';
    return taken;
}

char *transport_taken_marker(const char *taken_name)
{
    const size_t most = 255 - strlen(DROP_MARKER);

    return g_strdup_printf("%.*s" DROP_MARKER, (int)MIN(strlen(taken_name), most), taken_name);
}

void drop_free(struct drop *drop)
{
    if (drop == NULL)
        return;
    if (drop->settings != NULL)
        drop->transport->free_settings(drop->settings);
    g_strfreev((char **)drop->temporary);
    g_free(drop->name);
    g_free(drop->in);
    g_free(drop->out);
    g_free(drop->upload_name);
    g_free(drop);
}
