/*
 * The rows of an INV, which come in any order and change the inventory in the order of the Devices' ids.
 *
 *     ledger_inventory_rows_new → …_add … → …_apply → ledger_inventory_rows_free
 *
 * Until _apply the inventory is as it was: nothing need be undone if the file is rejected. Memory: that of one sorter
 * (sorter.h); what does not fit is in a temporary file beside the ledger.
 *
 * Why sorted: the inventory and its indexes do not fit SQLite's cache. In any other order almost each row has a page of
 * them read, changed and written to the WAL, and the next row of that page once more. In this order each changed page
 * is written once to the WAL and once to the database, also pages of the indexes: in each of their keys the Device
 * comes behind what many Devices share. A FULL file leaves the rows in this order. 100,000 random Devices of 1,000,000
 * with another firmware took 3.0 s of a processor and 156,900 pages of the WAL; now 1.0 s and 19,400.
 *
 * What that costs: Devices that stood side by side in the FULL file, and are random by their ids, are no longer side by
 * side in the table. `make programme` has such DELTAs: at 1/50 a row takes 29 us and 12 kB, where it took 20 and 6. A
 * FULL in the order of its file, and a DELTA in that of the rows, was the other design: it serves these, but not a new
 * firmware, whose index entries lie in the order of ids. Real ids begin with the manufacturer's number, so those of one
 * manufacturer lie side by side.
 *
 * Fewer bytes need smaller rows, or rows that a DELTA does not change in place. Of 5,500,000 Devices in 75,900 pages,
 * 84,000 random ones are in 50,800 pages, and each page is written twice. That is 55 bytes written for each byte of the
 * file (computed), and 83 with another firmware. A tenth of 1,000,000 Devices: 13 and 18 (measured).
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_INVENTORY_ROWS_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_INVENTORY_ROWS_H

#include "spool/ledger/ledger_reference.h"

struct ledger_inventory_rows;
typedef struct ledger_inventory_rows ledger_inventory_rows_t;

/* No rows yet. */
struct ledger_inventory_rows *ledger_inventory_rows_new(struct ledger *ledger);
/* Adds a copy of the row; remove: the row with its key is to be removed. Each Device once. False: the temporary file
 * cannot be written. */
bool ledger_inventory_rows_add(struct ledger_inventory_rows *rows, const struct ledger_inventory *row, bool remove,
                               GError **error);
/* Puts and removes the rows. full: between ledger_reference_load_begin and _end, where no row is there yet. *stop: it
 * ends at once, with some of them or none, and the caller rolls back; NULL is allowed. */
bool ledger_inventory_rows_apply(struct ledger_inventory_rows *rows, bool full, const volatile bool *stop,
                                 GError **error);
/* NULL is allowed. */
void ledger_inventory_rows_free(struct ledger_inventory_rows *rows);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ledger_inventory_rows_t, ledger_inventory_rows_free)

#endif
