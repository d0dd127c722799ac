/* The command `archive list`: the jobs of an archive, by its manifest alone. It needs no home. */
#include "gateway/commands/archive/archive_file.h"
#include "gateway/commands/output.h"
#include "gateway/commands/selection.h"
#include "gateway/commands/words.h"
#include "formats/instant.h"

#include <string.h>

#define COMMAND "archive list"

/* The options, and what was listed. */
struct listing {
    char *type, *sender, *batch, *drop, *verdict, *since_text, *until_text, *after_text;
    int64_t since, until, after;
    int limit;
    bool header; /* the archive's own line was seen */
    bool more;
    int64_t shown, last;
    struct output_list out;
};

static const char *text_of(const json_t *line, const char *key)
{
    const char *text = json_string_value(json_object_get(line, key));

    return text != NULL ? text : "";
}

/* wanted NULL: any. */
static bool is_as_wanted(const json_t *line, const char *key, const char *wanted)
{
    return wanted == NULL || strcmp(text_of(line, key), wanted) == 0;
}

static bool is_of_sender(const json_t *line, const char *wanted)
{
    return wanted == NULL || g_ascii_strcasecmp(text_of(line, "sender"), wanted) == 0 ||
           g_ascii_strcasecmp(text_of(line, "org"), wanted) == 0;
}

static bool fits(const struct listing *l, const json_t *line, int64_t id)
{
    const char *received = text_of(line, "received");
    int64_t at = 0;

    (void)instant_parse(received, strlen(received), &at); /* one that is none is older than all */
    return id > l->after && is_as_wanted(line, "type", l->type) && is_of_sender(line, l->sender) &&
           is_as_wanted(line, "batch", l->batch) && is_as_wanted(line, "drop", l->drop) &&
           is_as_wanted(line, "verdict", l->verdict) && at >= l->since && (l->until == 0 || at < l->until);
}

/* What the files had together, and how many they are. */
static void add_sums(const json_t *line, json_t *row)
{
    const json_t *files = json_object_get(line, "files"), *file;
    json_int_t bytes = 0, n = 0;
    size_t i;

    json_array_foreach(files, i, file)
    {
        if (!json_is_null(json_object_get(file, "removed")))
            continue;
        n++;
        bytes += json_integer_value(json_object_get(file, "size"));
    }
    output_set_number(row, "n", n);
    output_set_number(row, "bytes", bytes);
}

static bool visit(void *user, const json_t *line)
{
    struct listing *l = user;
    const char *job = text_of(line, "job");
    int64_t id = 0;

    if (!l->header) {
        l->header = true;
        return true;
    }
    if (!job_id_parse(job, &id) || !fits(l, line, id))
        return true;
    l->more = l->limit > 0 && l->shown == l->limit;
    if (l->more)
        return false;
    json_t *row = json_deep_copy(line);
    if (!l->out.json)
        add_sums(line, row);
    output_list_add(&l->out, row);
    l->shown++;
    l->last = id;
    return true;
}

static bool read_options(struct listing *l)
{
    static const struct selection type = {COMMAND, "type"}, verdict = {COMMAND, "verdict"};

    return selection_word(&type, "type of files", words_types(), &l->type) &&
           selection_word(&verdict, "verdict", words_verdicts(), &l->verdict) && selection_limit(COMMAND, l->limit) &&
           (l->after_text == NULL || command_parse_job(l->after_text, &l->after)) &&
           selection_time(COMMAND, "since", l->since_text, &l->since) &&
           selection_time(COMMAND, "until", l->until_text, &l->until);
}

static int list(struct listing *l, const struct invocation *invocation)
{
    static const char *const columns[] = {"job", "received", "type", "verdict", "sender", "n", "bytes", "name", NULL};
    GError *error = NULL;
    char last[JOB_ID_SIZE];

    output_list_begin(&l->out, invocation->json, OUTPUT_MOST_ROWS);
    if (!archive_file_list(invocation->argv[0], visit, l, &error)) {
        output_list_drop(&l->out);
        return command_unable(error);
    }
    output_list_end(&l->out, columns, "no job of the archive fits");
    job_id_print(MAX(l->last, 1), last);
    output_page_end(invocation->json, l->more, last);
    return EXIT_GOOD;
}

int command_archive_list(struct invocation *invocation)
{
    struct listing l = {.limit = 0};
    const GOptionEntry entries[] = {
        {"type", 0, 0, G_OPTION_ARG_STRING, &l.type, "only jobs of this file type: EMI, EMW …", "TYPE"},
        {"sender", 0, 0, G_OPTION_ARG_STRING, &l.sender, "of this sender, by its short code or EUI-64", "SENDER"},
        {"batch", 0, 0, G_OPTION_ARG_STRING, &l.batch, "with this BatchId", "BATCHID"},
        {"drop", 0, 0, G_OPTION_ARG_STRING, &l.drop, "that came through this drop, or went there", "DROP"},
        {"verdict", 0, 0, G_OPTION_ARG_STRING, &l.verdict, "with this verdict", "AC|WN|PA|RJ"},
        {"since", 0, 0, G_OPTION_ARG_STRING, &l.since_text, "received at that time or later", "TIME"},
        {"until", 0, 0, G_OPTION_ARG_STRING, &l.until_text, "received before that time", "TIME"},
        {"limit", 0, 0, G_OPTION_ARG_INT, &l.limit, "at most so many; without it, or with 0: all", "N"},
        {"after", 0, 0, G_OPTION_ARG_STRING, &l.after_text, "go on after this job of the list", "ID"},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };

    bool good = command_arguments(invocation, entries, 1, 1) && read_options(&l);
    int status = good ? list(&l, invocation) : EXIT_UNABLE;
    char *const texts[] = {l.type, l.sender, l.batch, l.drop, l.verdict, l.since_text, l.until_text, l.after_text};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free(texts[i]);
    return status;
}
