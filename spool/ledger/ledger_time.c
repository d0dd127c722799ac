/* One row of scalar questions, each of which an index or the last row answers. A report on change has no period
 * (ends=starts), and its moment may lie a second ahead. */
#include "spool/ledger/ledger_time.h"

#include "spool/ledger/ledger_private.h"

/* The newest end of the sessions in one state: the index session_ended begins with the state. */
#define ENDED(state) "ifnull((SELECT max(ended) FROM session WHERE state=" state " AND ended IS NOT NULL),0),"
#define LAST(column, table) "ifnull((SELECT " column " FROM " table " ORDER BY id DESC LIMIT 1),0),"
#define NEWEST(column, table) "ifnull((SELECT max(" column ") FROM " table "),0),"

bool ledger_newest_time(struct ledger *ledger, int64_t *at, GError **error)
{
    LEDGER_SQL(
        newest,
        "SELECT max(" LAST("received", "job") LAST("at", "transition") LAST("created", "outgoing")
            LAST("at", "operator_action") LAST("at", "recovery") NEWEST("judged_at", "verdict")
                NEWEST("issued", "report_period") NEWEST("ends", "report_period WHERE ends>starts")
                    NEWEST("since", "pickup") ENDED("2") ENDED("3") ENDED("4") ENDED("5") ENDED("6") ENDED("7") ENDED(
                        "8") "ifnull((SELECT max(delivered_at) FROM outgoing WHERE delivered_at IS NOT NULL),0),"
                             "ifnull((SELECT iif(e.event=0,i.begun,i.cleared) FROM incident_event e JOIN incident i"
                             " ON i.id=e.incident ORDER BY e.id DESC LIMIT 1),0),"
                             "ifnull((SELECT value FROM counter WHERE name='first run'),0))");
    return ledger_number(ledger, ledger_query(ledger, &newest, LEDGER_NO_VALUES, error), at, error);
}

bool ledger_reported_until(struct ledger *ledger, int64_t *at, GError **error)
{
    LEDGER_SQL(newest, "SELECT max(ends) FROM report_period WHERE ends>starts");
    return ledger_number(ledger, ledger_query(ledger, &newest, LEDGER_NO_VALUES, error), at, error);
}
