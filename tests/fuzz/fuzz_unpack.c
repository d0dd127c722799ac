/*
 * Any bytes as a packed file; the first byte picks gzip or zip. What comes out keeps every limit.
 */
#include "formats/unpack.h"

#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct unpack_limits limits = {.max_bytes = 1 << 20, .max_ratio = 200};
    char buffer[4096];
    uint64_t total = 0;
    ssize_t n;

    if (size == 0)
        return 0;
    int fd = memfd_create("fuzz", 0);
    g_assert_true(write(fd, data + 1, size - 1) == (ssize_t)size - 1);
    struct unpack *unpack = unpack_new(fd, data[0] % 2 ? FILENAME_GZ : FILENAME_ZIP, "a", 1, &limits);
    while ((n = unpack_read(unpack, buffer, sizeof buffer, NULL)) > 0)
        total += (uint64_t)n;
    g_assert_true(total <= limits.max_bytes && total <= limits.max_ratio * (uint64_t)size);
    g_assert_true(n != UNPACK_REFUSED || unpack_fault(unpack)->text != NULL);
    unpack_free(unpack);
    (void)close(fd); /* memory only */
    return 0;
}
