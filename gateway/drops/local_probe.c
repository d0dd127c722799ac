/*
 * The probe of a local drop. It does with files of its own what the gateway does with a delivery and a pickup, by the
 * same functions of spool/disk.h. Therefore it passes the crash points of a delivery too.
 */
#include "formats/text.h"
#include "gateway/drops/local_drop.h"
#include "gateway/drops/probe.h"
#include "spool/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Makes a file under the temporary name of path, synced. */
static bool make(const char *path, const char *temporary, const char *text, GError **error)
{
    g_autoptr(disk_file_t) file = disk_file_create_as(path, temporary, strlen(text), error);

    return file != NULL && disk_file_write(file, text, strlen(text), error) &&
           disk_file_upload(STEP_DELIVERY_UPLOADED, file, error);
}

/* Tells that the folder (`in` or `out`, the setting's name) does not exist. False: it exists, or nobody can tell. */
static bool say_missing(const struct probe *p, const char *name, const char *setting)
{
    bool in = strcmp(setting, "in") == 0;
    const char *folder = in ? p->drop->in : p->drop->out;
    struct stat st;

    if (stat(folder, &st) == 0 || errno != ENOENT)
        return false;
    probe_say(p, name, PROBE_BAD, "%s cannot be %s: there is no such folder; make it, or correct %s= of [drop %s]",
              folder, in ? "listed" : "written", setting, p->drop->name);
    return true;
}

/* False: the folder does not exist, so that nothing else can be tried in it. */
static bool list_in(const struct probe *p)
{
    GError *cause = NULL;
    g_auto(GStrv) names = NULL;

    if (say_missing(p, "list", "in"))
        return false;
    names = disk_names(p->drop->in, &cause);
    if (names == NULL)
        probe_fail(p, "list", cause);
    else
        probe_say(p, "list", PROBE_GOOD, "names in %s: %u", p->drop->in, g_strv_length(names));
    return true;
}

/* A disk or a network file system may store other bytes than were written. */
static void read_back(const struct probe *p, const char *temporary, const char *text)
{
    g_autofree char *sha256 = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
    GError *cause = NULL;
    bool same;

    if (!disk_same_bytes(temporary, strlen(text), sha256, &same, &cause))
        probe_fail(p, "read-back", cause);
    else if (same)
        probe_say(p, "read-back", PROBE_GOOD, "the same bytes come back from %s", p->drop->out);
    else
        probe_say(p, "read-back", PROBE_BAD, "other bytes come back from %s than were written; replace the disk",
                  p->drop->out);
}

static void try_rights(const struct probe *p, const char *temporary)
{
    GError *cause = NULL;

    if (!file_rights_any(&p->drop->file_rights))
        return;
    if (disk_grant(temporary, &p->drop->file_rights, &cause))
        probe_say_rights(p);
    else
        probe_fail(p, "rights", cause);
}

/* Gives the file its name, then tries to give the same name to a second one, which must fail. */
static void rename_file(const struct probe *p, const char *temporary, const char *path)
{
    GError *cause = NULL;

    if (!disk_rename_noreplace(STEP_DELIVERY_PUBLISHED, temporary, path, &cause)) {
        probe_fail(p, "rename", cause);
        return;
    }
    probe_say(p, "rename", PROBE_GOOD, "a file gets its name in one step");
    if (!make(path, temporary, p->token, &cause))
        probe_fail(p, "rename-onto", cause);
    else if (disk_rename_noreplace(STEP_DELIVERY_PUBLISHED, temporary, path, &cause))
        probe_say(p, "rename-onto", PROBE_BAD, "the file system replaces a file that exists; use another one");
    else if (g_error_matches(cause, SPOOL_ERROR, SPOOL_ERROR_EXISTS)) {
        probe_say(p, "rename-onto", PROBE_GOOD, "a file that exists is never replaced");
        g_error_free(cause);
    } else
        probe_fail(p, "rename-onto", cause);
}

/* Removes whatever the probe may have left at path. */
static void remove_made(const struct probe *p, const char *temporary, const char *path)
{
    GError *cause = NULL;

    if (!disk_unlink(STEP_DELIVERY_DROPPED, temporary, &cause) || !disk_unlink(STEP_DELIVERY_DROPPED, path, &cause))
        probe_fail(p, "remove", cause);
}

/* What a delivery does, with a file of our own. */
static void try_out(const struct probe *p)
{
    g_autofree char *name = g_strconcat(PROBE_PREFIX, p->token, NULL);
    g_autofree char *path = g_build_filename(p->drop->out, name, NULL);
    g_autofree char *hidden = transport_temporary_name(p->drop->upload_name, name);
    g_autofree char *temporary = g_build_filename(p->drop->out, hidden, NULL);
    GError *cause = NULL;
    struct stat st;
    uint64_t space;

    if (say_missing(p, "write", "out"))
        return;
    if (!make(path, temporary, p->token, &cause)) {
        probe_fail(p, "write", cause); /* disk_file_t has removed what it made */
        return;
    }
    probe_say(p, "write", PROBE_GOOD, "a file can be written and synced in %s", p->drop->out);
    read_back(p, temporary, p->token);
    try_rights(p, temporary);
    int64_t written = lstat(temporary, &st) == 0 ? (int64_t)st.st_mtim.tv_sec : 0;
    rename_file(p, temporary, path);
    if (disk_free_bytes(p->drop->out, &space, &cause))
        probe_say_space(p, space);
    else
        probe_fail(p, "space", cause);
    probe_say_clock(p, written);
    remove_made(p, temporary, path);
}

/* By the rule `closed` a read lease tells whether a sender still writes. */
static void ask_for_lease(const struct probe *p, const char *temporary)
{
    int fd = open(temporary, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    g_autofree char *seconds = text_count(p->drop->stable_seconds, "second");
    bool granted = fd >= 0 && fcntl(fd, F_SETLEASE, F_RDLCK) == 0;

    if (fd >= 0)
        (void)close(fd); /* nothing was read; this releases the lease */
    if (granted)
        probe_say(p, "writers", PROBE_GOOD, "the system says whether a sender still writes a file in %s", p->drop->in);
    else
        probe_say(p, "writers", PROBE_NOTE,
                  "the system does not say whether a sender still writes a file in %s; it must stay the same for "
                  "%s instead",
                  p->drop->in, seconds);
}

/* What a pickup does: the gateway must be able to remove a file from `in`. */
static void try_in(const struct probe *p)
{
    g_autofree char *name = g_strconcat(PROBE_PREFIX, p->token, NULL);
    g_autofree char *path = g_build_filename(p->drop->in, name, NULL);
    g_autofree char *temporary = disk_temporary_path(path);
    GError *cause = NULL;

    if (!make(path, temporary, p->token, &cause)) {
        probe_fail(p, "remove", cause);
        return;
    }
    if (p->drop->complete == COMPLETE_CLOSED)
        ask_for_lease(p, temporary);
    if (disk_unlink(STEP_DELIVERY_DROPPED, temporary, &cause))
        probe_say(p, "remove", PROBE_GOOD, "a file can be removed from %s", p->drop->in);
    else
        probe_fail(p, "remove", cause);
}

void local_probe(const struct probe *p)
{
    g_autofree char *pickup = probe_pickup_text(p->drop, "removed");

    bool has_in = list_in(p);
    try_out(p);
    if (has_in)
        try_in(p);
    probe_say(p, "strategy", PROBE_GOOD,
              "%s; answers are written as %s, synced, and renamed without replacing anything", pickup,
              p->drop->upload_name);
}
