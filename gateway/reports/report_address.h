/*
 * Into which folder of its drop the file of a report may go. A Supplier must never read another one's rows, and PTY may
 * give the MPID of a folder to another party after the report was issued. Here alone that is decided:
 *
 *   - PTY names the recipient in the report's role: into the folder of the MPID that it has now.
 *   - PTY does not: into the folder of the issue, unless another party has that MPID now. Then the file waits, which is
 *     an A118 incident, until PTY names the recipient or an operator closes the incident, which gives the file up.
 *
 * Files that are not of a report for parties stay where they were planned to go. All functions return false with *error
 * set when the ledger fails.
 */
#ifndef ECOSGATE_GATEWAY_REPORTS_REPORT_ADDRESS_H
#define ECOSGATE_GATEWAY_REPORTS_REPORT_ADDRESS_H

#include "gateway/gateway.h"
#include "spool/ledger/ledger_incidents.h"
#include "spool/ledger/ledger_outgoing.h"

struct report_address {
    bool waits;   /* the file may go nowhere */
    char *folder; /* below the drop's `out`; NULL: `out` itself, or the file waits; g_free */
};

/* Where the file may go now. */
bool report_address_find(struct gateway *gateway, const struct ledger_outgoing *file, struct report_address *address,
                         GError **error);
/* Whether it is where the file's row says: file->folder. */
bool report_address_holds(const struct report_address *address, const struct ledger_outgoing *file);
/* Opens an A118 for each recipient whose files wait, closes those for whom none waits. At the end of a pass. */
bool report_address_watch(struct gateway *gateway, GError **error);
/* Gives up the files that an A118 is about, in the transaction in which an operator closes it. Other incidents are left
 * alone. */
bool report_address_give_up(struct gateway *gateway, const struct ledger_incident *incident, GError **error);

#endif
