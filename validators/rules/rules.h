/*
 * What the rules have to know besides the file: the settings, the parties, the time, and, in the live run, the ledger
 * and the drop that the file came through. gateway/ fills it (config_rules); nothing here owns what it points to.
 *
 * A bare `check` knows less: identity and ledger are NULL then, and the rules that need them are left out
 * (judge_each_not_judged in judge.h).
 */
#ifndef ECOSGATE_VALIDATORS_RULES_RULES_H
#define ECOSGATE_VALIDATORS_RULES_RULES_H

#include "formats/unpack/unpack.h"
#include "validators/catalogue.h"
#include "validators/retry/retry.h"
#include "validators/signature/signature.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ledger;
struct profile;

/* The setting mpxn_check_digits: what wrong check digits of an MPxN are. */
enum check_digits { CHECK_DIGITS_OFF, CHECK_DIGITS_WARN, CHECK_DIGITS_REJECT };

/* The settings [review]: what a code of the review is (gateway/DEVICES.md, Review). REVIEW_REJECT: an error, which
 * defers the Device if the code is transient. */
enum review_mode { REVIEW_REJECT, REVIEW_WARN, REVIEW_OFF };

enum { RULES_DAY = 86400 }; /* seconds */

/* A party that exchanges files with the gateway. */
struct party {
    const char *org;          /* its code in file names, "MCC" */
    uint64_t eui64;           /* its identity */
    const char *const *types; /* the codes of the file types that it may send; ends with NULL */
    const char *drop;         /* the name of its drop */
    /* The profiles (formats/profile.h) of the files that it sends, and of the gateway's own files for it: newest first;
     * each ends with NULL. A list that is NULL: the built-in profile alone. */
    const struct profile *const *reads, *const *writes;
    enum signature_policy signature;     /* whether its files must be signed */
    enum signature_form signature_form;  /* where their signatures are */
    const struct signature_trust *trust; /* whose signatures they may have; NULL: signature is SIGNATURE_OFF */
    int64_t signature_wait;              /* seconds that a file waits for its signature */
    const char *stopped; /* why its profiles cannot be used: its files wait, both ways; NULL: they can */
};

/* Who the gateway is and whom it knows. */
struct identity {
    const char *org;
    uint64_t eui64;
    const char *environment; /* "LIVE" or "TEST" */
    const struct party *parties;
    size_t n_parties;
};

struct readings;

struct rules {
    const struct identity *identity; /* NULL: B103 and B207 are not judged */
    struct ledger *ledger;           /* NULL: nothing that needs the past or reference data is judged */
    int64_t job;                     /* the file's own job, which is no earlier file; with a ledger only */
    const char *drop;                /* the drop that the file came through; NULL: not judged */
    int64_t now;                     /* seconds since 1970, UTC */
    int64_t received;                /* when the file arrived: it decides which profiles are valid; 0: now */
    int64_t requeued;                /* when an operator last had it judged again: so do those valid then; 0: never */
    const struct profile *const *profiles; /* of files whose sender is no party; newest first; ends with NULL; NULL: the
                                              built-in one alone */
    int64_t sequence_gap_max;              /* numbers that a file may skip */
    int64_t future_tolerance;              /* seconds that a time may lie ahead of now */
    const char *const *device_types;       /* the Device types in scope (C104); ends with NULL */
    enum check_digits check_digits;
    const char *const *drops;            /* the names of all drops (C120 of PTY); ends with NULL; NULL: not judged */
    int64_t cos_window;                  /* seconds before a change of supplier in which C109 holds */
    int64_t daily_limit;                 /* Devices a day (C116); 0: any number */
    enum review_mode review[CODE_COUNT]; /* of the codes that can be switched; the others stay REVIEW_REJECT */
    enum review_mode region;             /* of C125 for the region, in place of review[C125] */
    enum review_mode gpf_supplier;       /* of C114 for a GPF, in place of review[C114] */
    uint32_t max_devices;                /* records in one file (B111) */
    struct unpack_limits unpack;         /* bytes and ratio of a packed file (B111) */
    const struct readings *readings;     /* who unpacks and parses (formats/reading.h); NULL: this process */
    struct retry_rules retry;            /* of sessions */
    const struct signature_trust
        *trust;               /* of `check --trust`: each file must be signed by somebody whom it names; NULL:
                                            the sender's settings decide */
    const char *ecos_subject; /* the SubjectId that new credentials have (C121); NULL: not judged */
};

/* Fills the defaults of ecosgate.conf(5). identity, ledger, job, drop, drops and now stay empty. */
void rules_init(struct rules *rules);

/* The party with that code; NULL: identity knows none. Borrowed from identity. */
const struct party *rules_party(const struct identity *identity, const char *org);

/* The party of that EUI-64. NULL: there is none. */
const struct party *rules_party_of_id(const struct identity *identity, uint64_t eui64);

/* The party of that drop. NULL: there is none, or several have it; so for a drop of NULL. */
const struct party *rules_party_of_drop(const struct identity *identity, const char *drop);

/* Whether a party may send files of that type, "EMI". */
bool rules_may_send(const struct party *party, const char *type);

#endif
