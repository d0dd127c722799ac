/* poll promises room for a line: a pipe is writable when it takes PIPE_BUF bytes; a stream socket, when more. */
#include "gateway/log/log_output.h"

#include <errno.h>
#include <glib.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

enum { PATIENCE = 1000 /* milliseconds */ };

static bool stuck; /* the last line found no room */
static bool cut;   /* the last line was written in part: the next one begins on a line of its own */

/* After an error poll says so, and the write tells which. */
static bool has_room(int milliseconds)
{
    struct pollfd fd = {.fd = STDERR_FILENO, .events = POLLOUT};
    int found;

    do
        found = poll(&fd, 1, milliseconds);
    while (found < 0 && errno == EINTR && milliseconds == 0); /* a signal ends the wait: the gateway shall stop */
    return found > 0;
}

static bool write_whole(const char *data, size_t len, int *errnum)
{
    ssize_t n;

    do
        n = write(STDERR_FILENO, data, len);
    while (n < 0 && errno == EINTR);
    *errnum = n < 0 ? errno : ENOSPC;
    return n == (ssize_t)len;
}

bool log_output_line(const char *line, int *errnum)
{
    g_autofree char *begun = NULL;

    stuck = !has_room(stuck ? 0 : PATIENCE);
    *errnum = EAGAIN;
    if (stuck)
        return false;
    /* On a terminal the line may hold a progress bar: clear it first. */
    const char *before = isatty(STDERR_FILENO) == 1 ? "\r\033[K" : cut ? "\n" : "";
    if (*before != '\0')
        line = begun = g_strconcat(before, line, NULL);
    bool whole = write_whole(line, strlen(line), errnum);
    cut = !whole && (cut || *errnum == ENOSPC);
    return whole;
}

void log_output_text(const char *text)
{
    g_printerr("%s%s", isatty(STDERR_FILENO) == 1 ? "\r\033[K" : "", text);
}

void log_output_at_once(const char *line, size_t len)
{
    int errnum;

    if (has_room(0))
        (void)write_whole(line, len, &errnum); /* nobody is left to be told */
}
