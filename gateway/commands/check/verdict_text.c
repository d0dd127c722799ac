/*
 * Column and caret count characters, while the text that is shown is escaped: a caret must move by what was added
 * before it. excerpt.c does that for lines, print_name_caret for a file's name.
 */
#include "gateway/commands/check/verdict_text.h"

#include "formats/text.h"
#include "gateway/commands/check/excerpt.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define RED "\033[31m"
#define YELLOW "\033[33m"
#define GREEN "\033[32m"
#define PLAIN "\033[0m"

static const char *const outcome_words[] = {"accepted", "accepted with warnings", "accepted in part", "rejected whole"};
static const char *const outcome_colours[] = {GREEN, YELLOW, YELLOW, RED};

/* "3 Devices", "1 Device" */
static void print_count(uint64_t n, const char *of)
{
    printf("%" PRIu64 " %s%s", n, of, n == 1 ? "" : "s");
}

/* "3 Devices, 0 accepted, 3 rejected, 0 deferred"; g_free. */
static char *counts_of(const struct verdict *verdict)
{
    return g_strdup_printf("%" PRIu64 " %s%s, %" PRIu64 " accepted, %" PRIu64 " rejected, %" PRIu64 " deferred",
                           verdict->parsed, verdict_is_of_devices(verdict) ? "Device" : "record",
                           verdict->parsed == 1 ? "" : "s", verdict->accepted, verdict->rejected, verdict->deferred);
}

char *verdict_text_of(const struct verdict *verdict)
{
    g_autofree char *counts = counts_of(verdict);

    return g_strconcat(outcome_words[verdict->outcome], ": ", counts, NULL);
}

static const char *colour(const char *code)
{
    return isatty(STDOUT_FILENO) == 1 ? code : "";
}

void verdict_text_count(struct verdict_totals *totals, const struct verdict *verdict)
{
    totals->files[verdict->outcome]++;
    if (!verdict_is_of_devices(verdict))
        return;
    totals->devices += verdict->parsed;
    totals->accepted += verdict->accepted;
    totals->rejected += verdict->rejected;
    totals->deferred += verdict->deferred;
}

static void print_caret(const char *text, size_t caret)
{
    printf("        | %s\n        | %*s^\n", text, (int)caret, "");
}

static void print_name_caret(const char *path, uint32_t column)
{
    g_autofree char *name = g_path_get_basename(path);
    g_autofree char *head = text_escape(name, MIN(strlen(name), column - 1), 0);
    g_autofree char *shown = text_escape(name, strlen(name), 0);

    print_caret(shown, text_characters(head, strlen(head)));
}

char *verdict_text_place(const struct finding *f)
{
    GString *text = g_string_new(NULL);

    if (f->at.line)
        g_string_append_printf(text, "  line %" PRIu32 ", column %" PRIu32, f->at.line, f->at.column);
    else if (f->at.column)
        g_string_append(text, "  file name");
    if (f->ordinal)
        g_string_append_printf(text, "  record %" PRIu32, f->ordinal);
    if (f->field)
        g_string_append_printf(text, "  %s", f->field);
    if (f->value)
        g_string_append_printf(text, "  \"%s\"", f->value);
    return g_string_free(text, FALSE);
}

char *verdict_text_code(const struct verdict *verdict, enum code code)
{
    const char *id = catalogue_entry(code)->id, *own = profile_code_id(verdict->profile, id);

    return strcmp(own, id) == 0 ? g_strdup(id) : g_strdup_printf("%s (%s)", own, id);
}

const char *verdict_text_name(const struct verdict *verdict, enum code code)
{
    return profile_code_text(verdict->profile, catalogue_entry(code)->id, catalogue_entry(code)->name);
}

static void print_finding(const struct verdict *verdict, const char *path, const struct finding *f,
                          GHashTable *excerpts)
{
    const struct excerpt *line = f->at.line ? g_hash_table_lookup(excerpts, &f->at) : NULL;
    g_autofree char *place = verdict_text_place(f), *code = verdict_text_code(verdict, f->code);

    printf("  %s%s %s%s%s\n        %s: %s\n", colour(f->warning ? YELLOW : RED), code, f->warning ? "warning" : "error",
           colour(PLAIN), place, verdict_text_name(verdict, f->code), f->text);
    if (line != NULL)
        print_caret(line->text, line->caret);
    else if (!f->at.line && f->at.column)
        print_name_caret(path, f->at.column);
}

/* The lines that findings point to: struct place → struct excerpt. */
static GHashTable *excerpts_of(int fd, const struct rules *rules, const struct verdict *verdict)
{
    g_autoptr(GArray) wanted = g_array_new(FALSE, FALSE, sizeof(struct place));
    const struct excerpt_source source = {&rules->unpack, rules->readings};

    for (size_t i = 0; i < findings_kept(verdict->findings); i++) {
        struct place at = findings_at(verdict->findings, i)->at;
        if (at.line)
            g_array_append_val(wanted, at);
    }
    return excerpt_places(fd, verdict->filename.pack, &source, wanted);
}

void verdict_text_print(const char *path, int fd, const struct rules *rules, const struct verdict *verdict)
{
    g_autoptr(GHashTable) excerpts = excerpts_of(fd, rules, verdict);
    g_autofree char *shown = text_escape(path, strlen(path), 0);
    g_autofree char *counts = counts_of(verdict);
    size_t kept = findings_kept(verdict->findings);

    printf("%s\n  %s%s %s%s: %s\n", shown, colour(outcome_colours[verdict->outcome]), outcome_code(verdict->outcome),
           outcome_words[verdict->outcome], colour(PLAIN), counts);
    for (size_t i = 0; i < kept; i++)
        print_finding(verdict, path, findings_at(verdict->findings, i), excerpts);
    if (!findings_truncated(verdict->findings))
        return;
    printf("  … and %" PRIu64 " more; in all:", findings_total(verdict->findings) - kept);
    for (size_t code = 0; code < CODE_COUNT; code++) {
        g_autofree char *shown_code = verdict_text_code(verdict, (enum code)code);

        if (findings_count(verdict->findings, (enum code)code) > 0)
            printf(" %s ×%" PRIu64, shown_code, findings_count(verdict->findings, (enum code)code));
    }
    putchar('\n');
}

static void print_code(void *user, const char *code)
{
    (void)user;
    printf(" %s", code);
}

void verdict_text_summary(const struct verdict_totals *totals, const struct rules *rules)
{
    uint64_t files = totals->unable;

    for (size_t i = 0; i < G_N_ELEMENTS(totals->files); i++)
        files += totals->files[i];
    putchar('\n');
    print_count(files, "file");
    printf(": %" PRIu64 " AC, %" PRIu64 " WN, %" PRIu64 " PA, %" PRIu64 " RJ", totals->files[0], totals->files[1],
           totals->files[2], totals->files[3]);
    if (totals->unable > 0)
        printf(", %" PRIu64 " could not be judged", totals->unable);
    if (totals->unanswered > 0)
        printf(", %" PRIu64 " could not be answered", totals->unanswered);
    if (totals->left_out > 0)
        printf(", %" PRIu64 " left out", totals->left_out);
    fputs("; ", stdout);
    print_count(totals->devices, "Device");
    printf(": %" PRIu64 " accepted, %" PRIu64 " rejected, %" PRIu64 " deferred\n", totals->accepted, totals->rejected,
           totals->deferred);
    if (files == totals->unable)
        return; /* nothing was judged, here or elsewhere */
    fputs("not judged here, for they need a ledger or reference data:", stdout);
    judge_each_not_judged(rules, NULL, print_code, NULL);
    fputs(rules->identity == NULL ? " (-c FILE adds B103 and B207)\n" : "\n", stdout);
}
