/*
 * The server's host key. The kinds of key that are asked for follow from known_hosts: a server with several keys would
 * else show another one than the file holds, and that would look like a changed key.
 *
 * libssh2 reads known_hosts, but not as ssh does: it gives up on a whole file for one line that it cannot read, and
 * knows no markers, patterns or @cert-authority. So each line is tried by itself, @revoked is handled here, and lines
 * that it cannot read are passed over: a key in such a line is unknown, never trusted.
 */
#include "gateway/drops/sftp/sftp_trust.h"

#include "gateway/drops/sftp/sftp_algorithms.h"
#include "gateway/drops/sftp/sftp_wait.h"

#include <string.h>

struct sftp_trust {
    char *name; /* as known_hosts writes host and port */
    LIBSSH2_KNOWNHOSTS *known, *revoked;
    int types;        /* of the known keys; bits: 1 << index in key_types */
    char *algorithms; /* those of these types that can be used */
};

/* In the order in which they are asked for. */
static const struct {
    int mask; /* LIBSSH2_KNOWNHOST_KEY_…, in known_hosts */
    int type; /* LIBSSH2_HOSTKEY_TYPE_…, of a session */
    const char *algorithms[3];
} key_types[] = {
    {LIBSSH2_KNOWNHOST_KEY_ED25519, LIBSSH2_HOSTKEY_TYPE_ED25519, {"ssh-ed25519"}},
    {LIBSSH2_KNOWNHOST_KEY_ECDSA_256, LIBSSH2_HOSTKEY_TYPE_ECDSA_256, {"ecdsa-sha2-nistp256"}},
    {LIBSSH2_KNOWNHOST_KEY_ECDSA_384, LIBSSH2_HOSTKEY_TYPE_ECDSA_384, {"ecdsa-sha2-nistp384"}},
    {LIBSSH2_KNOWNHOST_KEY_ECDSA_521, LIBSSH2_HOSTKEY_TYPE_ECDSA_521, {"ecdsa-sha2-nistp521"}},
    {LIBSSH2_KNOWNHOST_KEY_SSHRSA, LIBSSH2_HOSTKEY_TYPE_RSA, {"rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"}},
};

/* SHA-1 signatures can be forged, so ssh-rsa is used only if host_keys= names it. libssh2 1.10 has no other algorithm
 * for RSA keys; rsa-sha2-256 and rsa-sha2-512 came with 1.11.0. */
static bool is_usable(struct direct *sftp, const char *algorithm)
{
    const char *chosen = sftp->peer.host_keys;
    bool allowed =
        chosen != NULL && *chosen != '\0' ? sftp_is_listed(chosen, algorithm) : strcmp(algorithm, "ssh-rsa") != 0;

    return allowed && sftp_supports(sftp, LIBSSH2_METHOD_HOSTKEY, algorithm);
}

static char *usable_algorithms(struct direct *sftp, int types)
{
    GString *list = g_string_new(NULL);

    for (size_t t = 0; t < G_N_ELEMENTS(key_types); t++) {
        for (size_t a = 0; a < G_N_ELEMENTS(key_types[t].algorithms) && key_types[t].algorithms[a] != NULL; a++) {
            if ((types & 1 << t) != 0 && is_usable(sftp, key_types[t].algorithms[a]))
                g_string_append_printf(list, "%s%s", list->len > 0 ? "," : "", key_types[t].algorithms[a]);
        }
    }
    return g_string_free(list, FALSE);
}

/* ---- the file ---- */

static int check_plain(LIBSSH2_KNOWNHOSTS *hosts, const char *name, const char *key, size_t len, int mask)
{
    struct libssh2_knownhost *found;

    /* Port -1: the name holds the port already. With a port libssh2 also accepts a line without one, which is the key
     * of another server on the same host. */
    return libssh2_knownhost_checkp(hosts, name, -1, key, len, mask, &found);
}

/* Sets *type to the index in key_types of the line's key; to -1 if the line does not name this server, or if libssh2
 * cannot read it. */
static void read_line(struct direct *sftp, const char *name, const char *line, int *type)
{
    LIBSSH2_KNOWNHOSTS *one = libssh2_knownhost_init(sftp->ssh);
    struct libssh2_knownhost *entry = NULL;

    *type = -1;
    if (one != NULL && libssh2_knownhost_readline(one, line, strlen(line), LIBSSH2_KNOWNHOST_FILE_OPENSSH) == 0 &&
        libssh2_knownhost_get(one, &entry, NULL) == 0 && entry->key != NULL) {
        int mask = entry->typemask & LIBSSH2_KNOWNHOST_KEY_MASK;
        bool ours = check_plain(one, name, entry->key, strlen(entry->key),
                                LIBSSH2_KNOWNHOST_TYPE_PLAIN | LIBSSH2_KNOWNHOST_KEYENC_BASE64 | mask) ==
                    LIBSSH2_KNOWNHOST_CHECK_MATCH;
        for (size_t t = 0; ours && t < G_N_ELEMENTS(key_types); t++) {
            if (key_types[t].mask == mask)
                *type = (int)t;
        }
    }
    if (one != NULL)
        libssh2_knownhost_free(one);
}

static void take_line(struct direct *sftp, struct sftp_trust *trust, char *line)
{
    static const char revoked[] = "@revoked";
    LIBSSH2_KNOWNHOSTS *hosts = trust->known;
    int type;

    line = g_strstrip(line);
    if (g_str_has_prefix(line, revoked)) {
        hosts = trust->revoked;
        line = g_strchug(line + strlen(revoked));
    }
    if (*line == '\0' || *line == '#' || *line == '@')
        return;
    read_line(sftp, trust->name, line, &type);
    if (type < 0 || libssh2_knownhost_readline(hosts, line, strlen(line), LIBSSH2_KNOWNHOST_FILE_OPENSSH) != 0)
        return;
    if (hosts == trust->known)
        trust->types |= 1 << type;
}

struct sftp_trust *sftp_trust_load(struct direct *sftp, GError **error)
{
    const struct sftp_peer *peer = &sftp->peer;
    g_autofree char *text = NULL;
    g_autoptr(GError) cause = NULL;

    if (!g_file_get_contents(peer->known_hosts, &text, NULL, &cause)) {
        (void)sftp_fail(
            sftp, SFTP_ERROR_HOST_KEY, error,
            "known_hosts cannot be read: %s; make the file, with the line that the server's owner gives you",
            cause->message);
        return NULL;
    }
    struct sftp_trust *trust = g_new0(struct sftp_trust, 1);
    trust->name = peer->port == 22 ? g_strdup(peer->host) : g_strdup_printf("[%s]:%d", peer->host, peer->port);
    trust->known = libssh2_knownhost_init(sftp->ssh);
    trust->revoked = libssh2_knownhost_init(sftp->ssh);
    if (trust->known == NULL || trust->revoked == NULL)
        g_error("libssh2 cannot hold known hosts: no memory is left");
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line != NULL; line++)
        take_line(sftp, trust, *line);
    trust->algorithms = usable_algorithms(sftp, trust->types);
    if (trust->types == 0 || *trust->algorithms != '\0')
        return trust;
    sftp_trust_free(trust);
    (void)sftp_fail(
        sftp, SFTP_ERROR_HOST_KEY, error,
        "none of the host keys that %s holds for the server can be used: libssh2 %s and host_keys= allow no safe "
        "signature of their kind (RSA needs libssh2 1.11); add the server's Ed25519 or ECDSA key to that file",
        peer->known_hosts, libssh2_version(0));
    return NULL;
}

void sftp_trust_free(struct sftp_trust *trust)
{
    if (trust == NULL)
        return;
    libssh2_knownhost_free(trust->known);
    libssh2_knownhost_free(trust->revoked);
    g_free(trust->name);
    g_free(trust->algorithms);
    g_free(trust);
}

char *sftp_trust_algorithms(struct direct *sftp, const struct sftp_trust *trust)
{
    const int all = (1 << G_N_ELEMENTS(key_types)) - 1;

    return trust != NULL && trust->types != 0 ? g_strdup(trust->algorithms) : usable_algorithms(sftp, all);
}

/* ---- the key ---- */

/* The mask in known_hosts for a key type of a session; 0 if there is none. */
static int mask_of(int type)
{
    for (size_t t = 0; t < G_N_ELEMENTS(key_types); t++) {
        if (key_types[t].type == type)
            return key_types[t].mask;
    }
    return 0;
}

static bool refuse_unknown(struct direct *sftp, const struct sftp_trust *trust, GError **error)
{
    return sftp_fail(
        sftp, SFTP_ERROR_HOST_KEY, error,
        "the server's host key %s %s is not in %s; ask the server's owner for the fingerprint, and if it is this "
        "one, add the line of '%s' that ssh-keyscan -p %d %s prints",
        sftp->server.key, sftp->server.fingerprint, sftp->peer.known_hosts, trust->name, sftp->peer.port,
        sftp->peer.host);
}

static bool refuse_changed(struct direct *sftp, const struct sftp_trust *trust, GError **error)
{
    return sftp_fail(sftp, SFTP_ERROR_HOST_KEY, error,
                     "THE SERVER'S HOST KEY CHANGED: it shows %s %s, which is not the key of '%s' in %s; somebody may "
                     "intercept the connection: ask the server's owner, and replace that line only if the key is right",
                     sftp->server.key, sftp->server.fingerprint, trust->name, sftp->peer.known_hosts);
}

bool sftp_trust_check(struct direct *sftp, const struct sftp_trust *trust, GError **error)
{
    size_t len = 0;
    int type = 0;
    const char *key = libssh2_session_hostkey(sftp->ssh, &len, &type);
    int mask = LIBSSH2_KNOWNHOST_TYPE_PLAIN | LIBSSH2_KNOWNHOST_KEYENC_RAW | mask_of(type);

    if (key == NULL || sftp->server.fingerprint == NULL)
        return sftp_fail(sftp, SFTP_ERROR_HOST_KEY, error, "the server shows no host key; ask its owner");
    if (check_plain(trust->revoked, trust->name, key, len, mask) == LIBSSH2_KNOWNHOST_CHECK_MATCH)
        return sftp_fail(sftp, SFTP_ERROR_HOST_KEY, error,
                         "the server's host key %s %s is @revoked in %s; ask the server's owner for its new key",
                         sftp->server.key, sftp->server.fingerprint, sftp->peer.known_hosts);
    if (trust->types == 0)
        return refuse_unknown(sftp, trust, error);
    if (mask_of(type) == 0 || check_plain(trust->known, trust->name, key, len, mask) != LIBSSH2_KNOWNHOST_CHECK_MATCH)
        return refuse_changed(sftp, trust, error);
    sftp->server.trusted = true;
    return true;
}
