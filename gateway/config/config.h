/*
 * The configuration: a key file, described in ecosgate.conf(5). It is checked as a whole; each problem is reported with
 * its line. Paths are absolute after loading. Nothing here changes until the file is loaded again.
 */
#ifndef ECOSGATE_GATEWAY_CONFIG_CONFIG_H
#define ECOSGATE_GATEWAY_CONFIG_CONFIG_H

#include "formats/name/filename.h"
#include "formats/profile.h"
#include "gateway/cells/cells.h"
#include "gateway/config/retention_rules.h"
#include "gateway/drops/drop.h"
#include "gateway/log/log.h"
#include "gateway/config/threshold_rules.h"
#include "spool/ledger/ledger_volume.h"
#include "validators/rules/rules.h"

#include <glib.h>

#define CONFIG_ERROR (config_error_quark())
GQuark config_error_quark(void); /* the error domain; there is one code, 0 */

/* From when on something is wrong (gateway/condition/condition_alarms.c). */
struct health_rules {
    int64_t max_age;   /* seconds since the end of the last pass */
    int64_t drop_down; /* seconds that a drop is down, or that a file waits in it */
    int64_t disk_days; /* days until a disk is full */
};

/* A key of the gateway's own, and its certificate. */
struct config_signing {
    char *key, *certificate; /* files; NULL: not set */
    struct signature_key
        *loaded;         /* the certificate; the key once config_rights_problems has opened it; NULL: not set */
    int64_t from, until; /* for which the certificate is valid, seconds UTC */
};

enum { CONFIG_SIGNING_KEYS = 2 }; /* the present one and the next one */

struct config {
    char *path;          /* as it was given */
    GKeyFile *file;      /* the settings as they are written */
    GHashTable *lines;   /* and where they stand (config_file.h) */
    char *org;           /* short code of this gateway */
    uint64_t eui64;      /* identity of this gateway */
    char *environment;   /* "TEST" or "LIVE" */
    char *spool;         /* folder */
    char *ledger;        /* file */
    char *witness;       /* file */
    bool witness_given;  /* false: witness is the default, and a home of an older configuration may not be able to
                            write it */
    char **device_types; /* in scope; NULL-terminated */
    enum check_digits check_digits;
    int64_t max_devices;          /* in one file */
    int64_t max_bytes;            /* of one file after unpacking */
    int64_t max_ratio;            /* unpacked size over packed size */
    int64_t future_tolerance;     /* seconds */
    int64_t sequence_gap_max;     /* numbers that a file may skip */
    int64_t missing_number_after; /* seconds after which a number that did not come is an incident (A113); 0: never */
    struct retry_rules retry;
    char *ecos_subject;                    /* the SubjectId that new credentials have; NULL: any other than before */
    int64_t outcome_wait;                  /* seconds after a batch's last session should have ended, until its EMO */
    int64_t inventory_lag;                 /* seconds that an inventory may be behind a migration */
    int64_t max_sessions;                  /* failed ones of a Device after which somebody has to act */
    int64_t model_failures;                /* failed Devices of a model of which none migrated: then D160 */
    int64_t dispatch_from, dispatch_until; /* seconds of the day, UTC: [from, until), over midnight if from is later */
    char *work_order_party;
    char *incident_party;
    enum form work_order_form;
    int64_t work_order_devices; /* in one work order */
    bool inventory_required;
    int64_t inventory_max_age; /* seconds */
    int64_t cos_window;        /* seconds */
    int64_t daily_limit;       /* Devices a day; 0: any number */
    enum cells_mode cells;     /* where files are parsed */
    enum review_mode review[CODE_COUNT];
    enum review_mode gpf_supplier; /* of C114 for a GPF */
    enum review_mode region;       /* of C125 for the region */
    int64_t clock_leap;            /* seconds since reports were last issued for which the clock is believed; 0: any */
    int64_t report_grace;   /* seconds from the issuing of a report until A106 is opened for a missing delivery */
    int64_t migration_end;  /* seconds UTC when all shall have migrated, for the forecast; 0: not given */
    int64_t stranded_weeks; /* weeks before retry.tcos_closes in which Suppliers get the report STRAND */
    int64_t reports_from;   /* seconds UTC within the first period that is reported; 0: the first run */
    int64_t poll_interval;  /* seconds */
    int64_t shrink_limit;   /* percent of what is known that a FULL file may remove */
    int64_t
        reference_wait; /* seconds that an instruction waits for files that go first (gateway/pipeline/precedence.h) */
    int64_t reserve;    /* bytes */
    struct health_rules health;
    struct log_settings log; /* of [log]; an option of `run` comes before them */
    struct retention_rule retention[RETENTION_KINDS];
    struct threshold thresholds[LEDGER_VOLUME_KINDS];   /* of senders: of those that are no party of this file */
    GHashTable *sender_thresholds;                      /* code of a party → struct threshold */
    int64_t usual_days;                                 /* of which the usual number of a day is the median */
    char *page;                                         /* folder of the live page; NULL: none */
    char *metrics;                                      /* file of metrics for node_exporter; NULL: none */
    int64_t metrics_interval;                           /* seconds between two writings of it, at least */
    GPtrArray *drops;                                   /* struct drop, in the file's order */
    const char **drop_names;                            /* of all drops; NULL-terminated */
    GArray *parties;                                    /* struct party */
    GPtrArray *trusts;                                  /* struct signature_trust, of the parties that sign */
    struct config_signing signing[CONFIG_SIGNING_KEYS]; /* for outgoing files; [0] not set: they are not signed */
    GPtrArray *expectations;                            /* struct expectation (expectation.h), in the file's order */
    /* Profiles (config_profiles.h): */
    GPtrArray *profiles;         /* struct profile: those of folders, each once */
    GPtrArray *profile_lists;    /* those of parties and reports: owned */
    GHashTable *profile_folders; /* path → profile of `profiles`, or the built-in one; NULL: it has faults */
    GHashTable *report_profiles; /* Market Participant ID → list; "" → that of [report] */
    char *profile_faults;        /* what is wrong with profiles, one a line; NULL: nothing */
    char *reports_stopped;       /* why no report can be issued: a fault of their profiles; NULL: none */
    struct identity identity;    /* the gateway and its parties, as the rules want them; borrows from the above */
};

/* Loads and checks a file. NULL with an error whose text lists every problem, one a line. A profile that cannot be used
 * is no such problem: it stops the parties that have it (party->stopped), or reports, and profile_faults says why. */
struct config *config_load(const char *path, GError **error);
/* The same for a file that is to take the place of another one: relative paths begin in the folder of `place`. */
struct config *config_load_for(const char *path, const char *place, GError **error);
/* False with an error that lists them if there are folders that files of the gateway's own would be picked up from
 * (drop_folders.h). Looks at the disk. To be called before anything is taken from a drop. */
bool config_check_folders(const struct config *config, GError **error);
/* NULL is allowed. */
void config_free(struct config *config);
typedef struct config config_t;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(config_t, config_free)

/* The drop of that name; NULL if there is none. */
const struct drop *config_drop(const struct config *config, const char *name);

/* The only party that sends through this drop; NULL if none or several do. */
const struct party *config_party_of_drop(const struct config *config, const char *drop);

/* The party of that EUI-64; NULL if there is none. */
const struct party *config_party_of_id(const struct config *config, uint64_t id);

/* Where and when a file arrived. */
struct config_arrival {
    const char *drop;
    int64_t at;    /* seconds UTC */
    int64_t again; /* when an operator has it judged again, likewise; 0: never */
};

/* The profile of the gateway's own files for the party of that EUI-64, at that time (seconds UTC). */
const struct profile *config_profile_to(const struct config *config, uint64_t id, int64_t at);
/* The profile of a report for the recipient with that Market Participant ID; mpid NULL: for everybody. */
const struct profile *config_profile_of_report(const struct config *config, const char *mpid, int64_t at);

/* The greatest number of a party's files of that inbound type ("EMI"), after which 1 comes, by the names that it gives
 * them at that time; 999999 where names have none. */
int64_t config_sequence_max(const struct party *party, const char *type, int64_t at);

/* Reads the name of a file that arrived so, by one of the profiles of those who send through its drop
 * (validators/profile_choice.h). True when it is in the grammar of one. *parsed is filled in either case; the sender
 * that the name does not tell is the one that its drop tells (validators/rules/sender_rules.h). */
bool config_parse_name(const struct config *config, const struct config_arrival *arrival, const char *name, size_t len,
                       struct filename *parsed);

/* The party that may have sent the file of that name, and whose profiles cannot be used: it must not be read. NULL:
 * there is none, or the name says that the file is of another party that uses the same drop. */
const struct party *config_stopped_sender(const struct config *config, const struct config_arrival *arrival,
                                          const char *name, size_t len);

/* True for a name that this gateway gives by the built-in profile or one of the configuration (filename_is_own). */
bool config_is_own_name(const struct config *config, const char *name);

/* The type of the file with such a name, in the first profile that gives it. NULL: a report, or none of the gateway's.
 * *sequence: the file's own number where its name tells it, else 0. */
const struct file_type *config_own_type(const struct config *config, const char *name, uint32_t *sequence);

/* Sets the members of rules that the configuration decides, for the moment `now` (seconds UTC). ledger, job and drop
 * stay unset. rules borrows from config. */
void config_rules(const struct config *config, int64_t now, struct rules *rules);

#endif
