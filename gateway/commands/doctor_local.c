/*
 * Probes of a local drop. What is made and renamed there goes through the spool's door to the disk and so
 * passes the steps of a delivery.
 */
#include "gateway/commands/doctor.h"

#include "spool/disk.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file of ours in a folder, synced, under its temporary name. */
static bool make(const char *path, const char *text, GError **error)
{
    g_autoptr(disk_file_t) file = disk_file_create(path, strlen(text), error);

    return file != NULL && disk_file_write(file, text, strlen(text), error) &&
           disk_file_upload(STEP_DELIVERY_UPLOADED, file, error);
}

static void probe_list(struct doctor *d)
{
    GError *fault = NULL;
    g_auto(GStrv) names = disk_names(d->drop->in, &fault);

    if (names == NULL)
        doctor_fail(d, "list", fault);
    else
        doctor_say(d, "list", DOCTOR_GOOD, "%s holds %u names", d->drop->in, g_strv_length(names));
}

static void probe_read(struct doctor *d, const char *part, const char *text)
{
    g_autofree char *sha256 = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
    GError *fault = NULL;
    bool same;

    if (!disk_same_bytes(part, strlen(text), sha256, &same, &fault))
        doctor_fail(d, "read-back", fault);
    else if (same)
        doctor_say(d, "read-back", DOCTOR_GOOD, "the same bytes come back from %s", d->drop->out);
    else
        doctor_say(d, "read-back", DOCTOR_BAD, "other bytes come back from %s than were written; the disk is not sound",
                   d->drop->out);
}

static void probe_rename(struct doctor *d, const char *path, const char *text)
{
    GError *fault = NULL;

    if (!disk_publish_temporary(STEP_DELIVERY_PUBLISHED, path, &fault)) {
        doctor_fail(d, "rename", fault);
        return;
    }
    doctor_say(d, "rename", DOCTOR_GOOD, "a file gets its name in one step");
    if (!make(path, text, &fault))
        doctor_fail(d, "rename-onto", fault);
    else if (disk_publish_temporary(STEP_DELIVERY_PUBLISHED, path, &fault))
        doctor_say(d, "rename-onto", DOCTOR_BAD, "the file system replaces a name that is taken");
    else if (g_error_matches(fault, SPOOL_ERROR, SPOOL_ERROR_EXISTS)) {
        doctor_say(d, "rename-onto", DOCTOR_GOOD, "a name that is taken is never replaced");
        g_error_free(fault);
    } else
        doctor_fail(d, "rename-onto", fault);
}

static void remove_probe(struct doctor *d, const char *path)
{
    g_autofree char *part = disk_temporary_path(path);
    GError *fault = NULL;

    if (!disk_unlink(STEP_DELIVERY_DROPPED, part, &fault) || !disk_unlink(STEP_DELIVERY_DROPPED, path, &fault))
        doctor_fail(d, "remove", fault);
}

static void probe_out(struct doctor *d)
{
    g_autofree char *name = g_strconcat(DOCTOR_PREFIX, d->token, NULL);
    g_autofree char *path = g_build_filename(d->drop->out, name, NULL);
    g_autofree char *part = disk_temporary_path(path);
    GError *fault = NULL;
    uint64_t space;

    if (!make(path, d->token, &fault))
        doctor_fail(d, "write", fault);
    else {
        struct stat st;
        doctor_say(d, "write", DOCTOR_GOOD, "a file can be written and synced in %s", d->drop->out);
        probe_read(d, part, d->token);
        int64_t written = lstat(part, &st) == 0 ? (int64_t)st.st_mtim.tv_sec : 0;
        probe_rename(d, path, d->token);
        if (disk_free_bytes(d->drop->out, &space, &fault))
            doctor_say_space(d, space);
        else
            doctor_fail(d, "space", fault);
        doctor_say_clock(d, written);
    }
    remove_probe(d, path);
}

/* A lease is what tells whether somebody writes (completeness.h). */
static void probe_lease(struct doctor *d, const char *part)
{
    int fd = open(part, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    bool told = fd >= 0 && fcntl(fd, F_SETLEASE, F_RDLCK) == 0;

    if (fd >= 0)
        (void)close(fd); /* only asked about; gives the lease back */
    if (told)
        doctor_say(d, "writers", DOCTOR_GOOD, "the system says who still writes a file in %s", d->drop->in);
    else
        doctor_say(d, "writers", DOCTOR_NOTE,
                   "the system does not say who still writes a file in %s; it must stay the same for %" G_GINT64_FORMAT
                   " seconds instead",
                   d->drop->in, d->drop->stable_seconds);
}

static void probe_in(struct doctor *d)
{
    g_autofree char *name = g_strconcat(DOCTOR_PREFIX, d->token, NULL);
    g_autofree char *path = g_build_filename(d->drop->in, name, NULL);
    g_autofree char *part = disk_temporary_path(path);
    GError *fault = NULL;

    if (!make(path, d->token, &fault)) {
        doctor_fail(d, "remove", fault);
        return;
    }
    if (d->drop->complete == COMPLETE_CLOSED)
        probe_lease(d, part);
    if (disk_unlink(STEP_DELIVERY_DROPPED, part, &fault))
        doctor_say(d, "remove", DOCTOR_GOOD, "a file can be removed from %s", d->drop->in);
    else
        doctor_fail(d, "remove", fault);
}

void doctor_probe_local(struct doctor *d)
{
    g_autofree char *pickup = doctor_pickup_text(d->drop);

    probe_list(d);
    probe_out(d);
    probe_in(d);
    doctor_say(d, "strategy", DOCTOR_GOOD,
               "%s; answers are written as .NAME.part, synced, and renamed without replacing anything", pickup);
}
