/*
 * The process that signs. The token's library is trusted to sign and no further: it does what it likes with files and
 * network, as its service needs, but the gateway's memory is not here. It ends by _exit: libraries of tokens are not
 * asked to clean up, for some hang then.
 */
#include "gateway/guards/anew.h"
#include "gateway/guards/guards.h"
#include "gateway/signer/signer.h"
#include "gateway/signer/signer_message.h"
#include "validators/signature/signature_token.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

static void say(char kind, const void *bytes, size_t len)
{
    unsigned char packet[SIGNER_TEXT_MOST];

    packet[0] = (unsigned char)kind;
    len = MIN(len, sizeof packet - 1);
    memcpy(packet + 1, bytes, len);
    if (send(ANEW_SOCKET, packet, len + 1, MSG_NOSIGNAL) < 0)
        _exit(1); /* the gateway has ended */
}

static void say_fault(const GError *error)
{
    say(error->code == G_FILE_ERROR_PERM    ? SIGNER_PIN
        : error->code == G_FILE_ERROR_INVAL ? SIGNER_WRONG
                                            : SIGNER_AWAY,
        error->message, strlen(error->message));
    _exit(1);
}

/* The next digest; ends the process where there is none. */
static void hear(unsigned char sha256[SIGNATURE_DIGEST_BYTES])
{
    if (recv(ANEW_SOCKET, sha256, SIGNATURE_DIGEST_BYTES, 0) != SIGNATURE_DIGEST_BYTES)
        _exit(0);
}

static void serve(void)
{
    unsigned char sha256[SIGNATURE_DIGEST_BYTES], value[SIGNATURE_VALUE_MOST];
    char uri[SIGNER_URI_MOST + 1];
    g_autoptr(GError) error = NULL;
    size_t len;

    ssize_t n = recv(ANEW_SOCKET, uri, SIGNER_URI_MOST, 0);
    if (n <= 0)
        _exit(0);
    uri[n] = '\0';
    hear(sha256); /* the first answer tells of the token, too */
    const struct signature_token *token = signature_token_open(uri, &error);
    for (;; hear(sha256)) {
        if (token == NULL || !signature_token_sign(token, sha256, value, &len, &error))
            say_fault(error);
        say(SIGNER_VALUE, value, len);
    }
}

void signer_serve_if_asked(int argc, char **argv)
{
    if (argc != 2 || strcmp(argv[1], SIGNER_PROCESS) != 0)
        return;
    (void)prctl(PR_SET_NAME, "ecosgate-sign", 0, 0, 0);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        _exit(1);
    guard_limit(RLIMIT_CORE, 0);
    guard_close_standard(); /* libraries print there what the answer tells */
    guard_ignore_signals();
    serve();
}
