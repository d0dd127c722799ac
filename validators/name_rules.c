/*
 * The parser (formats/filename.h) finds what is outside the grammar. What follows here is about segments that are well
 * formed: a time that lies in the future, a party that is not known or may not send this.
 */
#include "validators/name_rules.h"

#include "formats/eui64.h"
#include "formats/instant.h"
#include "formats/profile.h"

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

static void add(struct judged_name *n, enum code code, const char *label, struct filename_place place, const char *text)
{
    findings_add(n->findings,
                 &(struct finding){.code = code, .at.column = (uint32_t)place.at + 1, .field = label, .text = text},
                 n->name + place.at, place.len);
}

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
    add(n, B104, "date", date, text);
}

/* B103: an unknown party, another identity, a type it may not send, or another drop than its own. A drop is what proves
 * who sent a file: a name can be chosen by anybody who may write to any drop. */
static void judge_sender(struct judged_name *n)
{
    const struct filename *filename = n->filename;
    const struct party *party = rules_party(n->rules->identity, filename->org);
    g_autofree char *text = NULL;

    if (party == NULL) {
        add(n, B103, "org", filename->org_at, "expected the code of a party that the gateway's configuration knows");
        return;
    }
    if (party->eui64 != filename->eui64) {
        char expected[EUI64_TEXT_SIZE];
        eui64_print(party->eui64, expected);
        text = g_strdup_printf("expected %s, the identity of %s", expected, party->org);
        add(n, B103, "eui64", filename->eui64_at, text);
    } else if (!rules_may_send(party, filename->type->code)) {
        text = g_strdup_printf("%s is not entitled to send %s", party->org, layout_type_name(filename->type));
        add(n, B103, "type", filename->type_at, text);
    } else if (n->rules->drop != NULL && strcmp(n->rules->drop, party->drop) != 0) {
        text = g_strdup_printf("expected through %s's own drop '%s'; it came through '%s'", party->org, party->drop,
                               n->rules->drop);
        add(n, B103, "org", filename->org_at, text);
    }
}

bool name_rules_judge(const struct judged_file *file, const char *name, size_t len, struct filename *filename)
{
    if (!filename_parse(file->profile, name, len, filename, on_fault, file->findings))
        return false;
    struct judged_name n = {file->rules, name, filename, file->findings};
    judge_time(&n);
    if (file->rules->identity != NULL)
        judge_sender(&n);
    return true;
}
