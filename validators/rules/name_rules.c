/*
 * The parser (formats/name/filename.h) finds what is outside the grammar. What follows here is about segments that are
 * well formed: a time that lies in the future. Who sent the file: sender_rules.h.
 */
#include "validators/rules/name_rules.h"

#include "formats/instant.h"
#include "formats/profile.h"
#include "validators/rules/sender_rules.h"

#include <glib.h>
#include <inttypes.h>
#include <string.h>

/* The code for each kind of fault that the parser finds. */
static enum code code_of(enum filename_fault_kind kind)
{
    switch (kind) {
    case FILENAME_BAD_TYPE:
        return B102;
    case FILENAME_BAD_CALENDAR:
        return B104;
    case FILENAME_BAD_GRAMMAR:
        break;
    }
    return B101;
}

/* The parser reports each wrong segment by itself, left to right. */
static void on_fault(void *user, const struct filename_fault *fault)
{
    g_autofree char *text =
        g_strdup_printf("character %zu (%s): expected %s", fault->position, fault->segment, fault->expected);

    findings_add(user,
                 &(struct finding){.code = code_of(fault->kind),
                                   .at.column = (uint32_t)fault->position,
                                   .field = fault->segment,
                                   .text = text},
                 fault->found, fault->found_len);
}

/* A name in the grammar while it is judged. */
struct judged_name {
    const struct rules *rules;
    const char *name;
    const struct filename *filename;
    struct findings *findings;
};

/* B104 */
static void judge_time(struct judged_name *n)
{
    int64_t tolerance = n->rules->future_tolerance;
    struct filename_place date = n->filename->created_at;
    char now[INSTANT_TEXT_SIZE];

    if (n->filename->created <= n->rules->now + tolerance)
        return;
    instant_print(n->rules->now, now);
    g_autofree char *text = g_strdup_printf("character %zu (date): expected a time at most %" PRId64
                                            " seconds ahead of the clock, which says %s",
                                            date.at + 1, tolerance, now);
    findings_add(n->findings,
                 &(struct finding){.code = B104, .at.column = (uint32_t)date.at + 1, .field = "date", .text = text},
                 n->name + date.at, date.len);
}

bool name_rules_judge(const struct judged_file *file, const char *name, size_t len, struct filename *filename)
{
    if (!filename_parse(file->profile, name, len, filename, on_fault, file->findings))
        return false;
    struct judged_name n = {file->rules, name, filename, file->findings};
    judge_time(&n);
    sender_rules_judge_name(file->rules, name, filename, file->findings);
    return true;
}
