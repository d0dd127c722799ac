/*
 * Finding Devices by what is known of them. All conditions must hold. One of them leads: the one with the fewest
 * Devices, counted up to a bound, whose index is walked; the others are asked of each Device on the way.
 *
 *   struct ledger_find find = {.state = LEDGER_FIND_ANY_STATE, .mpxn = …, .now = …, .limit = 100};
 *   ledger_find_each(ledger, &find, &(struct ledger_find_visitor){visit, user}, &error)
 *
 * A list is read page by page: find.after is the key of the last Device of the page before. The order is that of the
 * index that leads, which the first page has chosen. The rules of all subjects: ledger.h.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_FIND_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_FIND_H

#include "spool/ledger/ledger.h"

enum { LEDGER_FIND_ANY_STATE = -1, LEDGER_FIND_PLACES = 3 };

/* Where a Device stands in a list. */
struct ledger_find_key {
    int64_t part; /* of the list, from 1; 0: before its beginning */
    int64_t places[LEDGER_FIND_PLACES];
};

/* What is looked for; NULL or 0 where nothing is said. Hub, Supplier and model are those of the inventory now. */
struct ledger_find {
    const char *mpxn; /* without leading zeros: of the inventory, or of an instruction that was refused */
    uint64_t hub;
    uint64_t supplier;                /* the Responsible Supplier at the time `now` */
    const char *manufacturer, *model; /* both or none */
    const char *firmware;             /* with these only */
    int64_t job, first_item, items;   /* of a batch (ledger_batches.h); job 0: of any */
    int state;                        /* enum ledger_state; LEDGER_FIND_ANY_STATE */
    const char *code;
    int64_t now;   /* seconds UTC */
    int64_t limit; /* Devices; 0: all */
    struct ledger_find_key after;
};

/* A Device that was found. */
struct ledger_found {
    bool has_device;
    uint64_t device;
    int64_t item; /* its work item in the batch that was named, else the one that stands for the Device
                     (ledger_work_of_device); 0: no instruction names it. State and code are this one's. */
    struct ledger_find_key key;
};

/* Who is told of each. */
struct ledger_find_visitor {
    bool (*visit)(void *user, const struct ledger_found *found, GError **error);
    void *user;
};
/* Visits the Devices. Without any condition, or after a key of another list: none. */
bool ledger_find_each(struct ledger *ledger, const struct ledger_find *find, const struct ledger_find_visitor *visitor,
                      GError **error);

#endif
