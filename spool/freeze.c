/* `freeze` is a lock, `frozen` a text that differs each time; freeze.h says what each is for. */
#include "spool/freeze.h"

#include <string.h>

struct freeze {
    char *dir;         /* the spool's */
    char *path;        /* of `frozen` */
    int lock;          /* on `freeze` */
    struct spool *own; /* locked: there is no writer, and none can start */
    char *text;        /* of `frozen` when it was first seen */
};

static char *lock_path(const char *dir)
{
    return g_build_filename(dir, "freeze", NULL);
}

struct freeze *freeze_ask(const struct spool *spool, GError **error)
{
    g_autofree char *path = lock_path(spool_dir(spool));
    GError *cause = NULL;
    int lock = disk_lock(path, &cause);

    if (lock < 0) {
        if (g_error_matches(cause, SPOOL_ERROR, SPOOL_ERROR_LOCKED))
            g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_LOCKED,
                        "another backup of this spool begins at this moment (%s is locked); try again", path);
        else
            g_propagate_error(error, g_steal_pointer(&cause));
        g_clear_error(&cause);
        return NULL;
    }
    struct freeze *freeze = g_new0(struct freeze, 1);
    freeze->dir = g_strdup(spool_dir(spool));
    freeze->path = g_build_filename(freeze->dir, SPOOL_FROZEN, NULL);
    freeze->lock = lock;
    return freeze;
}

/* The text of `frozen`; NULL if the file is not there. */
static char *read_text(const char *path)
{
    char *text = NULL;

    return g_file_get_contents(path, &text, NULL, NULL) ? text : NULL;
}

/* Becomes the writer, if there is none. */
static bool take_lock(struct freeze *freeze, GError **error)
{
    g_autoptr(spool_t) own = spool_open(freeze->dir, error);
    GError *cause = NULL;

    if (own == NULL)
        return false;
    if (spool_lock(own, &cause)) {
        freeze->own = g_steal_pointer(&own);
        return true;
    }
    if (!g_error_matches(cause, SPOOL_ERROR, SPOOL_ERROR_LOCKED)) {
        g_propagate_error(error, cause);
        return false;
    }
    g_error_free(cause); /* there is a writer */
    return true;
}

bool freeze_try(struct freeze *freeze, bool *frozen, GError **error)
{
    if (freeze->own == NULL && !take_lock(freeze, error))
        return false;
    if (freeze->own == NULL) {
        g_free(freeze->text);
        freeze->text = read_text(freeze->path);
    }
    *frozen = freeze->own != NULL || freeze->text != NULL;
    return true;
}

bool freeze_holds(const struct freeze *freeze)
{
    /* A text that cannot be read is one that is not there. */
    g_autofree char *text = read_text(freeze->path);

    return freeze->own != NULL || (text != NULL && g_strcmp0(text, freeze->text) == 0);
}

void freeze_end(struct freeze *freeze)
{
    if (freeze == NULL)
        return;
    spool_close(freeze->own);
    disk_unlock(freeze->lock);
    g_free(freeze->dir);
    g_free(freeze->path);
    g_free(freeze->text);
    g_free(freeze);
}

/* ---- the writer ---- */

bool freeze_asked(const struct spool *spool, int64_t *pid, GError **error)
{
    g_autofree char *path = lock_path(spool_dir(spool));

    return disk_lock_holder(path, pid, error);
}

bool freeze_begin(const struct spool *spool, GError **error)
{
    g_autofree char *path = g_build_filename(spool_dir(spool), SPOOL_FROZEN, NULL);
    g_autofree char *text = g_uuid_string_random();
    g_autoptr(disk_file_t) file = disk_file_create(path, 0, error);

    return file != NULL && disk_file_write(file, text, strlen(text), error) &&
           disk_file_place(STEP_FREEZE_BEGUN, file, error);
}

bool freeze_finish(const struct spool *spool, GError **error)
{
    g_autofree char *path = g_build_filename(spool_dir(spool), SPOOL_FROZEN, NULL);

    return disk_unlink(STEP_FREEZE_ENDED, path, error);
}
