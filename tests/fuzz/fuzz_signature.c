/*
 * Fuzz target: any bytes as the signature of a file that holds "x". The corpus has good ones of two roots whose keys
 * are lost.
 * - A fault is one line of printable text; without one, signer, serial number and chain are known.
 * - Who signed does not change: only the signers of the corpus lead to these roots.
 * - Two looks at the same bytes find the same.
 */
#include "validators/signature/signature.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint64_t SIGNER = 0x90B3D51F300EC001;
static const int64_t NOW = 1688385600; /* 2023-07-03T12:00:00Z */

static const char roots[] = "-----BEGIN CERTIFICATE-----\n"
                            "MIIBbzCCARSgAwIBAgICEAAwCgYIKoZIzj0EAwIwHjENMAsGA1UEAwwEcm9vdDEN\n"
                            "MAsGA1UECgwEVGVzdDAeFw0yMDAxMDEwMDAwMDBaFw00MDAxMDEwMDAwMDBaMB4x\n"
                            "DTALBgNVBAMMBHJvb3QxDTALBgNVBAoMBFRlc3QwWTATBgcqhkjOPQIBBggqhkjO\n"
                            "PQMBBwNCAAS4cU/6/JN1hSHYQHX+nJvoiTWVA6vVpqPi7Nf7CI65vE+GLTWxJ+KM\n"
                            "uWoA28rhXPeurfXYBkgf5OsYMRrc4wgPo0IwQDAdBgNVHQ4EFgQUEogmZGJr+SVt\n"
                            "j8aaGCTgxqv0jPwwDwYDVR0TAQH/BAUwAwEB/zAOBgNVHQ8BAf8EBAMCAQYwCgYI\n"
                            "KoZIzj0EAwIDSQAwRgIhAP7ZkXwhFwkjQV5mMcoNVN3VWfTbOvIOp0s4BnDJyS37\n"
                            "AiEAjEeTgSEarUv3S4EaZ9TS+dkPscp8R/DsJ0UgvHhF74g=\n"
                            "-----END CERTIFICATE-----\n"
                            "-----BEGIN CERTIFICATE-----\n"
                            "MIIBbTCCARSgAwIBAgICEAAwCgYIKoZIzj0EAwIwHjENMAsGA1UEAwwEcm9vdDEN\n"
                            "MAsGA1UECgwEVGVzdDAeFw0yMDAxMDEwMDAwMDBaFw00MDAxMDEwMDAwMDBaMB4x\n"
                            "DTALBgNVBAMMBHJvb3QxDTALBgNVBAoMBFRlc3QwWTATBgcqhkjOPQIBBggqhkjO\n"
                            "PQMBBwNCAAT8MjHDpDYNxEj/Y68cRrjZUwSWuqSjY0vITarX2TTDnMtW88kNdLI/\n"
                            "fhwfDJxhiQmd/Rt42K0AX/StVp4piO05o0IwQDAdBgNVHQ4EFgQU0eJKKJAUCe/C\n"
                            "vN/blvuLeqLe9DgwDwYDVR0TAQH/BAUwAwEB/zAOBgNVHQ8BAf8EBAMCAQYwCgYI\n"
                            "KoZIzj0EAwIDRwAwRAIgK/CVMtjiAZFureKcYqLJ4SzzXOygF0AkaP2rSPa+RyIC\n"
                            "IDyDlLxc7CkYfu1r6n+3zL8vqHNiZhLAViTC1QBnLbNY\n"
                            "-----END CERTIFICATE-----\n";

/* A file in memory. */
static int file_of(const void *bytes, size_t len)
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);

    g_assert(fd >= 0 && write(fd, bytes, len) == (ssize_t)len);
    return fd;
}

static struct signature_trust *trust_of(const char *text)
{
    g_autofree char *path =
        g_strdup_printf("/proc/self/fd/%d", file_of(text, strlen(text))); /* stays open, as the trust does */
    const struct signature_trust_files files = {.ca = path};
    struct signature_trust *trust = signature_trust_load(&files, NULL);

    g_assert(trust != NULL);
    return trust;
}

static void check_line(const char *text)
{
    g_assert(g_utf8_validate(text, -1, NULL));
    for (const char *p = text; *p != '\0'; p++)
        g_assert(!g_ascii_iscntrl(*p));
}

static void check_texts(const struct signature_check *check)
{
    if (check->fault != NULL)
        check_line(check->fault);
    if (check->signer != NULL)
        check_line(check->signer);
    g_assert(!check->checked || check->fault != NULL ||
             (strstr(check->signer, "90-B3-D5-1F-30-0E-C0-01") != NULL && strlen(check->chain) >= 2 * 64 + 1));
}

/* Two looks, which must be alike. */
static void look_twice(const struct signature_request *request)
{
    struct signature_check first, second;

    g_assert(signature_verify(request, &first, NULL) && signature_verify(request, &second, NULL));
    check_texts(&first);
    g_assert(first.checked == second.checked && g_strcmp0(first.fault, second.fault) == 0 &&
             g_strcmp0(first.chain, second.chain) == 0);
    g_assert(first.checked);
    signature_check_clear(&first);
    signature_check_clear(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct signature_trust *trust = NULL;
    static int fd = -1;
    const struct signature_file file = {.der = data, .len = size, .size = (int64_t)size};

    if (trust == NULL) {
        trust = trust_of(roots);
        fd = file_of("x", 1);
    }
    const struct signature_request request = {.trust = trust, .file = &file, .fd = fd, .signer = SIGNER, .now = NOW};
    look_twice(&request);
    return 0;
}
