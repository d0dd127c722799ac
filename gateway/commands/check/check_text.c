/* `check --format text`: what people read (verdict_text.h). */
#include "gateway/commands/check/check_output.h"

#include "formats/text.h"

#include <stdio.h>
#include <string.h>

static void judged(struct check_output *output, const struct check_judged *file)
{
    verdict_text_print(file->path, file->fd, output->rules, file->verdict);
    for (guint i = 0; file->answers != NULL && i < file->answers->len; i++) {
        const char *path = file->answers->pdata[i];
        g_autofree char *shown = text_escape(path, strlen(path), 0);
        printf("  answer %s\n", shown);
    }
}

static void end(struct check_output *output, int status)
{
    (void)status;
    verdict_text_summary(&output->totals, output->rules);
}

const struct check_format check_text = {.name = "text", .judged = judged, .end = end};
