/*
 * `check --format sarif`: one SARIF 2.1.0 log with one run. Results are printed as they come. The files and what could
 * not be judged come behind them, so these are kept: a few hundred bytes for each file.
 *
 * SARIF has rules of its own for the text of messages: braces stand for placeholders, so they are doubled.
 */
#include "gateway/commands/check/check_output.h"

#include "formats/text.h"
#include "gateway/commands/command.h"
#include "gateway/commands/check/verdict_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SCHEMA "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

/* Prints a value and drops the reference. */
static void put(json_t *value)
{
    g_autofree char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

    (void)fputs(text, stdout); /* main() reports an output that failed */
    json_decref(value);
}

/* { "text": … } */
static json_t *message(const char *text)
{
    g_autofree char *plain = check_output_plain(text);
    GString *doubled = g_string_new(NULL);

    for (const char *p = plain; *p != '\0'; p++) {
        g_string_append_c(doubled, *p);
        if (*p == '{' || *p == '}')
            g_string_append_c(doubled, *p);
    }
    json_t *object = json_pack("{s:s}", "text", doubled->str);
    g_string_free(doubled, TRUE);
    return object;
}

/* The path as a URI, relative if the path is. g_free. */
static char *uri_of(const char *path)
{
    return g_path_is_absolute(path)
               ? g_filename_to_uri(path, NULL, NULL)
               : g_uri_escape_string(path, G_URI_RESERVED_CHARS_SUBCOMPONENT_DELIMITERS "/@", FALSE);
}

static json_t *artifact_location(const char *path)
{
    g_autofree char *uri = uri_of(path);

    return json_pack("{s:s}", "uri", uri);
}

/* ---- the tool and its rules ---- */

/* Codes of files and of Devices (categories b and c): those that `check` can find. */
static bool is_rule(size_t code)
{
    char category = catalogue_category((enum code)code);

    return category == 'b' || category == 'c';
}

static json_int_t rule_index(enum code code)
{
    json_int_t index = 0;

    for (size_t i = 0; i < (size_t)code; i++)
        index += is_rule(i);
    return index;
}

static json_t *rule(enum code code)
{
    const struct code_entry *entry = catalogue_entry(code);

    return json_pack("{s:s,s:o,s:{s:s}}", "id", entry->id, "shortDescription", message(entry->name), "properties",
                     "scope", catalogue_scope_name(entry->scope));
}

static json_t *tool(void)
{
    json_t *rules = json_array();

    for (size_t code = 0; code < CODE_COUNT; code++) {
        if (is_rule(code))
            json_array_append_new(rules, rule((enum code)code));
    }
    return json_pack("{s:{s:s,s:s,s:o}}", "driver", "name", "ecosgate", "version", PACKAGE_VERSION, "rules", rules);
}

static void begin(struct check_output *output)
{
    output->artifacts = json_array();
    output->notifications = json_array();
    output->known_uris = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    (void)fputs("{\"$schema\":\"" SCHEMA "\",\"version\":\"2.1.0\",\"runs\":[{\"tool\":", stdout); /* as in put */
    put(tool());
    (void)fputs(",\"columnKind\":\"unicodeCodePoints\",\"results\":[", stdout);
}

/* ---- results ---- */

static void set_text(json_t *object, const char *key, const char *text)
{
    if (text != NULL)
        json_object_set_new(object, key, json_string(text));
}

/* A place in the text of the file; a finding in the file's name has only the file. */
static json_t *location(const struct finding *f, const char *path)
{
    json_t *physical = json_pack("{s:o}", "artifactLocation", artifact_location(path));

    if (f->at.line > 0)
        json_object_set_new(physical, "region",
                            json_pack("{s:I,s:I}", "startLine", (json_int_t)f->at.line, "startColumn",
                                      (json_int_t)MAX(f->at.column, 1)));
    return json_pack("{s:o}", "physicalLocation", physical);
}

static json_t *properties(const struct finding *f)
{
    json_t *object = json_object();

    if (f->ordinal > 0)
        json_object_set_new(object, "record", json_integer((json_int_t)f->ordinal));
    set_text(object, "field", f->field);
    set_text(object, "value", f->value);
    if (f->at.line == 0 && f->at.column > 0)
        json_object_set_new(object, "nameColumn", json_integer((json_int_t)f->at.column));
    return object;
}

/* The message stands alone in a list: it has the field and its value. */
static json_t *result(const struct verdict *verdict, const struct finding *f, const char *path)
{
    const struct code_entry *entry = catalogue_entry(f->code);
    const char *name = verdict_text_name(verdict, f->code);
    g_autofree char *value = f->value != NULL ? g_strdup_printf(" \"%s\"", f->value) : g_strdup("");
    g_autofree char *text = f->field != NULL ? g_strdup_printf("%s%s: %s: %s", f->field, value, name, f->text)
                                             : g_strdup_printf("%s: %s", name, f->text);

    return json_pack("{s:s,s:I,s:s,s:o,s:[o],s:o}", "ruleId", entry->id, "ruleIndex", rule_index(f->code), "level",
                     f->warning ? "warning" : "error", "message", message(text), "locations", location(f, path),
                     "properties", properties(f));
}

/* ---- files, and what was not judged ---- */

static void notify(struct check_output *output, const char *level, const char *path, const char *text)
{
    json_array_append_new(output->notifications,
                          json_pack("{s:s,s:o,s:[{s:{s:o}}]}", "level", level, "message", message(text), "locations",
                                    "physicalLocation", "artifactLocation", artifact_location(path)));
}

/* A log names each file once. */
static void add_artifact(struct check_output *output, const struct check_judged *file)
{
    const struct verdict *v = file->verdict;
    const struct file_type *type = v->filename.type;
    char *uri = uri_of(file->path);

    if (!g_hash_table_add(output->known_uris, uri))
        return;
    json_array_append_new(output->artifacts,
                          json_pack("{s:{s:s},s:I,s:[s],s:{s:s,s:o,s:I,s:I,s:I,s:I}}", "location", "uri", uri, "length",
                                    (json_int_t)file->size, "roles", "analysisTarget", "properties", "verdict",
                                    outcome_code(v->outcome), "type", command_json_text(type ? type->code : NULL),
                                    "records", (json_int_t)v->parsed, "accepted", (json_int_t)v->accepted, "rejected",
                                    (json_int_t)v->rejected, "deferred", (json_int_t)v->deferred));
}

static void judged(struct check_output *output, const struct check_judged *file)
{
    const struct findings *findings = file->verdict->findings;

    for (size_t i = 0; i < findings_kept(findings); i++) {
        (void)fputs(output->results++ > 0 ? ",\n" : "\n", stdout); /* as in put */
        put(result(file->verdict, findings_at(findings, i), file->path));
    }
    add_artifact(output, file);
    if (!findings_truncated(findings))
        return;
    g_autofree char *text =
        g_strdup_printf("%" PRIu64 " more findings are not listed", findings_total(findings) - findings_kept(findings));
    notify(output, "warning", file->path, text);
}

static void unable(struct check_output *output, const char *path, const char *reason)
{
    notify(output, "error", path, reason);
}

static void left_out(struct check_output *output, const char *path, const char *reason)
{
    notify(output, "note", path, reason);
}

static void end(struct check_output *output, int status)
{
    g_autofree char *not_judged = check_output_not_judged(output, NULL);

    (void)fputs("\n],\"artifacts\":", stdout); /* as in put */
    put(output->artifacts);
    (void)fputs(",\"invocations\":", stdout);
    put(json_pack("[{s:b,s:i,s:o}]", "executionSuccessful", status != EXIT_UNABLE, "exitCode", status,
                  "toolExecutionNotifications", output->notifications));
    (void)fputs(",\"properties\":", stdout);
    put(json_pack("{s:s}", "notJudged", not_judged));
    puts("}]}");
    g_hash_table_unref(output->known_uris);
}

const struct check_format check_sarif = {"sarif", begin, judged, unable, left_out, end};
