/*
 * Cells: processes in which the bytes of senders are unpacked and parsed. A cell is forked from the helper, a process
 * that was itself forked before keys and ledger were opened. It has the descriptor of one content, a socket, limits of
 * memory and time, and no system call but the few that reading takes. It says header, records and faults
 * (cell_message.h); rules and ledger stay in the gateway.
 *
 *   struct cells *cells = cells_start(CELLS_USED, &error);      before keys and ledger are opened; no thread but this
 *   rules.readings = cells_readings(cells);
 *   …
 *   cells_end(cells);
 *
 * One thread uses cells, for one reading at a time. If the helper has ended, the next reading starts another one, which
 * is the program anew (execve): the gateway's own memory must not be copied any more. No cell outlives the helper, and
 * the helper no gateway.
 */
#ifndef ECOSGATE_GATEWAY_CELLS_CELLS_H
#define ECOSGATE_GATEWAY_CELLS_CELLS_H

#include <glib.h>
#include <stdbool.h>

enum cells_mode {
    CELLS_USED,     /* with as many guards as the kernel has */
    CELLS_REQUIRED, /* with all of them, or nothing is read */
    CELLS_NO,       /* everything is parsed in the gateway's own process */
};

/* The first argument of the program that makes it a helper. */
#define CELLS_HELPER "--cells-helper"

struct cells;
struct readings;

/* Starts the helper. NULL without an error for CELLS_NO. NULL with an error: there can be none. */
struct cells *cells_start(enum cells_mode mode, GError **error);

/* The same of a process that may have opened keys and ledger: the helper is the program anew, at the first reading. */
struct cells *cells_start_later(enum cells_mode mode);

/* The same of a process that reads the content of one file alone, and has neither keys nor the ledger: its cells are
 * copies of itself, and there is no helper. That saves the start of one process of two. */
struct cells *cells_start_alone(enum cells_mode mode);

/* CELLS_NO for NULL. */
enum cells_mode cells_mode(const struct cells *cells);

/* For struct rules. NULL for NULL. Lives as long as the cells. */
const struct readings *cells_readings(struct cells *cells);

/* Makes a cell that reads nothing. *lacks: the guards that it has not, as a text; NULL: it has all. False: no cell can
 * be made, or one that is required lacks some (READING_ERROR_UNABLE). g_free *lacks. */
bool cells_probe(struct cells *cells, char **lacks, GError **error);

/* True once after the helper has ended without being asked to. */
bool cells_helper_ended(struct cells *cells);

/* Ends helper and cells, and waits for the helper. NULL is allowed. */
void cells_end(struct cells *cells);

/* What the program does that was called with CELLS_HELPER. Returns its exit status. */
int cells_help(void);

#endif
