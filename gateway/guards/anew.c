#include "gateway/guards/anew.h"

#include <spawn.h>
#include <stddef.h>

extern char **environ;

int anew_start(const char *argument, int socket, pid_t *pid)
{
    char *const arguments[] = {(char *)"ecosgate", (char *)argument, NULL};
    posix_spawn_file_actions_t actions;
    int errnum;

    if ((errnum = posix_spawn_file_actions_init(&actions)) != 0)
        return errnum;
    errnum = posix_spawn_file_actions_adddup2(&actions, socket, ANEW_SOCKET); /* the copy has no CLOEXEC */
    if (errnum == 0)
        errnum = posix_spawn_file_actions_addclosefrom_np(&actions, ANEW_SOCKET + 1);
    if (errnum == 0)
        errnum = posix_spawn(pid, "/proc/self/exe", &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    return errnum;
}
