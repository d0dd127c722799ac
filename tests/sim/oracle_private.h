/* What the files of the oracle share. */
#ifndef ECOSGATE_TESTS_SIM_ORACLE_PRIVATE_H
#define ECOSGATE_TESTS_SIM_ORACLE_PRIVATE_H

#include "tests/sim/files.h"
#include "tests/sim/oracle.h"

enum { TRIES = 16 };

/* A file that a partner has put, under one name. */
struct inbound {
    char *name;
    char type[4];
    unsigned puts, number;    /* the number of the first put in the run */
    unsigned requeued, again; /* orders to judge it again, and those that were carried out for sure */
    int64_t put_at;
    GPtrArray *digests;   /* SHA-256 of what was put under it, in order */
    GPtrArray *documents; /* the same, read; NULL where it cannot be read */
    GPtrArray *verdicts;  /* struct verdict *, one for each EMA */
};

/* What one EMA and the answers of its revision say. */
struct verdict {
    struct inbound *inbound;
    struct document *document; /* of the bytes that it is about */
    char outcome[4];
    int64_t at;
    unsigned parsed, rejected;
    GHashTable *wrong;  /* numbers of the records that did not count */
    bool responded;     /* there was an EMD */
    bool rounded;       /* an EMO had all Devices ended */
    int64_t rounded_at; /* when that EMO was made, */
    int64_t ended_at;   /* and when the last of them had ended, as it says */
    bool lost;          /* the ledger went back to a time before it */
    int64_t outcome_at; /* of the first EMO; 0: none */
    bool outcome_open;  /* that EMO shows a Device whose work has not ended */
    unsigned newest;    /* the highest number of an EMO: one that comes late says nothing any more (FILES.md, 6) */
    GPtrArray *items;   /* struct item * of the EMD, in order */
};

struct order {
    unsigned try;
    int64_t at, session_end; /* as the file says, */
    int64_t taken_at;        /* and when it was taken */
    char *file;
};

/* What a side has said in a record that counts. */
struct statement {
    int64_t at;     /* when the gateway acknowledged it; 0: not yet */
    int64_t put_at; /* when its file was put */
    bool success;
    char *key;
};

/* The result of a try was acknowledged at that time, and counts. */
struct known_result {
    unsigned try;
    int64_t at;
};

struct item {
    char *id, *device;
    struct verdict *verdict;
    bool accepted;
    int64_t accepted_at, ended_at; /* by EMD and EMO; 0: not */
    GArray *orders;                /* struct order */
    unsigned failed_told[TRIES + 1], unattempted_told[TRIES + 1];
    GArray *known;               /* struct known_result */
    struct statement tcos, ecos; /* the first success that was acknowledged */
    GHashTable *keys[2];         /* KeyIds of successes that were put: TCoS, ECoS */
    char mpxn[16];               /* as instructed; "": none */
    char outcome[20], code[8];   /* of the newest EMO */
    bool was_failed;             /* an EMO said FAILED */
    int64_t migrated_at, failed_at;
    int64_t said_at;     /* when the first success of either side was put; 0: never */
    int64_t eligible_at; /* NextEligible of its failure */
    unsigned rows_001, rows_002;
};

struct device_facts {
    char *id;
    GPtrArray *items;               /* struct item * */
    int64_t overruled_at, ended_at; /* by an operator; 0: never */
    bool unreported;
};

/* A change of supplier, and when the gateway acknowledged it. */
struct supply {
    int64_t start, told_at;
};

/* A Device that an EMD refused for a reason that the judge looks at. */
struct refusal {
    const struct verdict *verdict;
    char code[8], device[24];
};

/* Settings that stood in the configuration from that time on. */
struct rule {
    int64_t since;
    unsigned from, to, limit; /* dispatch_hours, daily_limit */
    int64_t surely;           /* from when on the gateway works with them for sure; 0: not known */
};

/* What was decided from back_to until at, a restore has lost. */
struct loss {
    int64_t back_to, at;
};

/* An order of a Device that the lost ledger had ordered. The end of the run decides, for a result that the gateway knew
 * by then may reach the judge later. */
struct suspect {
    struct item *item;
    unsigned order, loss; /* in the item's orders, in the oracle's losses */
};

/* What an operator keeps back or has withdrawn. */
struct keeping {
    enum oracle_keeping kind;
    char *subject, *device;
    int64_t from, until; /* 0: it was not answered; it is in force */
    GHashTable *names;   /* of files that lie in the drop; NULL: not known yet, or nothing is asked of them */
};

struct incident {
    unsigned raised, cleared;
    bool lost; /* the ledger went back to a time before its opening */
    int64_t raised_at;
    char code[8];
};

struct taken {
    char *digest, *folder;
    unsigned times, may_come, must_come;
    int64_t made_at, first_at, at; /* its header's time; when it was taken first, and last */
    bool put_away;                 /* it was asked for once more: its recipient does not read it again */
    unsigned came;                 /* when it was last ordered that it comes once more */
};

struct oracle {
    struct sim *sim;
    GHashTable *inbound;         /* by name */
    GHashTable *answers;         /* by the name of the EMA: struct verdict * */
    GHashTable *batches;         /* by BatchId: struct verdict *, once there was an EMD */
    GPtrArray *verdicts;         /* all of them */
    GPtrArray *order_of_inbound; /* the same, in the order of the first put */
    GHashTable *items;           /* by WorkItemId */
    GPtrArray *order_of_items;
    GHashTable *devices;
    GHashTable *taken;     /* by name */
    GHashTable *numbers;   /* "EMA 57" → name */
    GHashTable *incidents; /* by IncidentId */
    GPtrArray *order_of_incidents;
    GHashTable *named;   /* Device → number of the put of the INV that named it first */
    GHashTable *supply;  /* MPxN → struct supply *, the changes of supplier that were told */
    GPtrArray *refusals; /* struct refusal *: C103, C115 */
    bool drops_are_up;   /* no drop ever fails */
    int64_t clock_ahead; /* the most that the gateway's clock was ahead */
    bool clock_wrong;    /* it was wrong at any time, */
    int64_t wrong_since; /* first then */
    GArray *rules;       /* struct rule, in the order of their times */
    GHashTable *rows;    /* "003 device date" → how often */
    GPtrArray *keepings; /* struct keeping * */
    GPtrArray *waiting;  /* struct document *: EMD and EMO that came before the EMA or EMD that they need */
    unsigned restores;
    GArray *suspects; /* struct suspect: orders after a restore */
    GArray *losses;   /* struct loss, one for each restore */
    unsigned n_put, n_taken;
    struct oracle_watches *watches;
    GHashTable *lying;     /* names of files that were delivered once more before they were taken */
    int64_t unanswered_at; /* when an order to deliver files once more had no answer last; 0: never */
};

struct item *oracle_item(struct oracle *oracle, const char *id);
struct device_facts *oracle_device(struct oracle *oracle, const char *id);

/* oracle_tell.c */
/* sim_broken, after all that is known about the item's Device. */
void oracle_broken(struct oracle *oracle, const struct item *item, const char *promise, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

/* oracle_work.c */
void oracle_look_at_order(struct oracle *oracle, const struct document *document, const char *name);
void oracle_look_at_response(struct oracle *oracle, struct verdict *verdict, const struct document *document);
void oracle_look_at_outcome(struct oracle *oracle, struct verdict *verdict, const struct document *document);
/* Results and confirmations were put (verdict NULL), or acknowledged. */
void oracle_hear(struct oracle *oracle, const struct document *document, const struct verdict *verdict);
void oracle_judge_items(struct oracle *oracle);
/* When both sides had told the same success of the item; 0: they have not. */
int64_t oracle_agreed_at(const struct item *item);

/* oracle_restores.c */
/* Until the time `now`, a restore has lost what was decided at `at`. */
bool oracle_was_lost(const struct oracle *oracle, int64_t at, int64_t now);
/* The newest order of the item: it may repeat one that a lost ledger has made. */
void oracle_suspect_order(struct oracle *oracle, struct item *item);
void oracle_judge_generation(struct oracle *oracle);

/* oracle_times.c */
void oracle_judge_times(struct oracle *oracle);

/* oracle_facts.c */
void oracle_hear_facts(struct oracle *oracle, const struct inbound *inbound, const struct document *document);
void oracle_learn_facts(struct oracle *oracle, const struct document *document, const struct verdict *verdict);
void oracle_check_supply(struct oracle *oracle, const struct item *item, const struct order *order);
void oracle_judge_facts(struct oracle *oracle);

/* oracle_settings.c */
void oracle_check_hours(struct oracle *oracle, const struct item *item, const struct order *order);
void oracle_judge_limits(struct oracle *oracle);

/* oracle_keeps.c */
void oracle_free_keeping(void *keeping);
void oracle_keeps_restored(struct oracle *oracle);
void oracle_keeps_released(struct oracle *oracle, const char *device);
void oracle_keeps_put(struct oracle *oracle, const char *name, const char *type);
void oracle_keeps_took(struct oracle *oracle, const char *folder, const char *name);
void oracle_keeps_ordered(struct oracle *oracle, const struct item *item, const struct order *order);
/* An operator has asked for its withdrawal, whatever came of it. */
bool oracle_was_withdrawn(const struct oracle *oracle, const struct item *item);
void oracle_judge_keeps(struct oracle *oracle);

/* oracle_redeliveries.c */
/* The file is taken for the first time: how often it may come. */
void oracle_redelivery_first(const struct oracle *oracle, const char *name, struct taken *taken);

/* oracle_watches.c */
struct oracle_watches *oracle_watches_new(void);
void oracle_watches_free(struct oracle_watches *watches);
void oracle_judge_watches(struct oracle *oracle);

/* oracle_reports.c */
void oracle_look_at_report(struct oracle *oracle, const struct document *document, const char *folder);
void oracle_look_at_incidents(struct oracle *oracle, const struct document *document);
void oracle_judge_reports(struct oracle *oracle);
void oracle_judge_incidents(struct oracle *oracle, GHashTable *open);

/* The time of an outgoing file's header. */
int64_t oracle_time_of(const struct document *document);
/* Of a number, "" is 0. */
unsigned oracle_number(const char *text);

#endif
