/* A plain main for a fuzz target: gives it the name and the bytes of every file named (no folders). */
#include <glib.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        g_autofree char *name = g_path_get_basename(argv[i]);
        g_autofree char *data = NULL;
        g_autoptr(GError) error = NULL;
        gsize size = 0;
        if (!g_file_get_contents(argv[i], &data, &size, &error)) {
            fprintf(stderr, "%s\n", error->message);
            return 2;
        }
        (void)LLVMFuzzerTestOneInput((const uint8_t *)name, strlen(name)); /* always 0 */
        (void)LLVMFuzzerTestOneInput((const uint8_t *)data, size);
    }
    return 0;
}
