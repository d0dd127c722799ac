#include "gateway/guards/attack.h"

#ifdef ECOSGATE_CRASH_POINTS

#include <arpa/inet.h>
#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static bool try_read(const char *path)
{
    char byte;
    int fd = open(path, O_RDONLY);

    return fd >= 0 && read(fd, &byte, 1) == 1;
}

static bool try_write(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT, 0600);

    return fd >= 0 && write(fd, "x", 1) == 1;
}

static bool try_connect(const char *port)
{
    const struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    return fd >= 0 && connect(fd, (const struct sockaddr *)&to, sizeof to) == 0;
}

static bool try_fork(const char *argument)
{
    pid_t pid = fork();

    (void)argument;
    if (pid == 0)
        _exit(0);
    return pid > 0 && waitpid(pid, NULL, 0) == pid;
}

static bool try_exec(const char *path)
{
    char *const arguments[] = {(char *)path, NULL};

    (void)execv(path, arguments);
    return false; /* it came back */
}

static bool try_trace(const char *argument)
{
    (void)argument;
    return ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) == 0;
}

static bool try_kill(const char *pid)
{
    return kill((pid_t)atoi(pid), SIGKILL) == 0;
}

static bool try_memory(const char *argument)
{
    (void)argument;
    for (size_t n = 0; n < 4096; n++) {
        char *bytes = malloc(1 << 20);
        if (bytes == NULL)
            return false;
        memset(bytes, 1, 1 << 20);
    }
    return true;
}

/* ---- what ends the cell, or is said to the gateway ---- */

static bool do_crash(const char *argument)
{
    volatile int *nowhere = NULL;

    (void)argument;
    *nowhere = 1;
    return false;
}

static bool do_end(const char *status)
{
    _exit(atoi(status));
    return false;
}

static bool do_hang(const char *argument)
{
    volatile bool always = true;

    (void)argument;
    while (always)
        ;
    return false;
}

static const struct attack attacks[] = {
    {"read", try_read},  {"write", try_write}, {"connect", try_connect}, {"fork", try_fork},
    {"exec", try_exec},  {"trace", try_trace}, {"kill", try_kill},       {"memory", try_memory},
    {"crash", do_crash}, {"end", do_end},      {"hang", do_hang},
};

bool attack_run(const char *order, const struct attack *own, int n)
{
    g_auto(GStrv) parts = g_strsplit(order, ":", 2);
    const char *argument = parts[1] != NULL ? parts[1] : "";

    for (int i = 0; i < n; i++)
        if (strcmp(own[i].name, parts[0]) == 0)
            return own[i].run(argument);
    for (size_t i = 0; i < G_N_ELEMENTS(attacks); i++)
        if (strcmp(attacks[i].name, parts[0]) == 0)
            return attacks[i].run(argument);
    return true; /* a test that means another one shall fail */
}

#endif
