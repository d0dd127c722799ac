/* The name first, then the drop, then the header: each is asked only for what those before it left open. */
#include "validators/rules/sender_rules.h"

#include "formats/eui64.h"

#include <glib.h>
#include <string.h>

/* What a finding is about: a part of the name, or a field of the header (record is set then). */
struct judged_sender {
    const struct rules *rules;
    const char *name;
    struct filename *filename;
    struct findings *findings;
    const struct judged_file *file;
    const struct record *record;
};

static void add(struct judged_sender *s, const char *part, struct filename_place place, const char *text)
{
    if (s->record != NULL)
        header_rules_add(s->file, s->record, B103, HEADER_SENDER_ID, text);
    else
        findings_add(s->findings,
                     &(struct finding){.code = B103, .at.column = (uint32_t)place.at + 1, .field = part, .text = text},
                     s->name + place.at, place.len);
}

static void set_party(struct filename *filename, const struct party *party)
{
    g_strlcpy(filename->org, party->org, sizeof filename->org);
    filename->eui64 = party->eui64;
}

/* The party that the name or the drop says. NULL: they say none, or an unknown one. */
static const struct party *party_of(const struct identity *identity, const char *drop, const struct filename *filename)
{
    if (filename_tells(filename, NAME_ORG))
        return rules_party(identity, filename->org);
    if (filename_tells(filename, NAME_EUI64))
        return rules_party_of_id(identity, filename->eui64);
    return rules_party_of_drop(identity, drop);
}

void sender_complete(const struct identity *identity, const char *drop, struct filename *filename)
{
    const struct party *party = party_of(identity, drop, filename);

    if (party != NULL && !(filename_tells(filename, NAME_ORG) && filename_tells(filename, NAME_EUI64)))
        set_party(filename, party);
}

const struct party *sender_signing(const struct identity *identity, const char *drop, const struct filename *filename)
{
    const struct party *party = party_of(identity, drop, filename);

    for (size_t i = 0; party == NULL && drop != NULL && i < identity->n_parties; i++) {
        const struct party *other = &identity->parties[i];
        if (strcmp(other->drop, drop) == 0 && other->signature == SIGNATURE_REQUIRED &&
            !filename_tells(filename, NAME_ORG) && !filename_tells(filename, NAME_EUI64))
            party = other;
    }
    return party != NULL && party->signature != SIGNATURE_OFF ? party : NULL;
}

bool sender_signs_within(const struct party *party, const struct filename *filename)
{
    return party != NULL && party->signature_form == SIGNATURE_FORM_XMLDSIG && filename->form == FORM_XML;
}

/* The name's own EUI-64, the type and the drop against the party. */
static void judge_party(struct judged_sender *s, const struct party *party)
{
    const struct filename *filename = s->filename;
    g_autofree char *text = NULL;

    if (party->eui64 != filename->eui64) {
        char expected[EUI64_TEXT_SIZE];
        eui64_print(party->eui64, expected);
        text = g_strdup_printf("expected %s, the identity of %s", expected, party->org);
        add(s, "eui64", filename->eui64_at, text);
    } else if (!rules_may_send(party, filename->type->code)) {
        text = g_strdup_printf("%s is not entitled to send %s", party->org, layout_type_name(filename->type));
        add(s, "type", filename->type_at, text);
    } else if (s->rules->drop != NULL && strcmp(s->rules->drop, party->drop) != 0) {
        text = g_strdup_printf("expected through %s's own drop '%s'; it came through '%s'", party->org, party->drop,
                               s->rules->drop);
        add(s, "org", filename->org_at, text);
    }
}

void sender_rules_judge_name(const struct rules *rules, const char *name, struct filename *filename,
                             struct findings *findings)
{
    struct judged_sender s = {.rules = rules, .name = name, .filename = filename, .findings = findings};

    if (rules->identity == NULL)
        return;
    const struct party *party = party_of(rules->identity, rules->drop, filename);
    if (party != NULL) {
        sender_complete(rules->identity, rules->drop, filename);
        judge_party(&s, party);
    } else if (filename_tells(filename, NAME_ORG)) {
        add(&s, "org", filename->org_at, "expected the code of a party that the gateway's configuration knows");
    } else if (filename_tells(filename, NAME_EUI64)) {
        add(&s, "eui64", filename->eui64_at, "expected the EUI-64 of a party that the gateway's configuration knows");
    }
}

/* Neither the name nor the drop says who sent the file. */
static bool find_sender(struct judged_sender *s)
{
    const struct header *header = s->file->header;
    const struct identity *identity = s->rules->identity;

    if (header->sender == 0) {
        if (identity != NULL && s->rules->drop != NULL) /* `check` of a file: its drop may say it */
            add(s, NULL, (struct filename_place){0, 0},
                "nothing says who sent this file; expected a sender in the name or in the header, or a drop that one "
                "party alone has");
        return false;
    }
    s->filename->eui64 = header->sender;
    const struct party *party = identity != NULL ? rules_party_of_id(identity, header->sender) : NULL;
    if (party != NULL) {
        set_party(s->filename, party);
        judge_party(s, party);
    } else if (identity != NULL) {
        add(s, NULL, (struct filename_place){0, 0},
            "expected the EUI-64 of a party that the gateway's configuration knows");
    }
    return true;
}

bool sender_rules_judge_header(const struct judged_file *file, const struct record *record, struct filename *filename)
{
    struct judged_sender s = {.rules = file->rules, .filename = filename, .file = file, .record = record};
    bool told = filename_tells(filename, NAME_ORG) || filename_tells(filename, NAME_EUI64);
    bool found = filename->eui64 == 0 && !told && find_sender(&s);

    if (filename->eui64 == 0 && told && file->rules->identity == NULL)
        filename->eui64 = file->header->sender; /* a bare `check` */
    if (filename->sequence == 0 && file->header->sequence != 0) {
        filename->sequence = file->header->sequence;
        found = true;
    }
    return found;
}
