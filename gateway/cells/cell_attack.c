/*
 * For tests, in builds that can be stopped at a named step: a fault of a parser that runs foreign code. The environment
 * says what that code does, and at which record: ECOSGATE_CELL_ATTACK=WHAT:ARGUMENT@RECORD. What it tries is refused or
 * ends the cell; if it succeeds, the cell goes on as if nothing were, and the file is accepted, which the test sees.
 */
#include "gateway/cells/cells_private.h"

#ifdef ECOSGATE_CRASH_POINTS

#include "gateway/cells/cell_guard.h"
#include "gateway/cells/cell_message.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { REFUSED = 90 /* exit status: the attempt was refused with an error */ };

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

/* Anything that it was not given: the descriptors of the gateway. */
static bool try_descriptors(const char *argument)
{
    bool any = false;

    (void)argument;
    for (int fd = CELL_PAYLOAD + 1; fd < 1024; fd++) /* NOLINT */
        any |= fcntl(fd, F_GETFD) >= 0;
    return any;
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

/* The bytes, in hexadecimal digits; afterwards it ends well. */
static bool do_say(const char *digits)
{
    static struct cell_out out = {.fd = CELL_SOCKET};

    for (size_t i = 0; digits[i] != '\0' && digits[i + 1] != '\0'; i += 2) {
        int byte = g_ascii_xdigit_value(digits[i]) << 4 | g_ascii_xdigit_value(digits[i + 1]);
        out.bytes[out.len++] = (unsigned char)byte;
    }
    cell_flush(&out);
    _exit(0);
    return false;
}

/* The same record, or the same progress, again and again. */
static bool do_flood(const char *what)
{
    static struct cell_out out = {.fd = CELL_SOCKET};
    static const struct field fields[LAYOUT_MAX_COLUMNS];
    const struct record record = {.ordinal = 1, .n_fields = INSTRUCTION_FIELDS, .fields = fields};
    const struct fault fault = {.kind = FAULT_FORM, .text = "a fault"};
    const struct reading reading = {.records = 1};

    for (;;) {
        if (strcmp(what, "records") == 0)
            cell_say_record(&out, &record);
        else if (strcmp(what, "faults") == 0)
            cell_say_fault(&out, &fault);
        else
            cell_say_progress(&out, &reading);
    }
    return false;
}

static const struct attack {
    const char *name;
    bool (*run)(const char *argument); /* true: it has succeeded */
} attacks[] = {
    {"read", try_read},     {"write", try_write}, {"connect", try_connect}, {"fork", try_fork},
    {"exec", try_exec},     {"trace", try_trace}, {"kill", try_kill},       {"descriptors", try_descriptors},
    {"memory", try_memory}, {"crash", do_crash},  {"end", do_end},          {"hang", do_hang},
    {"say", do_say},        {"flood", do_flood},
};

void cell_attack(uint32_t record)
{
    static const char *ordered;

    if (ordered == NULL)
        ordered = g_getenv("ECOSGATE_CELL_ATTACK") != NULL ? g_getenv("ECOSGATE_CELL_ATTACK") : "";
    if (*ordered == '\0')
        return;
    g_auto(GStrv) words = g_strsplit(ordered, "@", 2);
    if (g_strv_length(words) != 2 || (uint32_t)atoi(words[1]) != record)
        return;
    g_auto(GStrv) parts = g_strsplit(words[0], ":", 2);
    for (size_t i = 0; i < G_N_ELEMENTS(attacks); i++)
        if (strcmp(attacks[i].name, parts[0]) == 0 && !attacks[i].run(parts[1] != NULL ? parts[1] : ""))
            _exit(REFUSED);
}

#endif
