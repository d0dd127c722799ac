/* The gateway's side: the start of the process, its end, and what it is asked. */
#include "gateway/signer/signer.h"

#include "formats/text.h"
#include "gateway/clock.h"
#include "gateway/guards/anew.h"
#include "gateway/signer/signer_message.h"
#include "spool/pulse.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    PATIENCE = 10 * 1000, /* milliseconds for one signature; the first one opens the token, too */
    LONGEST_PAUSE = 60,   /* seconds */
    SHOWN_TEXT = 4000,
};

struct signer {
    char *uri;
    char *name;    /* the same without its query, which may hold a PIN, though it is refused */
    int socket;    /* -1: there is no process */
    pid_t process; /* to be waited for; 0: none */
    int64_t pause; /* seconds; 0: the last try was good */
    int64_t again; /* clock_monotonic of the next try */
    bool locks;    /* the token refused the PIN: it is not asked any more */
    char *cause;   /* of the last failure; NULL: there was none */
    int code;      /* of its error */
};

static int64_t patience(void)
{
#ifdef ECOSGATE_CRASH_POINTS
    const char *shorter = g_getenv("ECOSGATE_SIGNER_PATIENCE");

    return shorter != NULL ? atol(shorter) : PATIENCE;
#else
    return PATIENCE;
#endif
}

/* ---- its end ---- */

static void end_process(struct signer *signer)
{
    if (signer->socket >= 0)
        (void)close(signer->socket); /* nothing is to be said any more */
    signer->socket = -1;
    if (signer->process > 0) {
        (void)kill(signer->process, SIGKILL); /* ours, and not waited for yet */
        while (waitpid(signer->process, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    signer->process = 0;
}

static void rest(void *user)
{
    end_process(user);
}

static void free_signer(void *user)
{
    struct signer *signer = user;

    end_process(signer);
    g_free(signer->uri);
    g_free(signer->name);
    g_free(signer->cause);
    g_free(signer);
}

/* Frees cause, ends the process, and sets the next try. */
static bool fail_as(struct signer *signer, int code, char *cause, GError **error)
{
    end_process(signer);
    g_free(signer->cause);
    signer->cause = g_strdup_printf("%s: %s", signer->name, cause);
    g_free(cause);
    signer->code = code;
    signer->pause = CLAMP(signer->pause * 2, 1, LONGEST_PAUSE);
    signer->again = clock_monotonic() + signer->pause * G_USEC_PER_SEC;
    g_set_error_literal(error, G_FILE_ERROR, code, signer->cause);
    return false;
}

static bool fail(struct signer *signer, char *cause, GError **error)
{
    return fail_as(signer, G_FILE_ERROR_AGAIN, cause, error);
}

static bool fail_start(struct signer *signer, const char *what, int errnum, GError **error)
{
    return fail(signer,
                g_strdup_printf("no process can be started that signs: %s: %s; raise the limits of the gateway's user: "
                                "of open files (ulimit -n), of processes (ulimit -u)",
                                what, g_strerror(errnum)),
                error);
}

/* ---- its start ---- */

static bool start(struct signer *signer, GError **error)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return fail_start(signer, "socketpair", errno, error);
    int errnum = anew_start(SIGNER_PROCESS, pair[1], &signer->process);
    (void)close(pair[1]); /* the process has its own */
    signer->socket = pair[0];
    if (errnum != 0) {
        signer->process = 0;
        return fail_start(signer, "the program cannot be run anew", errnum, error);
    }
    if (send(signer->socket, signer->uri, strlen(signer->uri), MSG_NOSIGNAL) < 0)
        return fail_start(signer, "send", errno, error);
    return true;
}

/* ---- what it is asked ---- */

/* Waits for an answer. False: none came in time. */
static bool await(const struct signer *signer)
{
    int64_t end = clock_monotonic() + patience() * 1000;
    struct pollfd fd = {.fd = signer->socket, .events = POLLIN};

    for (;;) {
        int64_t left = (end - clock_monotonic()) / 1000;
        if (left <= 0)
            return false;
        if (poll(&fd, 1, (int)left) > 0)
            return true; /* or it was interrupted */
    }
}

static bool fail_silent(struct signer *signer, GError **error)
{
    return fail(signer,
                g_strdup_printf("the token gave no answer for %" G_GINT64_FORMAT
                                " s, and the process that waited for it was ended; look at the token and its service",
                                patience() / 1000),
                error);
}

static bool fail_ended(struct signer *signer, GError **error)
{
    int status = 0;

    (void)kill(signer->process, SIGKILL); /* its socket has ended: so does it */
    if (waitpid(signer->process, &status, 0) == signer->process)
        signer->process = 0;
    bool died = WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL;
    return fail(signer,
                died ? g_strdup_printf("the process with the token's library died of signal %d (%s); if it happens "
                                       "again, show this to whoever keeps the token",
                                       WTERMSIG(status), strsignal(WTERMSIG(status)))
                     : g_strdup("the process with the token's library ended"),
                error);
}

static bool fail_told(struct signer *signer, char kind, const char *text, size_t len, GError **error)
{
    int code = kind == SIGNER_PIN ? G_FILE_ERROR_PERM : kind == SIGNER_WRONG ? G_FILE_ERROR_INVAL : G_FILE_ERROR_AGAIN;

    signer->locks = kind == SIGNER_PIN;
    return fail_as(signer, code,
                   text_is_printable(text, len) ? g_strndup(text, len) : text_escape(text, len, SHOWN_TEXT), error);
}

static bool take_answer(struct signer *signer, unsigned char *value, size_t *len, GError **error)
{
    unsigned char packet[SIGNER_TEXT_MOST];
    ssize_t n = recv(signer->socket, packet, sizeof packet, MSG_DONTWAIT);

    if (n <= 0)
        return fail_ended(signer, error);
    if (packet[0] == SIGNER_AWAY || packet[0] == SIGNER_WRONG || packet[0] == SIGNER_PIN)
        return fail_told(signer, (char)packet[0], (const char *)packet + 1, (size_t)n - 1, error);
    if (packet[0] != SIGNER_VALUE || n - 1 > SIGNATURE_VALUE_MOST)
        return fail(signer, g_strdup("the process with the token's library says what it cannot mean"), error);
    *len = (size_t)n - 1;
    memcpy(value, packet + 1, *len);
    signer->pause = 0;
    return true;
}

static bool sign(void *user, const unsigned char sha256[SIGNATURE_DIGEST_BYTES],
                 unsigned char value[SIGNATURE_VALUE_MOST], size_t *len, GError **error)
{
    struct signer *signer = user;

    if (signer->locks || (signer->pause > 0 && clock_monotonic() < signer->again)) {
        g_set_error_literal(error, G_FILE_ERROR, signer->code, signer->cause);
        return false;
    }
    if (signer->socket < 0 && !start(signer, error))
        return false;
    pulse();
    if (send(signer->socket, sha256, SIGNATURE_DIGEST_BYTES, MSG_NOSIGNAL) < 0)
        return fail_ended(signer, error);
    bool came = await(signer);
    pulse();
    return came ? take_answer(signer, value, len, error) : fail_silent(signer, error);
}

void signer_give(struct signature_key *key, const char *uri)
{
    struct signer *signer = g_new0(struct signer, 1);

    signer->uri = g_strdup(uri);
    signer->name = strstr(uri, "pin-value=") == NULL ? g_strndup(uri, strcspn(uri, "?")) : g_strdup(SIGNATURE_TOKEN);
    signer->socket = -1;
    const struct signature_signer asked = {sign, rest, free_signer, signer, signer->name};
    signature_key_give(key, &asked);
}
