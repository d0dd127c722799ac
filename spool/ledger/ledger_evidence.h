/*
 * The chain of evidence: one link for each fact that decides, added in the very transaction of the fact. Who keeps the
 * head of the chain outside of the gateway can prove later that nothing before it was changed, cut out or put in.
 *
 *   ledger_evidence_add → …                       the subjects' own files call it; no other caller is needed
 *   ledger_evidence_note                          for a fact that no row keeps, such as a purge
 *   ledger_evidence_head                          for the witness, the log and monitoring
 *   ledger_evidence_verify                        recomputes everything
 *
 * A link is a line of text, a JSON array without blanks around its members and without a line end: its kind, then the
 * facts. Its digest is the SHA-256 of the digest before it (64 hex digits; 64 zeros before the first), a line end, the
 * line, and a line end. gateway/EVIDENCE.md has the members of each kind; the SQL in ledger_evidence.c makes them.
 *
 * What is in no link: MPxN and values of findings, for they are removed when the law asks for it; and the transitions
 * of Devices, which work orders, payloads and outcomes show, whose digests are in links.
 *
 * The rules of all subjects: ledger.h.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_EVIDENCE_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_EVIDENCE_H

#include "spool/digest.h"
#include "spool/ledger/ledger.h"

/* Facts that rows keep. The line can be made anew from the rows, which verify does. */
enum ledger_evidence_kind {
    LEDGER_EVIDENCE_VERDICT,   /* subject: the job, part: the revision */
    LEDGER_EVIDENCE_STORED,    /* subject: the outgoing file, whose bytes are fixed now */
    LEDGER_EVIDENCE_DELIVERED, /* subject: the outgoing file */
    LEDGER_EVIDENCE_ORDER,     /* subject: the row of operator_action */
    LEDGER_EVIDENCE_SIGNATURE, /* subject: the job, part: the revision; only of files whose signature was checked */
};

/* The newest link. */
struct ledger_evidence_head {
    int64_t n; /* its number; 0: there is none */
    char digest[DIGEST_HEX_SIZE];
};

/* Adds the link of a fact, unless the newest link of the subject and part says the same. */
bool ledger_evidence_add(struct ledger *ledger, enum ledger_evidence_kind kind, int64_t subject, int64_t part,
                         GError **error);
/* Adds a link [kind, subject, text] for a fact that no row keeps. kind: a word of letters that is none of the above,
 * "begin" or "generation". */
bool ledger_evidence_note(struct ledger *ledger, const char *kind, int64_t subject, const char *text, GError **error);
/* Sets *head; from any connection. */
bool ledger_evidence_head(struct ledger *ledger, struct ledger_evidence_head *head, GError **error);
/* The digest of link n in *digest; "" if there is no such link. */
bool ledger_evidence_digest(struct ledger *ledger, int64_t n, char digest[DIGEST_HEX_SIZE], GError **error);

/* A link as it stands in the ledger. */
struct ledger_evidence_link {
    int64_t n;
    const char *kind, *line, *digest;
    int64_t subject, part;
};
typedef bool (*ledger_evidence_visit)(void *user, const struct ledger_evidence_link *link, GError **error);
/* Visits the links from number `from` on, in order. */
bool ledger_evidence_each(struct ledger *ledger, int64_t from, ledger_evidence_visit visit, void *user, GError **error);
/* The number of the first link of a job: its verdict, its files, the orders about it. 0: there is none. */
bool ledger_evidence_first_of_job(struct ledger *ledger, int64_t job, int64_t *n, GError **error);

/* A Device, or some work items. */
struct ledger_evidence_scope {
    bool has_device;
    uint64_t device;
    int64_t first_item, items; /* without a Device */
};
/* *jobs (int64_t, ascending): the instructions, all files by which transitions were caused, and the outcomes. */
bool ledger_evidence_jobs(struct ledger *ledger, const struct ledger_evidence_scope *scope, GArray **jobs,
                          GError **error);
/* Gets one row of a work item or a transition, as a JSON object in one line; without MPxN. */
typedef bool (*ledger_evidence_row)(void *user, const char *json, GError **error);
/* Visits these rows by work item, each followed by its transitions. */
bool ledger_evidence_rows(struct ledger *ledger, const struct ledger_evidence_scope *scope, ledger_evidence_row visit,
                          void *user, GError **error);

/* Gets each fault as a text; job 0: it belongs to no single job. */
typedef void (*ledger_evidence_fault)(void *user, int64_t job, const char *text);
/* Recomputes each link, compares the newest link of each fact with its rows, and looks for facts without a link. */
bool ledger_evidence_verify(struct ledger *ledger, ledger_evidence_fault fault, void *user, GError **error);

#endif
