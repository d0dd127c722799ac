/* What all formats of `check` have in common. */
#include "gateway/commands/check/check_output.h"

#include "formats/text.h"

#include <string.h>

static const struct check_format *const formats[] = {&check_text, &check_json, &check_junit, &check_sarif};

const struct check_format *check_format_find(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
        if (strcmp(formats[i]->name, name) == 0)
            return formats[i];
    }
    return NULL;
}

void check_output_begin(struct check_output *output, const struct check_format *format, const struct rules *rules)
{
    *output = (struct check_output){.format = format, .rules = rules};
    if (format->begin != NULL)
        format->begin(output);
}

void check_output_judged(struct check_output *output, const struct check_judged *judged)
{
    verdict_text_count(&output->totals, judged->verdict);
    output->format->judged(output, judged);
}

void check_output_unable(struct check_output *output, const char *path, const char *reason)
{
    output->totals.unable++;
    if (output->format->unable != NULL)
        output->format->unable(output, path, reason);
}

void check_output_unanswered(struct check_output *output, const char *path, const char *reason)
{
    output->totals.unanswered++;
    if (output->format->unable != NULL)
        output->format->unable(output, path, reason);
}

void check_output_left_out(struct check_output *output, const char *path, const char *reason)
{
    output->totals.left_out++;
    if (output->format->left_out != NULL)
        output->format->left_out(output, path, reason);
}

void check_output_end(struct check_output *output, int status)
{
    if (output->format->end != NULL)
        output->format->end(output, status);
}

static void append_code(void *user, const char *code)
{
    GString *codes = user;

    g_string_append_printf(codes, "%s%s", codes->len > 0 ? " " : "", code);
}

char *check_output_not_judged(const struct check_output *output, const struct file_type *type)
{
    GString *codes = g_string_new(NULL);

    judge_each_not_judged(output->rules, type, append_code, codes);
    return g_string_free(codes, FALSE);
}

/* Texts of findings are plain already, and a second escape would double their backslashes. */
char *check_output_plain(const char *text)
{
    bool plain = g_utf8_validate(text, -1, NULL);

    for (const char *p = text; plain && *p != '\0'; p++)
        plain = (unsigned char)*p >= ' ';
    return plain ? g_strdup(text) : text_escape(text, strlen(text), 0);
}
