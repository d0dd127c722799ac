/*
 * One direction of a drop that may be down. inbox.c keeps one for reading (A102) and outbox.c one for writing (A103).
 * claims.c keeps one for a drop that is not ours (A110).
 *
 * An outage is one incident in the ledger from its first failure until the drop works again, with one message at each
 * end. In between the drop is tried again after 1, 2, 4 … 60 s. Each delay is a quarter shorter or longer by chance, so
 * that many drops of one server are not tried at the same moment. What waits for the drop keeps its order.
 *
 * The cause may change in the meantime. Then one message says so, and the incident gets the new text; it is not opened
 * again. Causes that differ in numbers only are the same. A drop that alternates between causes would fill the log, so
 * after the third change a cause must come twice in a row before it counts. Comparing error codes instead of texts was
 * the other design: one code covers causes that an operator treats differently.
 *
 * A drop with share=yes is a document share: reading and writing have one incident, A101. It is opened with the first
 * failure of either direction and closed when both work. Its text has the cause of each direction that is down. A101
 * for each direction was the other design: who mends a share would get two incidents for one fault.
 *
 * A crash loses only the delay: outage_init takes up the open incident, and the drop is tried at once. Nobody knows
 * then which direction of a share was down, so A101 waits for both. If the setting share has changed, an incident of
 * the other code is closed with the first failure or success.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_OUTAGE_H
#define ECOSGATE_GATEWAY_PIPELINE_OUTAGE_H

#include "gateway/answers/incidents.h"
#include "gateway/gateway.h"

enum outage_kind { OUTAGE_IN, OUTAGE_OUT, OUTAGE_CLAIM };

struct outage {
    struct gateway *gateway;
    enum outage_kind kind;
    const char *code;     /* of the incident: "A101", "A102", "A103" or "A110" */
    const char *outdated; /* the code of an open incident from before the setting share changed; NULL: there is none */
    const struct drop *drop;
    bool on;          /* the ledger has an open incident, and this outage keeps it open */
    int64_t delay;    /* microseconds between the last failure and the next try; 0: no failure */
    int64_t retry_at; /* monotonic microseconds of the next try; 0: at once */
    char *told;       /* the cause that log and incident state; NULL: none since the drop worked */
    char *last;       /* the cause of the last failure; NULL: none */
    unsigned causes;  /* how many were told since the drop worked */
};

/* Prepares an outage for use, enters it in gateway->outages, and takes up an incident that an earlier run left open.
 * The outage stays where it is in memory until outage_clear. gateway and drop are borrowed. */
bool outage_init(struct outage *outage, struct gateway *gateway, enum outage_kind kind, const struct drop *drop,
                 GError **error);
/* Ends the use of an outage: frees what it holds. Allowed on one that is all zeros. */
void outage_clear(struct outage *outage);
/* The drop failed: opens the incident if none is open, changes its text if the cause has changed, and puts off the next
 * try. Sets gateway->failed. cause is freed. False: the ledger failed. */
bool outage_record_failure(struct outage *outage, GError *cause, GError **error);
/* All work in this direction went well: closes the incident, unless the other direction of a share is down. Does
 * nothing without an outage. False: the ledger failed. */
bool outage_record_success(struct outage *outage, GError **error);
/* Microseconds until the drop is tried again; 0: now. */
int64_t outage_wait(const struct outage *outage);

/* The one place that decides whether new files for a drop would only wait: its `out` cannot be written, or the drop is
 * not ours, as far as the last task there has shown. Before the first task of a run the open incident says so; of a
 * share's A101 the incident does not say the direction, so it counts until the outbox has had its turn. */
bool outage_stops_writing(const struct gateway *gateway, const struct drop *drop);

/* incidents_state in a transaction of its own: states what is wrong now with a subject, as often as it is seen. *news
 * says what is to be logged once; INCIDENT_AS_BEFORE has cost a look into the ledger and no commit. incident: its code,
 * subject and text; parties NULL: those of the drop or type that the subject names. */
bool outage_commit_cause(struct gateway *gateway, const struct ledger_incident *incident, enum incidents_news *news,
                         GError **error);
/* Opens an incident with this text, or gives the open one this text if its cause has changed; closes it if text is
 * NULL. In a transaction of its own. For outages, for the inventory (A104) and the clock (A105). */
bool outage_commit_incident(struct gateway *gateway, const char *code, const char *subject, const char *text,
                            GError **error);
/* Closes the open incidents of this code whose fault no longer exists: all but that of the subject `present` (NULL: all
 * of them). Each in a transaction of its own. For the ledger (A109) and the clock (A105). */
bool outage_commit_others_closed(struct gateway *gateway, const char *code, const char *present, GError **error);

#endif
