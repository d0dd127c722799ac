/* `check --format json`, which is also --json: one object on a line for each file that was judged. */
#include "gateway/commands/check/check_output.h"

#include "formats/text.h"
#include "gateway/commands/command.h"

#include <string.h>

static void add_code(void *user, const char *code)
{
    json_array_append_new(user, json_string(code));
}

/* Lines, columns and record numbers begin at 1; 0 means that a finding has none. */
static json_t *number_or_null(uint64_t n)
{
    return n ? json_integer((json_int_t)n) : json_null();
}

static json_t *json_finding(const struct finding *f)
{
    const struct code_entry *entry = catalogue_entry(f->code);
    const char category[] = {catalogue_category(f->code), '\0'};

    return json_pack("{s:s,s:s,s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:s}", "code", entry->id, "category", category, "scope",
                     catalogue_scope_name(entry->scope), "severity", f->warning ? "warning" : "error", "line",
                     number_or_null(f->at.line), "column", number_or_null(f->at.column), "record",
                     number_or_null(f->ordinal), "field", command_json_text(f->field), "value",
                     command_json_text(f->value), "text", f->text);
}

static json_t *json_findings(const struct findings *findings)
{
    json_t *list = json_array();

    for (size_t i = 0; i < findings_kept(findings); i++)
        json_array_append_new(list, json_finding(findings_at(findings, i)));
    return list;
}

/* Counts of all findings, also of those that are over --max-findings and not listed. */
static json_t *json_counts(const struct findings *findings)
{
    json_t *counts = json_object();

    for (size_t code = 0; code < CODE_COUNT; code++) {
        uint64_t n = findings_count(findings, (enum code)code);
        if (n > 0)
            json_object_set_new(counts, catalogue_entry((enum code)code)->id, json_integer((json_int_t)n));
    }
    return counts;
}

static void print(struct check_output *output, const struct check_judged *judged)
{
    const struct verdict *verdict = judged->verdict;
    g_autofree char *file = text_escape(judged->path, strlen(judged->path), 0);
    const struct filename *name = &verdict->filename;
    json_t *not_judged = json_array();

    judge_each_not_judged(output->rules, name->type, add_code, not_judged);
    command_print_json(json_pack("{s:s,s:o,s:o,s:s,s:I,s:I,s:I,s:I,s:o,s:o,s:b,s:o}", "file", file, "type",
                                 command_json_text(name->type ? name->type->code : NULL), "form",
                                 command_json_text(name->form == FORM_UNKNOWN ? NULL : form_name(name->form)),
                                 "verdict", outcome_code(verdict->outcome), "records", (json_int_t)verdict->parsed,
                                 "accepted", (json_int_t)verdict->accepted, "rejected", (json_int_t)verdict->rejected,
                                 "deferred", (json_int_t)verdict->deferred, "findings",
                                 json_findings(verdict->findings), "counts", json_counts(verdict->findings),
                                 "truncated", findings_truncated(verdict->findings), "not_judged", not_judged));
}

const struct check_format check_json = {.name = "json", .judged = print};
