/*
 * Outgoing files: every file that leaves the gateway, from its planning to its delivery.
 *
 *   ledger_outgoing_plan → ledger_outgoing_update: STORED → STAGED → DELIVERED
 *                          ledger_outgoing_readdress, ledger_outgoing_give_up: a file of a report that is STORED
 *
 * A file is planned in the transaction that causes it. Its name, sender and environment are those of that time, so
 * that a later change of the configuration changes no file, and the file can be built again from the ledger. The rules
 * of all subjects: ledger.h.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_OUTGOING_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_OUTGOING_H

#include "spool/ledger/ledger.h"

/* PLANNED: no bytes yet. STORED: in the job's folder. STAGED: in the drop under a temporary name. DELIVERED: it stood
 * in the drop under its name, or `concluded` says why that is believed. GIVEN_UP: an operator has decided that nobody
 * gets it. The numbers are stored. */
enum ledger_outgoing_state { LEDGER_PLANNED, LEDGER_STORED, LEDGER_STAGED, LEDGER_DELIVERED, LEDGER_GIVEN_UP };

/* The signature of an outgoing file is an outgoing file, too: its name and kind are those of the file, followed by
 * this. It is planned with its file, before or after it, and stored once that has its bytes. A file is not delivered
 * before its signature is STORED. */
#define LEDGER_SIGNATURE ".p7s"

struct ledger_outgoing {
    int64_t id;
    int64_t job, revision; /* whose file it is */
    int64_t about;         /* EMO: the instruction's job, `revision` is then the instruction's; 0: `job` itself */
    const char *kind;      /* "EMA", "EMD", "EMW", "EMO", "INC", or a report's ref */
    const char *name;      /* in the drop and in the job's folder; unique */
    const char *form;      /* "xml" or "csv" */
    const char *drop;      /* where it goes */
    const char *recipient; /* EUI-64 as text */
    const char *folder;    /* below the drop's `out`; NULL: `out` itself */
    const char *sender, *environment; /* the gateway's own, at the time of planning */
    int64_t sequence;                 /* of the name; 0: none */
    int64_t created;                  /* CreationDateTime in the file */
    int64_t rows;                     /* records (EMA: F and E records); -1: not known yet */
    enum ledger_outgoing_state state;
    int64_t size;         /* bytes; -1 until it is STORED */
    const char *sha256;   /* NULL until it is STORED */
    int64_t delivered_at; /* 0 until it is DELIVERED */
    /* STAGED: a rename may have been sent, and no answer to it is known. It is durable before the rename is sent; an
     * answer clears it. DELIVERED: only if concluded. */
    bool rename_sent;
    bool concluded; /* DELIVERED, and nobody saw it: a rename without an answer, and the temporary file is gone */
    /* The form of the temporary name (drop.h) while it is STAGED; NULL: the default. */
    const char *upload_name;
    int64_t removed; /* when its bytes were removed from the spool (ledger_retention.h); 0: they are there */
    const char
        *profile; /* the digest of the one that it is written with (ledger_profiles.h); NULL: planned by a program
                            that knew the built-in one alone */
};

/* "PLANNED" …, a constant text; NULL if there is no such state. */
const char *ledger_outgoing_state_name(enum ledger_outgoing_state state);
/* True of the signature of a file. */
bool ledger_outgoing_is_signature(const struct ledger_outgoing *file);
/* Adds a PLANNED file. The ledger sets id and state; the id is given out if `id` is not NULL. */
bool ledger_outgoing_plan(struct ledger *ledger, const struct ledger_outgoing *file, int64_t *id, GError **error);
/* *file is NULL if there is none of that id; g_free it. */
bool ledger_outgoing_get(struct ledger *ledger, int64_t id, struct ledger_outgoing **file, GError **error);
/* *file is NULL if there is none of that name; g_free it. */
bool ledger_outgoing_named(struct ledger *ledger, const char *name, struct ledger_outgoing **file, GError **error);
/* Where a file stands in a drop. */
struct ledger_place {
    const char *drop, *name;
    const char *folder; /* below `out`; NULL: `out` itself */
};
/* *at: when the file that stands there was delivered; 0: it is none of ours. */
bool ledger_outgoing_delivered_at(struct ledger *ledger, const struct ledger_place *place, int64_t *at, GError **error);
/* What cannot be true of a row, as "is DELIVERED without a time", a constant text; NULL: nothing. */
const char *ledger_outgoing_contradiction(const struct ledger_outgoing *file);
/* Makes a file that is DELIVERED or GIVEN_UP STORED, so that it is delivered once more, by that operator's order. */
bool ledger_outgoing_deliver_again(struct ledger *ledger, int64_t id, const char *order_id, GError **error);
/* A signature that is STORED is PLANNED again, for its bytes are damaged or removed: it is made anew. */
bool ledger_outgoing_sign_again(struct ledger *ledger, int64_t id, GError **error);
/* *n: how often a file was. *order_id: the newest order of these; NULL: none; g_free it. */
bool ledger_outgoing_redelivered(struct ledger *ledger, int64_t id, int64_t *n, char **order_id, GError **error);

/* Files that are chosen; NULL or 0 where nothing is said. */
struct ledger_outgoing_choice {
    const char *kind;
    const char *recipient;     /* EUI-64 as text */
    int64_t since, until;      /* delivered at `since` or later, and before `until` */
    int64_t job;               /* an instruction: its answers and outcomes, and the work orders of its Devices, */
    int64_t first_item, items; /* whose work items are these */
};
/* *names: those that are DELIVERED, but for signatures, in the order of planning, at most `limit`: char *.
 * g_ptr_array_unref. */
bool ledger_outgoing_choose(struct ledger *ledger, const struct ledger_outgoing_choice *choice, int64_t limit,
                            GPtrArray **names, GError **error);
/* *n: Devices on the work order of that job whose work has ended. */
bool ledger_outgoing_ended_since(struct ledger *ledger, int64_t job, int64_t *n, GError **error);
/* *files: struct ledger_outgoing of a job in the order of planning; job 0: of all. */
bool ledger_outgoing_files_of(struct ledger *ledger, int64_t job, GPtrArray **files, GError **error);
/* *files: those that are PLANNED, in the order of planning. */
bool ledger_outgoing_files_planned(struct ledger *ledger, GPtrArray **files, GError **error);
/* *files: the first `limit` that are STORED or STAGED for a drop and do not wait for their signatures, in the order of
 * planning. */
bool ledger_outgoing_files_deliverable(struct ledger *ledger, const char *drop, int64_t limit, GPtrArray **files,
                                       GError **error);
/* *files: those that go into a folder below the `out` of their drop and are neither DELIVERED nor GIVEN_UP, in the
 * order of planning. */
bool ledger_outgoing_files_to_folders(struct ledger *ledger, GPtrArray **files, GError **error);
/* A STORED file goes into another folder below `out`. */
bool ledger_outgoing_readdress(struct ledger *ledger, int64_t id, const char *folder, GError **error);
/* A STORED file gets GIVEN_UP. */
bool ledger_outgoing_give_up(struct ledger *ledger, int64_t id, GError **error);
/* *n: how many of a job's files are neither DELIVERED nor GIVEN_UP. */
bool ledger_outgoing_files_undelivered(struct ledger *ledger, int64_t job, int64_t *n, GError **error);
/* Visits each drop that has files which are neither DELIVERED nor GIVEN_UP, by name, with their number. */
bool ledger_undelivered_by_drop_each(struct ledger *ledger, ledger_count_visit visit, void *user, GError **error);
/* n: a drop's files that are neither DELIVERED nor GIVEN_UP; oldest: when the oldest of them was planned. */
typedef bool (*ledger_owed_visit)(void *user, const char *drop, int64_t n, int64_t oldest, GError **error);
/* Visits each drop that has such files, by name. */
bool ledger_owed_each(struct ledger *ledger, ledger_owed_visit visit, void *user, GError **error);
/* Writes state, rows, size, sha256, delivered_at, rename_sent, concluded and upload_name of file->id. A state stays,
 * goes forward by one, or back from STAGED to STORED, and the bytes stay once they are STORED; else SPOOL_ERROR_BUG. */
bool ledger_outgoing_update(struct ledger *ledger, const struct ledger_outgoing *file, GError **error);

#endif
