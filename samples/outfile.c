/* A CSV file of a partner. It stands under a temporary name until it is whole. */
#include "samples/programme.h"
#include "samples/records.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUFFER = 1 << 18, PATH = 4096 };

struct outfile {
    FILE *f;
    uint64_t rows;
    char path[PATH], hidden[PATH + 8];
};

static void make_names(struct outfile *file, const struct programme *p, const struct type *type)
{
    const char *t = p->time;
    int n = snprintf(file->path, sizeof file->path, "%s/%s_%s_%s_%.4s%.2s%.2s_%.2s%.2s%.2s_%06u.csv", p->dir,
                     type->code, type->org, type->eui, t, t + 5, t + 8, t + 11, t + 14, t + 17, p->sequence);

    if (n < 0 || (size_t)n >= sizeof file->path)
        programme_die(p->dir, "path too long");
    (void)snprintf(file->hidden, sizeof file->hidden, "%s.part", file->path); /* has room for it */
}

struct outfile *outfile_new(struct programme *p, const char *code, const char *mode)
{
    const struct type *type = type_find(code);
    struct outfile *file = calloc(1, sizeof *file);

    if (file == NULL)
        programme_die("memory", strerror(errno));
    make_names(file, p, type);
    file->f = fopen(file->hidden, "wb");
    if (file->f == NULL)
        programme_die(file->hidden, strerror(errno));
    (void)setvbuf(file->f, NULL, _IOFBF, BUFFER); /* if it fails, writing is only slower */
    /* The batch names week and day: an instruction is found again in work orders and outcomes. */
    fprintf(file->f, "H,%s,1.0,%s,90-B3-D5-1F-30-00-00-04,%u,%s,TEST,%c%u-%u-%u,", code, type->eui, p->sequence,
            p->time, type->batch_letter, p->week, p->day, p->sequence);
    fprintf(file->f, mode != NULL ? ",%s\r\n" : "\r\n", mode);
    p->sequence++;
    return file;
}

void outfile_add(struct outfile *file, const char *const *values, unsigned n)
{
    fprintf(file->f, "D,%" PRIu64, ++file->rows);
    for (unsigned i = 0; i < n; i++) {
        fputc(',', file->f);
        fputs(values[i], file->f);
    }
    fputs("\r\n", file->f);
}

uint64_t outfile_rows(const struct outfile *file)
{
    return file->rows;
}

void outfile_end(struct outfile *file, int may_be_empty)
{
    if (file == NULL)
        return;
    fprintf(file->f, "T,%" PRIu64 "\r\n", file->rows);
    int failed = ferror(file->f);
    if (fclose(file->f) != 0 || failed)
        programme_die(file->hidden, strerror(errno));
    if (file->rows == 0 && !may_be_empty) {
        (void)remove(file->hidden); /* nobody reads it */
    } else {
        if (rename(file->hidden, file->path) != 0)
            programme_die(file->path, strerror(errno));
        printf("%s %" PRIu64 "\n", file->path, file->rows);
    }
    free(file);
}
