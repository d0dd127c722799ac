/*
 * The removal of personal data: the numbers of supply points (MPxN) of work that ended before a time. NOTES.md says
 * what counts as ended and why; the columns that hold an MPxN, or may quote one, are listed there, too.
 *
 *   ledger_purge_begin → ledger_purge_current → ledger_purge_jobs → ledger_purge_look → ledger_purge_take
 *       → ledger_purge_clear … → ledger_purge_devices … → ledger_purge_points … → ledger_scrub … → ledger_purge_end
 *
 * What has been done stands in the row of the purge, in the transaction that does it, so that a stop loses nothing. The
 * rules of all subjects: ledger.h.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_PURGE_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_PURGE_H

#include "spool/ledger/ledger.h"

/* How far a purge is. The numbers are stored. */
enum ledger_purge_stage {
    LEDGER_PURGE_JOBS,    /* jobs one after the other: `job`, and what is left of it: `item`, `files` */
    LEDGER_PURGE_DEVICES, /* the inventory's rows of migrated Devices */
    LEDGER_PURGE_POINTS,  /* changes of supplier at supply points that no Device of the inventory has */
    LEDGER_PURGE_PAGES,   /* what SQLite left of removed texts in its file */
};

struct ledger_purge {
    int64_t id;
    const char *order_id; /* of the operator's order */
    int64_t before;       /* seconds UTC */
    int64_t begun, ended; /* ended 0: under way */
    enum ledger_purge_stage stage;
    int64_t job;                          /* the newest one that was taken */
    int64_t item;                         /* the first work item of it that is still to be cleared; 0: none */
    bool files;                           /* files of it may be left in the spool */
    int64_t jobs, devices, points, bytes; /* removed so far: devices are work items, points rows of reference data */
};

/* Whether files of that type name supply points; NULL (no type is known): they may. */
bool ledger_purge_concerns(const char *type);

/* Records that a purge begins; id and order_id are set by the ledger. In the caller's transaction. */
bool ledger_purge_begin(struct ledger *ledger, const char *order_id, int64_t before, int64_t at, GError **error);
/* *purge: the one that is under way; NULL: none is. g_free. */
bool ledger_purge_current(struct ledger *ledger, struct ledger_purge **purge, GError **error);
/* Stores how far it is. */
bool ledger_purge_store(struct ledger *ledger, const struct ledger_purge *purge, GError **error);
/* Stores that it has ended at that time, and adds its link to the evidence. */
bool ledger_purge_end(struct ledger *ledger, const struct ledger_purge *purge, int64_t at, GError **error);

/* ---- jobs ---- */

/* Which jobs a purge looks for. */
struct ledger_purge_choice {
    int64_t before; /* seconds UTC */
    int64_t after;  /* a job: those that follow it */
    int64_t upto;   /* and none behind this one: what a call may take depends on it */
    int64_t limit;  /* how many */
};
/* The newest job; 0: there is none. */
bool ledger_purge_newest(struct ledger *ledger, int64_t *job, GError **error);
/* Appends to `jobs` (int64_t) those that by their own rows have ended before the time and hold personal data. Where
 * their folders stand is not looked at, nor their Devices (ledger_purge_look). */
bool ledger_purge_jobs(struct ledger *ledger, const struct ledger_purge_choice *choice, GArray *jobs, GError **error);

/* The work items of a job. */
struct ledger_purge_items {
    int64_t first, items;
};
/* *items: of the job's newest verdict; zeros: it has none. */
bool ledger_purge_items_of(struct ledger *ledger, int64_t job, struct ledger_purge_items *items, GError **error);

/* What stands in the way of a purge, and what it has to take along. */
struct ledger_purge_look {
    bool incident; /* a Device of these work items has an open incident */
    bool kept;     /* texts of columns without a fact, which outcomes may pass on */
};
/* Adds to *look what these work items say. */
bool ledger_purge_look(struct ledger *ledger, const struct ledger_purge_items *items, struct ledger_purge_look *look,
                       GError **error);

/* The job `purge->job` counts as purged at that time: its files as removed, its findings quote nothing any more. The
 * evidence gets a link. outcomes: the files with its outcomes, too. */
bool ledger_purge_take(struct ledger *ledger, const struct ledger_purge *purge, bool outcomes, int64_t at,
                       GError **error);
/* Clears the personal columns of these work items. */
bool ledger_purge_clear(struct ledger *ledger, const struct ledger_purge_items *items, GError **error);
/* *jobs (int64_t): the job, and those with its outcomes that count as purged. */
bool ledger_purge_folders(struct ledger *ledger, int64_t job, GArray *jobs, GError **error);
/* No file of the job is left. */
bool ledger_purge_settle(struct ledger *ledger, int64_t job, GError **error);

/* ---- reference data ---- */

/* Where a walk stands; zeros: at its beginning. */
struct ledger_purge_place {
    int64_t at, row;
    bool end; /* nothing comes any more */
};
/* Removes the MPxN of the next Devices that migrated before the time and whose work is all purged, and raises
 * purge->points. Their rows of the inventory get no MPxN any more. */
bool ledger_purge_devices(struct ledger *ledger, struct ledger_purge *purge, int64_t limit,
                          struct ledger_purge_place *place, GError **error);
/* Removes changes of supplier that began before the time, at supply points that no Device of the inventory has. */
bool ledger_purge_points(struct ledger *ledger, struct ledger_purge *purge, int64_t limit,
                         struct ledger_purge_place *place, GError **error);

/* ---- the file (ledger_scrub.c) ---- */

/* The next pages of the file. */
struct ledger_scrub {
    int64_t next;  /* the page; 0: none yet */
    bool waits;    /* a reader, or a copy, still needs the WAL: nothing was done */
    bool end;      /* all pages are done, and the WAL is empty */
    int64_t bytes; /* overwritten so far that were not zero */
};
/* SQLite moves rows within a page and leaves their old bytes in its unused part, which no statement reaches. Overwrites
 * these parts of the next `pages` pages with zeros. Outside of a transaction. */
bool ledger_scrub(struct ledger *ledger, int64_t pages, struct ledger_scrub *scrub, GError **error);
/* Who reads the ledger now, but for this process and the process `besides`, and what to do: "process 4711 (sqlite3)
 * reads the ledger; end it"; NULL: nobody is seen. g_free. */
char *ledger_scrub_readers(const struct ledger *ledger, int64_t besides);

#endif
