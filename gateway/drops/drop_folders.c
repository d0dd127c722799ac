/* Compares each `out` with each `in`. There are few drops, so that every pair is looked at. */
#include "gateway/drops/drop_folders.h"

#include "gateway/drops/transport.h"

#include <stdlib.h>
#include <string.h>

enum { MPID_LENGTH = 4 };

/* True if the name of the drop's in, links resolved, could be an MPID, as reports use it for a folder. */
static bool is_report_folder(const struct drop *drop)
{
    g_autofree char *resolved = drop->transport->local_folders ? realpath(drop->in, NULL) : NULL;
    g_autofree char *name = g_path_get_basename(resolved != NULL ? resolved : drop->in);
    size_t len = strlen(name);

    for (size_t i = 0; i < len; i++) {
        if (!g_ascii_isupper(name[i]) && !g_ascii_isdigit(name[i]))
            return false;
    }
    return len == MPID_LENGTH;
}

/* What is wrong with writing into the out of `writer` while the in of `reader` is listed; NULL: nothing. g_free. */
static char *problem_of(const struct drop *writer, const struct drop *reader)
{
    const char *same = "are the same folder", *inside = "are a folder and one inside it that reports go into";
    g_autofree char *out = writer->transport->folder_key(writer, writer->out);
    g_autofree char *in = reader->transport->folder_key(reader, reader->in);
    g_autofree char *above = g_build_filename(reader->in, "..", NULL);
    g_autofree char *parent = reader->transport->folder_key(reader, above);
    const char *relation = strcmp(out, in) == 0                                   ? same
                           : strcmp(out, parent) == 0 && is_report_folder(reader) ? inside
                                                                                  : NULL;

    if (relation == NULL)
        return NULL;
    return g_strdup_printf("[drop %s] out=%s and [drop %s] in=%s %s: the gateway would take what it wrote; give out= a "
                           "folder of its own",
                           writer->name, writer->out, reader->name, reader->in, relation);
}

char *drop_folders_problems(const GPtrArray *drops, const struct drop *only)
{
    g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);

    for (guint w = 0; w < drops->len; w++) {
        for (guint r = 0; r < drops->len; r++) {
            const struct drop *writer = drops->pdata[w], *reader = drops->pdata[r];
            char *problem = only == NULL || only == writer || only == reader ? problem_of(writer, reader) : NULL;
            if (problem != NULL)
                g_ptr_array_add(problems, problem);
        }
    }
    if (problems->len == 0)
        return NULL;
    g_ptr_array_add(problems, NULL);
    return g_strjoinv("; ", (char **)problems->pdata);
}
