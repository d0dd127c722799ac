/*
 * The condition of the gateway: what is wrong, the worst first, and the figures of the moment. It is made from the
 * ledger, the folders of the spool, the configuration and the clock. `status`, `health` and the live page all show it,
 * and none of them decides itself what is wrong.
 *
 *   struct condition condition;
 *   if (condition_look(&gateway, true, &condition, &error)) … condition_clear(&condition);
 *
 * It only reads, and asks no server. How to add an alarm: condition_alarms.c; an incident of category a is one by
 * itself. Texts are UTF-8 without control characters. Times are seconds UTC, 0 for "none".
 */
#ifndef ECOSGATE_GATEWAY_CONDITION_CONDITION_H
#define ECOSGATE_GATEWAY_CONDITION_CONDITION_H

#include "gateway/condition/expected.h"
#include "gateway/condition/heartbeat.h"
#include "gateway/condition/purge_state.h"
#include "gateway/gateway.h"
#include "spool/ledger/ledger_holds.h"

/* CRITICAL: work stands still, or will be lost. WARNING: somebody has to act. NOTE: to be known. */
enum alarm_level { ALARM_NOTE, ALARM_WARNING, ALARM_CRITICAL };

struct alarm {
    enum alarm_level level;
    int64_t since;
    const char *code; /* of the incident that it stands for, a constant of the catalogue; NULL: it is no incident */
    char *text;       /* what is wrong, where; one line of any length */
    char *brief;      /* the same without names of files, Device ids and words of people: for the live page */
    char *command;    /* that helps, as an operator types it; NULL: none does */
};

/* One direction of a drop. */
struct direction {
    int64_t down; /* since when it is down or not ours; 0: it works */
    char *why;    /* if it is down: the text of the incident */
    int64_t paused;
};

struct drop_condition {
    char *name;
    const char *transport; /* NULL: the configuration no longer has the drop */
    struct direction in, out;
    int64_t waiting, oldest_waiting; /* files in `in` that are to be picked up; waiting -1: nobody can tell */
    int64_t owed, oldest_owed;       /* files that are not yet delivered; the oldest was planned then */
};

struct disk_condition {
    const char *name;      /* "spool", "ledger" */
    char *disk;            /* where it is mounted */
    int64_t free, reserve; /* bytes */
    bool low;
    int64_t days; /* until the reserve is reached, at the pace of the last week; -1: nobody can tell */
};

struct report_condition {
    const char *ref;
    int64_t issued, starts; /* the newest issued period */
    int64_t next;           /* when the next period ends, which is issued then */
};

/* A group [expect NAME], and what has come for it. */
struct expected_condition {
    const struct expectation *expect; /* of the configuration */
    struct expected found;
};

/* How many Devices are in a state. */
struct state_count {
    const char *name;
    int64_t n;
};

struct condition {
    int64_t now;
    int64_t pid; /* of the writer; -1: it runs and its number cannot be read; 0: none runs */
    struct heartbeat last;
    GArray *alarms;   /* struct alarm, the worst first; of one level the oldest first */
    GArray *drops;    /* struct drop_condition, in the order of the configuration */
    GArray *disks;    /* struct disk_condition: one if the ledger lies on the spool's disk */
    GArray *reports;  /* struct report_condition, in the order of the table of reports */
    GArray *expected; /* struct expected_condition, in the order of the configuration */
    GArray *states;   /* struct state_count, in the order of the states */
    int64_t jobs[JOB_STATE_COUNT];
    int64_t system_incidents, file_incidents, device_incidents; /* open ones */
    int64_t oldest_file_incident;
    int64_t withheld;                     /* Devices, since a recovery */
    int64_t refused_orders;               /* their files in refused/ */
    struct purge_state purge;             /* that is under way */
    int64_t archived;                     /* jobs that have left the spool for an archive */
    int64_t kept_back[LEDGER_HOLD_KINDS]; /* by operators */
};

/* Fills *condition. list_drops: local drops are listed now; else the journal says what the last listing saw, and no
 * folder of a drop is touched. False: spool or ledger failed, and there is nothing to clear. */
bool condition_look(struct gateway *gateway, bool list_drops, struct condition *condition, GError **error);
/* Frees what it holds. */
void condition_clear(struct condition *condition);

/* "critical", "warning" or "note". */
const char *alarm_level_name(enum alarm_level level);
/* The level of the worst alarm; ALARM_NOTE if there is none. */
enum alarm_level condition_level(const struct condition *condition);

enum { CONDITION_SPAN_SIZE = 24 };
/* "45 s", "12 min", "3 h", "2 d": how long it is from `since` to `now`, in text, which is returned. */
const char *condition_span(int64_t since, int64_t now, char text[CONDITION_SPAN_SIZE]);

#endif
