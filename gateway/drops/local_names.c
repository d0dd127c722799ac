/* The names in `out`, which its recipient may take away at any moment. Nothing is opened but the folder. */
#include "gateway/drops/local_connection.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

bool local_names(struct connection *connection, const char *folder, transport_name_visit *visit, void *user,
                 GError **error)
{
    g_autofree char *path = g_build_filename(connection->drop->out, folder, NULL);
    DIR *dir = opendir(path);
    struct dirent *found;
    bool good = true, more = true;

    if (dir == NULL)
        return (folder != NULL && (errno == ENOENT || errno == ENOTDIR)) || local_down(error, path, "listed", errno);
    for (errno = 0; good && more && (found = readdir(dir)) != NULL; errno = 0) {
        if (strcmp(found->d_name, ".") != 0 && strcmp(found->d_name, "..") != 0)
            more = visit(user, found->d_name);
        good = local_still_running(connection, error);
    }
    if (good && more && errno != 0)
        good = local_down(error, path, "listed", errno);
    (void)closedir(dir); /* was only read from */
    return good;
}
