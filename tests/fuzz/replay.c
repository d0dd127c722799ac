/*
 * A plain main for a fuzz target: gives it the name and the content of files. Its arguments are folders, whose files it
 * replays and prints as TAP, or files, which it replays without TAP (for replay.sh). Without arguments it replays the
 * folder $FUZZ_CORPUS.
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool replay(const char *path)
{
    g_autofree char *name = g_path_get_basename(path);
    g_autofree char *data = NULL;
    g_autoptr(GError) error = NULL;
    gsize size = 0;

    if (!g_file_get_contents(path, &data, &size, &error)) {
        fprintf(stderr, "%s\n", error->message);
        return false;
    }
    (void)LLVMFuzzerTestOneInput((const uint8_t *)name, strlen(name)); /* always 0 */
    (void)LLVMFuzzerTestOneInput((const uint8_t *)data, size);
    return true;
}

static gint by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Adds all files below path, which may be a file itself. */
static bool collect(GPtrArray *files, const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GDir) dir = NULL;
    const char *name;

    if (!g_file_test(path, G_FILE_TEST_IS_DIR)) {
        g_ptr_array_add(files, g_strdup(path));
        return true;
    }
    dir = g_dir_open(path, 0, &error);
    if (!dir) {
        fprintf(stderr, "%s\n", error->message);
        return false;
    }
    while ((name = g_dir_read_name(dir))) {
        g_autofree char *below = g_build_filename(path, name, NULL);
        if (!collect(files, below))
            return false;
    }
    return true;
}

/* A crash of the target ends the program before all tests of the plan were printed, which TAP counts as a failure. */
static bool replay_with_tap(const GPtrArray *files)
{
    bool good = true;

    printf("1..%u\n", files->len);
    for (guint i = 0; i < files->len; i++) {
        bool ok = replay(files->pdata[i]);
        printf("%s %u - %s\n", ok ? "ok" : "not ok", i + 1, (const char *)files->pdata[i]);
        fflush(stdout);
        good &= ok;
    }
    return good;
}

int main(int argc, char **argv)
{
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
    const char *corpus = getenv("FUZZ_CORPUS");
    bool folders = argc < 2, good = true;

    if (argc < 2 && !corpus) {
        fprintf(stderr, "usage: %s FOLDER... or FILE..., or FUZZ_CORPUS=FOLDER %s\n", argv[0], argv[0]);
        return 2;
    }
    for (int i = 1; i < argc; i++)
        folders |= g_file_test(argv[i], G_FILE_TEST_IS_DIR);
    for (int i = argc < 2 ? 0 : 1; good && i < argc; i++)
        good = collect(files, i == 0 ? corpus : argv[i]);
    g_ptr_array_sort(files, by_name);
    if (good && folders)
        good = replay_with_tap(files);
    for (guint i = 0; good && !folders && i < files->len; i++)
        good = replay(files->pdata[i]);
    return good ? 0 : 2;
}
