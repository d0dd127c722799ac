#include "validators/name_rules.h"

#include "formats/eui64.h"
#include "formats/instant.h"

#include <glib.h>
#include <inttypes.h>
#include <string.h>

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

/* All other faults of a name: about one segment that is well formed in itself. */
static void say(struct findings *findings, enum code code, const char *name, size_t offset, const char *segment,
                size_t len, const char *text)
{
    findings_add(findings,
                 &(struct finding){.code = code, .at.column = (uint32_t)offset + 1, .field = segment, .text = text},
                 name + offset, len);
}

static void judge_time(const struct rules *rules, const char *name, const struct filename *filename,
                       struct findings *findings)
{
    if (filename->created <= rules->now + rules->future_tolerance)
        return;
    size_t date = strlen(filename->type->code) + 1 + strlen(filename->org) + 1 + EUI64_TEXT_LENGTH + 1;
    char now[INSTANT_TEXT_SIZE];
    instant_print(rules->now, now);
    g_autofree char *text = g_strdup_printf("character %zu (date): expected a time at most %" PRId64
                                            " seconds ahead of the clock, which says %s",
                                            date + 1, rules->future_tolerance, now);
    say(findings, B104, name, date, "date", 15, text);
}

static void judge_sender(const struct rules *rules, const char *name, const struct filename *filename,
                         struct findings *findings)
{
    size_t org = strlen(filename->type->code) + 1;
    size_t eui64 = org + strlen(filename->org) + 1;
    const struct party *party = rules_party(rules->identity, filename->org);
    g_autofree char *text = NULL;

    if (party == NULL) {
        say(findings, B103, name, org, "org", strlen(filename->org),
            "expected the code of a party that the gateway's configuration knows");
        return;
    }
    if (party->eui64 != filename->eui64) {
        char expected[EUI64_TEXT_SIZE];
        eui64_print(party->eui64, expected);
        text = g_strdup_printf("expected %s, the identity of %s", expected, party->org);
        say(findings, B103, name, eui64, "eui64", EUI64_TEXT_LENGTH, text);
    } else if (!rules_may_send(party, filename->type->code)) {
        text = g_strdup_printf("%s is not entitled to send %s", party->org, filename->type->code);
        say(findings, B103, name, 0, "type", strlen(filename->type->code), text);
    } else if (rules->drop != NULL && strcmp(rules->drop, party->drop) != 0) {
        text = g_strdup_printf("expected through %s's own drop '%s'; it came through '%s'", party->org, party->drop,
                               rules->drop);
        say(findings, B103, name, org, "org", strlen(filename->org), text);
    }
}

bool name_rules_judge(const struct rules *rules, const char *name, size_t len, struct filename *filename,
                      struct findings *findings)
{
    if (!filename_parse(name, len, filename, on_fault, findings))
        return false;
    judge_time(rules, name, filename, findings);
    if (rules->identity != NULL)
        judge_sender(rules, name, filename, findings);
    return true;
}
