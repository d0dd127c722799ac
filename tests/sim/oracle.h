/*
 * The judge of a run. It sees what partners see: files that they put into drops and take out of them, orders that
 * operators give, what the program prints. It asks for promises (gateway/NOTES.md) and does not repeat the gateway's
 * rules: of a Device it wants to know that it was ordered once for each try, not whether a review was right.
 *
 *     oracle_put(oracle, name, bytes, size)           a partner has put a file into its drop
 *     oracle_took(oracle, folder, name, bytes, size)  a recipient has taken one
 *     oracle_…(…)                                     what an operator or a fault has done, which weakens a promise
 *     oracle_judge(oracle, open_incidents)            all is settled
 *
 * A broken promise ends the run (sim_broken). README.md lists the promises and the functions that ask for them.
 */
#ifndef ECOSGATE_TESTS_SIM_ORACLE_H
#define ECOSGATE_TESTS_SIM_ORACLE_H

#include "tests/sim/sim.h"

#include <glib.h>
#include <stddef.h>

struct oracle;

struct oracle *oracle_new(struct sim *sim);
void oracle_free(struct oracle *oracle);

void oracle_put(struct oracle *oracle, const char *name, const char *bytes, size_t size);
/* `folder` is "mcc", "suppliers/SUP1" and the like. */
void oracle_took(struct oracle *oracle, const char *folder, const char *name, const char *bytes, size_t size);

/* No drop of the run ever fails: then more can be asked for. */
void oracle_drops_are_up(struct oracle *oracle);

/* The gateway's clock was set so far ahead of the true time (microseconds; below 0: behind it), or runs too fast or too
 * slow: what ended then names another time. */
void oracle_clock_was_ahead(struct oracle *oracle, int64_t by);

/* From now on dispatch_hours=FROM-TO and daily_limit=LIMIT stand in the configuration. */
void oracle_set(struct oracle *oracle, unsigned from, unsigned to, unsigned limit);

/* The running gateway has said that it works with that configuration. */
void oracle_set_for_sure(struct oracle *oracle);

/* An operator orders that the file of that name is judged again: at most one more answer. Once the order has been
 * carried out: at least one more. */
void oracle_requeued(struct oracle *oracle, const char *name, bool done);
/* An operator orders that an outgoing file is delivered once more. */
void oracle_redelivered(struct oracle *oracle, const char *name);
/* The order has been answered: the file comes once more. */
void oracle_comes_again(struct oracle *oracle, const char *name);
/* ---- `redeliver`: oracle_redeliveries.c ---- */
/* What an operator asks for; NULL and 0: no condition. Names stand alone. */
struct redelivery_choice {
    GPtrArray *names;
    const char *batch, *folder, *type;
    int64_t since, until;
};
struct redelivery;
/* The order is given. */
struct redelivery *oracle_asks_again(struct oracle *oracle, const struct redelivery_choice *choice);
/* It was answered: by that exit status, with these names. Frees the redelivery. */
void oracle_redelivered_all(struct oracle *oracle, struct redelivery *redelivery, int status, const GPtrArray *names);
/* Names of all files that were taken, sorted; g_ptr_array_free. */
GPtrArray *oracle_taken(const struct oracle *oracle);
/* Its recipient has it, and knows that it may come once more. */
bool oracle_was_put_away(const struct oracle *oracle, const char *name);
/* All files of that type that a restore has lost have come again and were judged. */
bool oracle_came_again(const struct oracle *oracle, const char *type);
/* The highest number of a file of that type that was taken in and answered; 0: none. */
unsigned oracle_answered(const struct oracle *oracle, const char *type);

/* An operator has overruled what is known of the Device. */
void oracle_released(struct oracle *oracle, const char *device);
/* An operator has ended the work on the Device. */
void oracle_ended(struct oracle *oracle, const char *device);

/* What operators keep back, and what they withdraw. */
enum oracle_keeping {
    ORACLE_HELD_ITEM,       /* the subject is a work item */
    ORACLE_HELD_BATCH,      /* a batch: SENDER.BATCHID */
    ORACLE_PAUSED_DISPATCH, /* "" */
    ORACLE_PAUSED_IN,       /* a drop */
    ORACLE_PAUSED_OUT,
    ORACLE_WITHDRAWN_ITEM,
    ORACLE_WITHDRAWN_BATCH,
};
struct keeping;
/* An operator gives such an order; device: of a work item. The result is the oracle's. Nothing is asked for before one
 * of the two below is called. */
struct keeping *oracle_gave(struct oracle *oracle, enum oracle_keeping kind, const char *subject, const char *device);
/* A hold or a pause was answered: it is in force. */
void oracle_kept(struct oracle *oracle, struct keeping *keeping);
/* A withdrawal was answered. lying: all work ended at once, and these are the names of work orders that lie in their
 * drop; NULL: answers are awaited. Takes the table. */
void oracle_withdrew(struct oracle *oracle, struct keeping *keeping, GHashTable *lying);
/* Transfers that were under way in a drop when it was paused are over, and these names lie there. Takes the table. */
void oracle_lay(struct keeping *keeping, GHashTable *lying);
/* An operator is about to end the hold or the pause. lying: what lies in the drop; NULL: it is of no drop. */
void oracle_ends(struct oracle *oracle, struct keeping *keeping, GHashTable *lying);

/* ---- what the gateway watches: oracle_watches.c. The configuration asks for it from the beginning on. ---- */
/* [expect NAME]: a file of that type a day, by that hour (UTC); from: the hour from which it counts. */
void oracle_expects(struct oracle *oracle, const char *name, const char *type, unsigned by, unsigned from);
/* missing_number_after, and taken_within of a drop. */
void oracle_missing_after(struct oracle *oracle, unsigned hours);
void oracle_taken_within(struct oracle *oracle, const char *drop, unsigned hours);
/* A recipient looks into its folder, where these names stand, and leaves them or takes them. */
void oracle_looked(struct oracle *oracle, const char *folder, const GPtrArray *names, bool takes);
/* An operator has closed all incidents of that code. */
void oracle_closes(struct oracle *oracle, const char *code);
/* At the end, a row of the list of all incidents; times as they stand there. */
struct oracle_incident {
    const char *id, *code, *subject, *begun, *cleared; /* cleared "": it is open */
};
void oracle_listed(struct oracle *oracle, const struct oracle_incident *incident);

/* The ledger went back to that time: what it decided since then is lost to it. */
void oracle_restored(struct oracle *oracle, int64_t back_to);
/* The end of a Device's sessions may be in no report: it has no Supplier whom PTY names. */
void oracle_unreported(struct oracle *oracle, const char *device);

/* The file was taken by its recipient. */
bool oracle_has_reached(const struct oracle *oracle, const char *name);
/* All tries of the work item that were ordered have a result that was accepted since the ledger was last restored. */
bool oracle_is_known(const struct oracle *oracle, const char *work_item);
/* Names of the files of which a ledger of that time knows nothing: those that were acknowledged since or not at all, in
 * the order in which they were put. The caller frees the array (the names are the oracle's). */
GPtrArray *oracle_lost(const struct oracle *oracle, int64_t at);

/* `open` has the IDs of the incidents that the gateway calls open. Checks all that must hold once nothing waits. */
void oracle_judge(struct oracle *oracle, GHashTable *open);
/* Numbers for the last line of a run. */
void oracle_count(const struct oracle *oracle, unsigned *put, unsigned *taken, unsigned *migrated, unsigned *failed);

#endif
