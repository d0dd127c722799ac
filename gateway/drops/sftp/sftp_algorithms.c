/*
 * The algorithms of a connection. Most of what a large fetch costs is the cipher: of 1.25 s of CPU time for 350 MB with
 * libssh2 1.10 AES took 0.48 s, the MAC 0.2 s, our SHA-256 0.2 s, receiving 0.15 s and writing 0.1 s. The cause is that
 * libssh2 calls libcrypto for every 16 bytes, and such a call costs ten times what the AES in it does.
 *
 * What the versions of libssh2 offer, and the CPU time of fetching 200 MB with each (median of three):
 *   1.10.0   AES in counter mode, and a MAC of its own over each packet: 0.70 s.
 *   1.11.0   AES-GCM, whose tag takes the place of the MAC: 0.88 s, because a call of GCM for 16 bytes costs more than
 *            one of counter mode and the MAC together. Encrypt-then-MAC: 0.74 s with AES in counter mode.
 *   1.11.1   chacha20-poly1305, the only cipher that gets a whole packet in one call: 0.70 s.
 *
 * So nothing here asks for a version: of the list below what the library reports at run time is offered, in this order.
 * It has what OpenSSH 9 and Mozilla's guidelines allow, and nothing with SHA-1, MD5, CBC, RC4, 3DES or a group of 1024
 * bits. A list of what is forbidden was the other design: it would offer whatever a later libssh2 adds.
 * Two other ways were tried. A provider within libcrypto that made the AES keystream ahead saved
 * a fifth of a fetch, but changed the OpenSSL properties of the whole process, also ones that an administrator had set;
 * it was removed. HMAC-SHA-1 and larger requests saved nothing.
 */
#include "gateway/drops/sftp/sftp_algorithms.h"

#include "gateway/drops/sftp/sftp_wait.h"

#include <string.h>

static const char *const good_kex[] = {"curve25519-sha256",
                                       "curve25519-sha256@libssh.org",
                                       "ecdh-sha2-nistp256",
                                       "ecdh-sha2-nistp384",
                                       "ecdh-sha2-nistp521",
                                       "diffie-hellman-group-exchange-sha256",
                                       "diffie-hellman-group16-sha512",
                                       "diffie-hellman-group18-sha512",
                                       "diffie-hellman-group14-sha256",
                                       NULL};

/* The cheapest first. Whole packets first. Of AES, counter mode with 128 bits: it needs 10 rounds, 256 bits need 14.
 * Strict key exchange
 * prevents the Terrapin attack on chacha20-poly1305 (CVE-2023-48795): libssh2 1.11.1 has both. For a server without it
 * ciphers= can name another cipher. */
static const char *const good_ciphers[] = {"chacha20-poly1305@openssh.com",
                                           "aes128-ctr",
                                           "aes128-gcm@openssh.com",
                                           "aes256-gcm@openssh.com",
                                           "aes256-ctr",
                                           "aes192-ctr",
                                           NULL};

/* Encrypt-then-MAC first: a packet that was changed on its way is refused before it is decrypted. */
static const char *const good_macs[] = {"hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com",
                                        "hmac-sha2-256", "hmac-sha2-512", NULL};

static const char *const good_host_keys[] = {
    "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "rsa-sha2-512", "rsa-sha2-256",
    NULL};

char *sftp_supported(struct direct *sftp, int method)
{
    const char **algorithms = NULL;
    GString *text = g_string_new(NULL);
    int n = libssh2_session_supported_algs(sftp->ssh, method, &algorithms);

    for (int i = 0; i < n; i++)
        g_string_append_printf(text, "%s%s", i > 0 ? "," : "", algorithms[i]);
    if (n > 0)
        libssh2_free(sftp->ssh, algorithms);
    return g_string_free(text, FALSE);
}

bool sftp_is_listed(const char *list, const char *algorithm)
{
    g_auto(GStrv) names = g_strsplit(list, ",", -1);

    for (char **name = names; *name != NULL; name++) {
        if (strcmp(g_strstrip(*name), algorithm) == 0)
            return true;
    }
    return false;
}

bool sftp_supports(struct direct *sftp, int method, const char *algorithm)
{
    g_autofree char *known = sftp_supported(sftp, method);

    return sftp_is_listed(known, algorithm);
}

static void append(GString *list, const char *name)
{
    g_string_append_printf(list, "%s%s", list->len > 0 ? "," : "", name);
}

/* The names of `good` that are supported, in that order. */
static char *choose_good(const char *const *good, const char *supported)
{
    GString *list = g_string_new(NULL);

    for (size_t i = 0; good[i] != NULL; i++) {
        if (sftp_is_listed(supported, good[i]))
            append(list, good[i]);
    }
    return g_string_free(list, FALSE);
}

char *sftp_good_kex(const char *supported)
{
    return choose_good(good_kex, supported);
}

char *sftp_good_ciphers(const char *supported)
{
    return choose_good(good_ciphers, supported);
}

char *sftp_good_macs(const char *supported)
{
    return choose_good(good_macs, supported);
}

/* Adds each name of `used`, joined by '/', that is not in `good`. A MAC that is part of the cipher is no algorithm of
 * its own: libssh2 names it so. */
static void add_old(GString *old, const char *what, const char *used, const char *const *good)
{
    g_auto(GStrv) names = g_strsplit(used != NULL ? used : "", "/", -1);

    for (char **name = names; *name != NULL; name++) {
        if (**name != '\0' && !g_str_has_prefix(*name, "INTEGRATED-") && !g_strv_contains(good, *name))
            g_string_append_printf(old, "%s%s %s", old->len > 0 ? ", " : "", what, *name);
    }
}

char *sftp_old_algorithms(const struct sftp_server *server)
{
    GString *old = g_string_new(NULL);

    add_old(old, "key exchange", server->kex, good_kex);
    add_old(old, "host key", server->key, good_host_keys);
    add_old(old, "cipher", server->ciphers, good_ciphers);
    add_old(old, "MAC", server->macs, good_macs);
    return g_string_free(old, old->len == 0);
}

/* Sets a list for one method. `key` is the setting that the list may come from. */
static bool prefer(struct direct *sftp, int method, const char *key, const char *algorithms, GError **error)
{
    if (libssh2_session_method_pref(sftp->ssh, method, algorithms) == 0)
        return true;
    g_autofree char *known = sftp_supported(sftp, method);
    return sftp_fail(sftp, SFTP_ERROR_PROTOCOL, error,
                     "%s=%s: libssh2 %s knows none of these algorithms; name some of %s", key, algorithms,
                     libssh2_version(0), known);
}

static bool is_set(const char *setting)
{
    return setting != NULL && *setting != '\0';
}

/* The setting is the last word: where it names ciphers, these and no others are offered. */
static char *choose(struct direct *sftp, int method, const char *setting, char *(*good)(const char *supported))
{
    if (is_set(setting))
        return g_strdup(setting);
    g_autofree char *supported = sftp_supported(sftp, method);
    return good(supported);
}

bool sftp_prefer_algorithms(struct direct *sftp, const char *host_keys, GError **error)
{
    const struct sftp_peer *peer = &sftp->peer;
    g_autofree char *ciphers = choose(sftp, LIBSSH2_METHOD_CRYPT_CS, peer->ciphers, sftp_good_ciphers);
    g_autofree char *macs = choose(sftp, LIBSSH2_METHOD_MAC_CS, peer->macs, sftp_good_macs);
    g_autofree char *kex = choose(sftp, LIBSSH2_METHOD_KEX, peer->kex, sftp_good_kex);

    return prefer(sftp, LIBSSH2_METHOD_KEX, "kex", kex, error) &&
           (*host_keys == '\0' || prefer(sftp, LIBSSH2_METHOD_HOSTKEY, "host_keys", host_keys, error)) &&
           prefer(sftp, LIBSSH2_METHOD_CRYPT_CS, "ciphers", ciphers, error) &&
           prefer(sftp, LIBSSH2_METHOD_CRYPT_SC, "ciphers", ciphers, error) &&
           prefer(sftp, LIBSSH2_METHOD_MAC_CS, "macs", macs, error) &&
           prefer(sftp, LIBSSH2_METHOD_MAC_SC, "macs", macs, error);
}
