/*
 * What the actors share: the world and its parts. Each actor has a stream of random numbers of its own, named like its
 * file, and its own events; they meet in the drops, as real partners do.
 */
#ifndef ECOSGATE_TESTS_SIM_WORLD_PRIVATE_H
#define ECOSGATE_TESTS_SIM_WORLD_PRIVATE_H

#include "tests/sim/estate.h"
#include "tests/sim/files.h"
#include "tests/sim/kinds.h"
#include "tests/sim/machine.h"
#include "tests/sim/oracle.h"
#include "tests/sim/power.h"
#include "tests/sim/process.h"
#include "tests/sim/when.h"
#include "tests/sim/world.h"

#include <jansson.h>

/* How often what happens. Chances are of each case, rates are a day. profiles.c. */
struct rates {
    unsigned devices;                      /* of the estate at the beginning */
    unsigned per_file;                     /* Devices of an instruction, at most */
    double instructed;                     /* Devices a day */
    double installed, moved;               /* premises, changes of supplier a day */
    double non_migratable;                 /* models a day that become so, for some weeks */
    double files_wrong;                    /* an instruction breaks a rule of its frame */
    double device_wrong;                   /* a Device of an instruction has a wrong value */
    double again;                          /* a file is sent once more, as it was */
    double skipped;                        /* a sender skips numbers */
    double failed, permanent, unattempted; /* of a try */
    double silent;                         /* a side says nothing of a try, until it is asked */
    double late;                           /* it says it after the session's end */
    double contradicted;       /* a side states another key, or that nothing was replaced, and corrects itself */
    double doubled;            /* a result or confirmation is said again */
    double cos_late, inv_late; /* DCC tells it afterwards, days later */
    double pending;            /* a Device has an update pending, or is suspended, a day */
    double shrunk;             /* a FULL file leaves out half of its records */
    double absent;             /* a recipient takes nothing for some days */
    double cleaned;            /* clean-ups a day that remove temporary files from `out` */
    double meddled;            /* operators' needless orders a day: hold, requeue, redeliver */
    double restarted, killed, powered, disk, full, quirks, clock, threads; /* faults of machines a day */
    double at_names;             /* a kill hits one of the next calls that change a name */
    double backups, restored;    /* backups a day; a backup is restored, a day */
    double second;               /* a second gateway on two of the drops, a day */
    double beside;               /* the gateway is started once more beside itself, a day */
    double taken_over;           /* a standby takes over, a day */
    double changed;              /* operators change settings, a day */
    double redelivered;          /* they have files delivered once more, a day; the same for numbers after recoveries */
    double many;                 /* an instruction of very many Devices, which is withdrawn, a day */
    double reloaded;             /* they have the configuration read again, a day */
    double decided;              /* operators take a decision back, or give an order that others do not expect, a day */
    double kept;                 /* operators hold, pause or withdraw something, a day */
    unsigned kept_hours;         /* what is kept back is so for so many hours, at most */
    double expected;             /* each of [expect NAME] and missing_number_after stands in the configuration */
    double watched;              /* the run has drops with taken_within */
    double left_out, left_files; /* numbers that are left out, recipients that leave their files, a day */
    double damaged;              /* a file of the spool changes on the disk, a day */
    double servers;              /* a drop is on a server at the beginning */
    double quirk;                /* a server that misbehaves has a quirk, of each one */
    double quirk_times;          /* those of one request come so much more often */
    unsigned full_days;          /* between full inventories */
};

enum plan_state { PLAN_IDLE, PLAN_SENT, PLAN_BUSY, PLAN_DONE };

/* What the Migration Control Centre thinks of a Device. */
struct plan {
    enum plan_state state;
    int64_t next_at, since;
    unsigned attempt;
};

/* A file that a partner has sent and may send again. */
struct sent {
    char name[FILES_NAME], type[4], drop[8];
    char *bytes;
    size_t size;
    int64_t at;
    GArray *devices; /* unsigned: of an instruction */
    bool mistake;    /* its sender knows by now that it leaves out what it should not */
    unsigned corrections;
};

/* Something that a Service Provider will say: one record. */
struct saying {
    int64_t at;
    bool repeated; /* it is in `past` already */
    char work_item[64], device[ID_SIZE];
    const char *values[16]; /* static texts, or texts of `own` */
    char own[4][32];
};

/* Sayings of one type that wait for their time. */
struct mouth {
    struct world *world;
    const char *type;
    GPtrArray *sayings; /* struct saying *, those that were not said yet */
    GPtrArray *past;    /* those that were, so that they may be said again */
};

struct recipient {
    struct world *world;
    char folder[24];
    struct random *random;
    void (*read)(struct world *world, const struct document *document); /* NULL: nobody acts on it */
    int64_t absent_until;
};

struct world {
    struct sim *sim;
    struct rates rates;
    struct oracle *oracle;
    struct estate *estate;
    char *home;  /* of the node that works; a standby has another one */
    char *drops; /* the folder of all drops, which each node reaches */
    bool settling, judged;
    int64_t end;           /* of the run; 0: not known yet */
    GHashTable *sequences; /* type → last number */
    GHashTable *sent;      /* name → struct sent * */
    GPtrArray *order_of_sent;
    GPtrArray *recipients;
    GArray *plans; /* struct plan, by Device number */
    struct mouth results, confirmations;
    unsigned skipped;     /* a number of EMI that MCC has left out, and that a later file gets; 0: none */
    GHashTable *outcomes; /* BatchId → the highest number of an EMO that MCC has read */
    GHashTable *busy;     /* work items of orders that TCSP has and has not answered yet */
    GPtrArray *kept;      /* see world_keep */
    struct machines *machines;
    struct operators *operators;
    struct restores *restores;
    struct standby *standby;
    struct settings *settings;
    struct decisions *decisions;
    struct keeps *keeps;
    struct watches *watches;
    struct redeliveries *redeliveries;
    struct dcc *dcc;
};

/* ---- world.c: drops, as partners use them ---- */

/* The next number of a sender's type. */
unsigned world_sequence(struct world *world, const char *type);
/* The sender leaves out the number that is next; which it is. */
unsigned world_skip(struct world *world, const char *type);
/* Writes the file under a temporary name and renames it; frees the draft. Returns what was sent. */
struct sent *world_send(struct world *world, struct draft *draft);
/* The same bytes under the same name once more. */
void world_send_again(struct world *world, struct sent *sent);
/* A text that a partner did not make by a draft. */
struct sent *world_send_bytes(struct world *world, const char *type, const char *name, const char *bytes, size_t size);
/* Takes everything that stands in the folder `out` of "mcc", "suppliers/SUP1" and so on. */
void world_take(struct world *world, struct recipient *recipient);
/* For g_ptr_array_sort of names. */
int world_by_name(const void *a, const void *b);
/* A recipient that looks into the folder again and again. */
void world_add_recipient(struct world *world, const char *folder,
                         void (*read)(struct world *world, const struct document *document));
/* A time from now on, drawn so that events come so often a day on average; never when the rate is 0. */
void world_after(struct world *world, const char *stream, double a_day, sim_act *act);
/* The world frees it at its end: for what an event needs that may never come. Returns it. */
void *world_keep(struct world *world, void *data);
/* A time between two times after now. */
int64_t world_between(struct world *world, struct random *random, int64_t least, int64_t most);

/* ---- profiles.c ---- */
void profiles_draw(struct sim *sim, struct rates *rates);

/* ---- the actors; each begins its own events ---- */
/* Instructs these Devices now; takes the array. */
void mcc_instruct(struct world *world, GArray *devices);
void mcc_begin(struct world *world);
void mcc_read(struct world *world, const struct document *document);

void providers_begin(struct world *world);
void providers_read_orders(struct world *world, const struct document *document);
/* Says all that is kept back about the work item, or about every one (NULL). */
void providers_ask(struct world *world, const char *work_item);

void dcc_begin(struct world *world);
/* An operator has asked about a file that was a mistake: the right one follows. */
void dcc_correct(struct world *world);
void dcc_free(struct world *world);

void suppliers_begin(struct world *world);

/* A line of a command's output, and its end: exit status (-1: killed), and the text that was given for it. */
typedef void operators_read(struct world *world, json_t *object);
typedef void operators_ended(struct world *world, int status, const char *what);
/* Gives the command after those that wait. read and ended may be NULL; what is copied. */
void operators_run(struct world *world, operators_read *read, operators_ended *ended, const char *what,
                   const char *const *argv);
void operators_begin(struct world *world);
void operators_settle(struct world *world);
void operators_redeliver(struct world *world, const char *name);
/* An operator reads what the daemon has said so far. */
void operators_read_log(struct world *world, struct process *daemon);
void operators_free(struct world *world);
/* Runs the commands that the end needs and hands the open incidents to the oracle. */
void operators_judge(struct world *world);

void machines_begin(struct world *world);
void machines_free(struct world *world);
/* The daemon is told to stop, and is not started again until machines_go_on. One at a time may ask for that. */
void machines_stay_down(struct world *world);
bool machines_are_down(const struct world *world);
/* After machines_stay_down: no process of the home runs any more. One that was started beside the daemon may have taken
 * its place: it is told to stop, too. */
bool machines_have_stopped(struct world *world);
/* The same without a word to the daemon: its machine is dead or frozen. */
void machines_lose(struct world *world);
void machines_go_on(struct world *world);
/* Starts `run` in a home, which may be that of a node which was replaced. */
void machines_start_node(struct world *world, const char *home);

/* Operators take decisions back, and give orders that partners do not expect. */
void decisions_begin(struct world *world);
/* The daemon was killed: an operator may hold what it has not judged yet. */
void decisions_killed(struct world *world);
void decisions_free(struct world *world);

/* Operators keep work back, and withdraw it. */
void keeps_begin(struct world *world);
/* Ends what has been kept back long enough; once faults have stopped, all. */
void keeps_round(struct world *world);
/* An operator withdraws the batch (SENDER.BATCHID). */
void keeps_withdraw_batch(struct world *world, const char *batch);
/* At the end nothing is kept back; what `status` says. */
void keeps_judge(struct world *world, json_t *status);
void keeps_free(struct world *world);
/* Names of files that lie in the direction ("in", "out") of a drop; g_hash_table_destroy. */
GHashTable *keeps_names(const struct world *world, const char *drop, const char *direction);

/* Operators have files delivered once more. */
void redeliveries_begin(struct world *world);
void redeliveries_free(struct world *world);

/* The configuration asks for A112, A113 and A114, and partners give cause for them. */
void watches_choose(struct world *world, GString *text);
void watches_begin(struct world *world);
/* An operator closes what will never come. */
void watches_close(struct world *world);

void settings_begin(struct world *world);
void settings_free(struct world *world);
/* Faults have stopped: changes that keep work from its end are taken back. */
void settings_settle(struct world *world);
/* Those of the beginning, set in the text that `init` wrote. */
void settings_choose(struct world *world, GString *text);
/* Sets a setting of a group that stands in the text. */
void settings_set(GString *text, const char *group, const char *name, const char *value);
/* Writes the configuration of the home. */
void settings_write(struct world *world, const GString *text);
/* A run of the gateway ended because of a mistake that settings.c made. Nobody corrects it on a node that was replaced.
 */
bool settings_mistaken(const char *said);

/* A standby takes over from a node that died, or that froze and wakes up later. */
void standby_begin(struct world *world);
void standby_free(struct world *world);
/* A node is frozen, or one that was replaced has not ended yet. */
bool standby_is_pending(const struct world *world);
/* The daemon of a node that was replaced has ended. */
void standby_old_ended(struct world *world, struct process *process, int status);
/* What must be over at the end. */
void standby_judge(struct world *world);

void faults_begin(struct world *world);
/* All faults end. */
void faults_settle(struct world *world);

/* Bytes of the spool change on its disk; `spool verify` must see it. */
void damages_begin(struct world *world);
/* Paths of the payloads of all jobs in done/, sorted; g_ptr_array_unref. */
GPtrArray *damages_payloads(const struct world *world);

void restores_begin(struct world *world);
void restores_free(struct world *world);
/* The daemon is down: restores the newest backup, recovers, and starts the daemon. False: there is no backup. */
bool restores_newest(struct world *world);
/* restores_newest would find a backup. */
bool restores_has_backup(const struct world *world);
/* Second gateways end, for their drops go away: without folders to watch they would look each second. */
void restores_end_second(struct world *world);
/* The claim of a drop is another gateway's (A110): once that one has ended, an operator takes it back. */
void restores_take_back(struct world *world, const char *drop);
/* Clean-ups come within the next hour, where they come at all. */
void restores_clean_soon(struct world *world);
/* The time to which the ledger went back last; 0: it never did. */
int64_t restores_back_to(const struct world *world);

#endif
