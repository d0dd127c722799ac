/* Files appear whole, under their names, by the code that writes into the spool. */
#include "gateway/commands/profile/profile_folder.h"

#include "gateway/commands/command.h"
#include "spool/disk.h"

#include <string.h>

bool profile_folder_make(const char *dir, GError **error)
{
    if (g_file_test(dir, G_FILE_TEST_EXISTS)) {
        g_autofree char *shown = command_shown(dir);
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY,
                    "%s exists already and was not changed; choose another folder", shown);
        return false;
    }
    return disk_make_dirs(STEP_SPOOL_MADE, dir, error);
}

bool profile_folder_write(const char *dir, const char *name, const char *text, size_t len, GError **error)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    g_autofree char *within = g_path_get_dirname(path);

    if (!disk_make_dirs(STEP_SPOOL_MADE, within, error))
        return false;
    g_autoptr(disk_file_t) file = disk_file_create(path, 0, error);
    return file != NULL && disk_file_write(file, text, len, error) && disk_file_publish(STEP_SPOOL_MADE, file, error);
}
