/*
 * SHA-256 by libcrypto. A context that cannot be made or fed means that memory has run out: that ends the program, as
 * everywhere with GLib.
 */
#include "spool/digest.h"
#include "spool/spool_error.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct digest {
    EVP_MD_CTX *context;
};

/* Fetched once: libcrypto looks the algorithm up at each use of EVP_sha256(), which costs more than a short digest. 0:
 * libcrypto was not used yet. Kept until the process ends. */
static gsize fetched;

static const EVP_MD *sha256(void)
{
    if (g_once_init_enter(&fetched)) {
        EVP_MD *found = EVP_MD_fetch(NULL, "SHA2-256", NULL);
        if (found == NULL)
            g_error("libcrypto has no SHA-256"); /* out of memory, or an OpenSSL configuration without it */
        g_once_init_leave(&fetched, (gsize)found);
    }
    return (const EVP_MD *)fetched;
}

struct digest *digest_new(void)
{
    struct digest *digest = g_new(struct digest, 1);
    digest->context = EVP_MD_CTX_new();
    if (digest->context == NULL)
        g_error("libcrypto cannot make a context"); /* out of memory: ends the program */
    digest_again(digest);
    return digest;
}

void digest_again(struct digest *digest)
{
    if (EVP_DigestInit_ex(digest->context, sha256(), NULL) != 1)
        g_error("libcrypto cannot begin a SHA-256");
}

void digest_update(struct digest *digest, const void *data, size_t len)
{
    if (EVP_DigestUpdate(digest->context, data, len) != 1)
        g_error("libcrypto cannot add to a SHA-256");
}

void digest_hex(struct digest *digest, char hex[DIGEST_HEX_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char raw[EVP_MAX_MD_SIZE];
    unsigned int len = 0;
    if (EVP_DigestFinal_ex(digest->context, raw, &len) != 1 || len != (DIGEST_HEX_SIZE - 1) / 2)
        g_error("libcrypto cannot finish a SHA-256");
    for (unsigned int i = 0; i < len; i++) {
        hex[2 * i] = digits[raw[i] >> 4];
        hex[2 * i + 1] = digits[raw[i] & 15];
    }
    hex[2 * len] = '\0';
}

void digest_free(struct digest *digest)
{
    if (digest == NULL)
        return;
    EVP_MD_CTX_free(digest->context);
    g_free(digest);
}

/* Feeds all of fd and counts its bytes; 0 at the end, -1 with errno. */
static ssize_t digest_fd(struct digest *digest, int fd, uint64_t *size)
{
    enum { PIECE = 256 * 1024 };
    g_autofree char *piece = g_malloc(PIECE);
    ssize_t got;
    do {
        got = read(fd, piece, PIECE);
        if (got > 0) {
            digest_update(digest, piece, (size_t)got);
            *size += (uint64_t)got;
        }
    } while (got > 0 || (got < 0 && errno == EINTR));
    return got;
}

bool digest_file(const char *path, char hex[DIGEST_HEX_SIZE], uint64_t *size, GError **error)
{
    /* O_NONBLOCK: opening a pipe that stands in place of the file would wait for a writer before fstat can refuse it.
     */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat st;
    uint64_t total = 0;
    g_autoptr(digest_t) digest = digest_new();
    bool good = fd >= 0 && fstat(fd, &st) == 0;
    if (good && !S_ISREG(st.st_mode)) {
        errno = EINVAL;
        good = false;
    }
    good = good && digest_fd(digest, fd, &total) == 0;
    int errnum = errno;
    if (fd >= 0)
        (void)close(fd); /* read only: nothing to lose */
    if (!good) {
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "cannot read %s: %s", path, g_strerror(errnum));
        return false;
    }
    digest_hex(digest, hex);
    if (size != NULL)
        *size = total;
    return true;
}

/* By GLib where libcrypto was not used yet: its first digest costs 5.2 million instructions, a tenth of the start of
 * `status`, which needs the digest of one line only. Later libcrypto is the faster one. */
void digest_text(const char *text, char hex[DIGEST_HEX_SIZE])
{
    if (g_atomic_pointer_get(&fetched) != 0) {
        g_autoptr(digest_t) digest = digest_new();
        digest_update(digest, text, strlen(text));
        digest_hex(digest, hex);
        return;
    }
    g_autofree char *made = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);

    g_strlcpy(hex, made, DIGEST_HEX_SIZE);
}

const char *digest_library_version(void)
{
    return OpenSSL_version(OPENSSL_VERSION_STRING);
}
