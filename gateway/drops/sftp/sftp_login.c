/*
 * Logging in. The private key and the agent's socket are there before the server is heard, for then no file can be read
 * and nothing connected to any more; what is wrong with them is told at the login. The key is looked at for the one
 * case in which libssh2's own error would mislead: an RSA key, with which libssh2 1.10 signs by SHA-1 only. Servers
 * refuse that since 2021 (OpenSSH 8.8), and the refusal would look like a key that was not admitted.
 */
#include "gateway/drops/sftp/sftp_login.h"

#include "gateway/drops/sftp/sftp_algorithms.h"
#include "gateway/drops/sftp/sftp_wait.h"

#include <poll.h>
#include <string.h>

/* Bytes. libssh2 computes with the length of a passphrase unchecked. */
enum { MAX_PASSPHRASE = 1024 };

struct sftp_login {
    char *key, *passphrase; /* of identity=; NULL: not set */
    gsize len;              /* bytes of the key */
    LIBSSH2_AGENT *agent;   /* NULL: not asked for */
    GError *error;          /* why there is none of them */
};

/* ---- RSA keys ---- */

/* A string as SSH writes it: 4 bytes of length, then the bytes. Moves on; false if it is cut short. */
static bool read_string(const guchar **at, gsize *left, const guchar **data, gsize *len)
{
    if (*left < 4)
        return false;
    gsize n = (gsize)(*at)[0] << 24 | (gsize)(*at)[1] << 16 | (gsize)(*at)[2] << 8 | (*at)[3];
    if (n > *left - 4)
        return false;
    *data = *at + 4;
    *len = n;
    *at += 4 + n;
    *left -= 4 + n;
    return true;
}

/* A public key as SSH writes it begins with the name of its kind (RFC 4253, section 6.6). */
static bool is_rsa_blob(const guchar *blob, gsize len)
{
    const guchar *kind;
    gsize kind_len;

    return read_string(&blob, &len, &kind, &kind_len) && kind_len == strlen("ssh-rsa") &&
           memcmp(kind, "ssh-rsa", kind_len) == 0;
}

/* OpenSSH's form of a private key (PROTOCOL.key): magic, cipher, key derivation, its options, number of keys, public
 * key. */
static bool is_rsa_body(const char *body)
{
    static const char magic[] = "openssh-key-v1";
    gsize left = 0, len;
    g_autofree guchar *bytes = g_base64_decode(body, &left);
    const guchar *at = bytes, *text;

    if (left < sizeof magic || memcmp(bytes, magic, sizeof magic) != 0)
        return false;
    at += sizeof magic;
    left -= sizeof magic;
    for (int i = 0; i < 3; i++) {
        if (!read_string(&at, &left, &text, &len))
            return false;
    }
    if (left < 4)
        return false;
    at += 4;
    left -= 4;
    return read_string(&at, &left, &text, &len) && is_rsa_blob(text, len);
}

static bool is_rsa_file(const char *text)
{
    const char *begin = strstr(text, "-----BEGIN OPENSSH PRIVATE KEY-----");

    if (begin == NULL)
        return strstr(text, "-----BEGIN RSA PRIVATE KEY-----") != NULL;
    begin = strchr(begin, '\n');
    const char *end = begin ? strstr(begin, "-----END") : NULL;
    if (end == NULL)
        return false;
    g_autofree char *body = g_strndup(begin, (gsize)(end - begin));
    return is_rsa_body(body);
}

/* Without this algorithm libssh2 signs with SHA-1. */
static bool can_use_rsa(struct direct *sftp)
{
    return sftp_supports(sftp, LIBSSH2_METHOD_HOSTKEY, "rsa-sha2-256");
}

/* ---- the file of identity= ---- */

/* Reads the first line of passphrase_file=. *passphrase is NULL if the setting is empty; g_free after explicit_bzero.
 */
static bool read_passphrase(struct direct *sftp, char **passphrase, GError **error)
{
    const char *path = sftp->peer.passphrase_file;
    g_autoptr(GError) cause = NULL;
    gsize len;

    *passphrase = NULL;
    if (path == NULL || *path == '\0')
        return true;
    if (!g_file_get_contents(path, passphrase, &len, &cause))
        return sftp_fail(sftp, SFTP_ERROR_LOGIN, error,
                         "passphrase_file cannot be read: %s; give the gateway's user read access", cause->message);
    (*passphrase)[strcspn(*passphrase, "\r\n")] = '\0';
    if (len <= MAX_PASSPHRASE)
        return true;
    explicit_bzero(*passphrase, len);
    g_clear_pointer(passphrase, g_free);
    return sftp_fail(sftp, SFTP_ERROR_LOGIN, error,
                     "passphrase_file %s holds %zu bytes, expected at most %d; keep only the passphrase in it", path,
                     len, MAX_PASSPHRASE);
}

static bool read_identity(struct direct *sftp, struct sftp_login *login, GError **error)
{
    const char *path = sftp->peer.identity;
    g_autoptr(GError) cause = NULL;

    if (!g_file_get_contents(path, &login->key, &login->len, &cause))
        return sftp_fail(sftp, SFTP_ERROR_LOGIN, error,
                         "identity cannot be read: %s; give the gateway's user read access", cause->message);
    if (!is_rsa_file(login->key) || can_use_rsa(sftp))
        return true;
    return sftp_fail(
        sftp, SFTP_ERROR_LOGIN, error,
        "identity %s is an RSA key, with which libssh2 %s signs by SHA-1 only, and servers refuse that; make an "
        "Ed25519 key (ssh-keygen -t ed25519) and have it admitted",
        path, libssh2_version(0));
}

/* libssh2 reports a connection that breaks during the login as a refused key. */
static bool has_hung_up(const struct direct *sftp)
{
    struct pollfd socket = {.fd = sftp->fd, .events = POLLRDHUP};

    return poll(&socket, 1, 0) > 0 && (socket.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

static bool refuse_login(struct direct *sftp, int rc, const char *what, GError **error)
{
    if (rc == LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED && has_hung_up(sftp))
        return sftp_fail(
            sftp, SFTP_ERROR_LOST, error,
            "the server broke the connection when user %s logged in with %s; the gateway connects again at its "
            "next try; if it happens again, ask the server's owner",
            sftp->peer.user, what);
    if (rc == LIBSSH2_ERROR_AUTHENTICATION_FAILED || rc == LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED)
        return sftp_fail(
            sftp, SFTP_ERROR_LOGIN, error,
            "the server does not let user %s in with %s; check user=, and have the public key admitted there "
            "(authorized_keys)",
            sftp->peer.user, what);
    return sftp_fail_ssh(sftp, rc, "cannot log in", error);
}

/* libssh2 takes one code for a key that it cannot read and for a server that breaks the rules. */
static bool is_key_fault(const struct direct *sftp, int rc)
{
    char *text = NULL;

    (void)libssh2_session_last_error(sftp->ssh, &text, NULL, 0); /* returns rc again */
    return rc == LIBSSH2_ERROR_FILE || rc == LIBSSH2_ERROR_KEYFILE_AUTH_FAILED ||
           rc == LIBSSH2_ERROR_METHOD_NOT_SUPPORTED ||
           (rc == LIBSSH2_ERROR_PROTO && text != NULL && strstr(text, "PEM") != NULL);
}

static bool login_by_file(struct direct *sftp, GError **error)
{
    const struct sftp_peer *peer = &sftp->peer;
    const struct sftp_login *login = sftp->login;
    int rc;

    /* The passphrase is never NULL: libcrypto would ask the terminal for one. */
    SFTP_REPEAT(sftp, rc,
                libssh2_userauth_publickey_frommemory(sftp->ssh, peer->user, strlen(peer->user), NULL, 0, login->key,
                                                      login->len, login->passphrase ? login->passphrase : ""),
                error);
    if (rc == 0)
        return true;
    if (rc == LIBSSH2_ERROR_EAGAIN)
        return false;
    if (is_key_fault(sftp, rc))
        return sftp_fail(sftp, SFTP_ERROR_LOGIN, error,
                         "identity %s cannot be used: it is no private key that libssh2 %s knows (it knows Ed25519 and "
                         "ECDSA), or the "
                         "passphrase in passphrase_file= is wrong or missing; check both files",
                         peer->identity, libssh2_version(0));
    return refuse_login(sftp, rc, peer->identity, error);
}

/* ---- ssh-agent ---- */

/* Tries the agent's keys in turn. True: logged in. False without an error: none of them is admitted. Counts in *tried
 * and *skipped (RSA keys that cannot be used). */
static bool try_agent(struct direct *sftp, LIBSSH2_AGENT *agent, int *tried, int *skipped, GError **error)
{
    struct libssh2_agent_publickey *key = NULL;
    int rc;

    while (libssh2_agent_get_identity(agent, &key, key) == 0) {
        if (is_rsa_blob(key->blob, key->blob_len) && !can_use_rsa(sftp)) {
            ++*skipped;
            continue;
        }
        ++*tried;
        SFTP_REPEAT(sftp, rc, libssh2_agent_userauth(agent, sftp->peer.user, key), error);
        if (rc == 0)
            return true;
        if (rc == LIBSSH2_ERROR_EAGAIN)
            return false;
        if (rc != LIBSSH2_ERROR_AUTHENTICATION_FAILED && rc != LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED)
            return sftp_fail(
                sftp, SFTP_ERROR_LOGIN, error,
                "the server ended the login at key %d of ssh-agent; name the right key as identity=", *tried);
    }
    return false;
}

static bool reach_agent(struct direct *sftp, struct sftp_login *login, GError **error)
{
    login->agent = libssh2_agent_init(sftp->ssh);
    return (login->agent != NULL && libssh2_agent_connect(login->agent) == 0 &&
            libssh2_agent_list_identities(login->agent) == 0) ||
           sftp_fail(sftp, SFTP_ERROR_LOGIN, error,
                     "identity= is empty and no ssh-agent answers (SSH_AUTH_SOCK); name the file of a private key");
}

static bool login_by_agent(struct direct *sftp, GError **error)
{
    GError *cause = NULL;
    int tried = 0, skipped = 0;

    if (try_agent(sftp, sftp->login->agent, &tried, &skipped, &cause))
        return true;
    if (cause != NULL) {
        g_propagate_error(error, cause);
        return false;
    }
    if (tried == 0)
        return sftp_fail(
            sftp, SFTP_ERROR_LOGIN, error,
            "ssh-agent holds no key that can be used (%d RSA keys need libssh2 1.11); add an Ed25519 or ECDSA key",
            skipped);
    return refuse_login(sftp, LIBSSH2_ERROR_AUTHENTICATION_FAILED, "any key of ssh-agent", error);
}

/* ---- all of it ---- */

struct sftp_login *sftp_login_load(struct direct *sftp)
{
    struct sftp_login *login = g_new0(struct sftp_login, 1);
    const char *path = sftp->peer.identity;

    sftp_progress(sftp, 0);
    if (path == NULL || *path == '\0')
        (void)reach_agent(sftp, login, &login->error);
    else if (read_identity(sftp, login, &login->error))
        (void)read_passphrase(sftp, &login->passphrase, &login->error);
    return login;
}

void sftp_login_free(struct sftp_login *login)
{
    if (login->agent != NULL) {
        (void)libssh2_agent_disconnect(login->agent); /* nothing can be lost */
        libssh2_agent_free(login->agent);
    }
    if (login->key != NULL)
        explicit_bzero(login->key, login->len);
    if (login->passphrase != NULL)
        explicit_bzero(login->passphrase, strlen(login->passphrase));
    g_free(login->key);
    g_free(login->passphrase);
    g_clear_error(&login->error);
    g_free(login);
}

bool sftp_login(struct direct *sftp, GError **error)
{
    struct sftp_login *login = sftp->login;

    sftp_progress(sftp, 0);
    if (login->error != NULL)
        g_propagate_error(error, g_steal_pointer(&login->error));
    else
        sftp->server.logged_in = login->agent != NULL ? login_by_agent(sftp, error) : login_by_file(sftp, error);
    g_clear_pointer(&sftp->login, sftp_login_free); /* the server's requests come now: it need not be there */
    return sftp->server.logged_in;
}
