#include "gateway/condition/kept_file.h"

#include "gateway/clock.h"
#include "spool/disk.h"

#include <string.h>

/* One that is dear to make is made less often: in one hundredth of the time. */
enum { PART_OF_TIME = 100 };

static bool make(const struct kept_file_kind *kind, struct gateway *gateway, GError **error)
{
    g_autofree char *text = NULL;

    if (!kind->make(gateway, &text, error))
        return false;
    g_autoptr(disk_file_t) file = disk_file_create(kind->path, 0, error);
    if (file == NULL || !disk_file_grant(file, &kind->rights, error))
        return false;
    return disk_file_write(file, text, strlen(text), error) && disk_file_place(kind->step, file, error);
}

/* Says once why it cannot be written, and again when the reason changes. error NULL: it was written. */
static void tell(struct kept_file *file, const struct kept_file_kind *kind, const GError *error)
{
    g_autofree char *folder = kind->path != NULL ? g_path_get_dirname(kind->path) : NULL;

    g_free(file->cause);
    file->cause = error != NULL ? g_strdup(error->message) : NULL;
    if (error == NULL)
        log_over(LOG(kind->event));
    else
        log_event(LOG(kind->event), "%s in %s cannot be written, and everything else goes on: %s", kind->name, folder,
                  error->message);
}

void kept_file_write(struct kept_file *file, const struct kept_file_kind *kind, struct gateway *gateway, bool last)
{
    int64_t begun = clock_monotonic();
    g_autoptr(GError) error = NULL;

    if (kind->path == NULL) {
        tell(file, kind, NULL); /* a reload may have taken the setting away */
        return;
    }
    if (!last && begun < file->next)
        return;
    (void)make(kind, gateway, &error); /* what failed is said */
    tell(file, kind, error);
    int64_t cost = clock_monotonic() - begun;
    file->next = begun + MAX(kind->seconds * G_USEC_PER_SEC, PART_OF_TIME * cost);
}

void kept_file_clear(struct kept_file *file)
{
    g_clear_pointer(&file->cause, g_free);
}
