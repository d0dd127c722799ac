/*
 * The configuration: a GLib key file, checked as a whole; every fault is told with its line
 * (ecosgate.conf(5)). Paths are relative to the file's folder.
 */
#ifndef ECOSGATE_GATEWAY_CONFIG_H
#define ECOSGATE_GATEWAY_CONFIG_H

#include "formats/layout.h"
#include "validators/rules.h"

#include <glib.h>

#define CONFIG_ERROR (config_error_quark())
GQuark config_error_quark(void);

enum completeness { COMPLETE_CLOSED, COMPLETE_STABLE, COMPLETE_MARKER, COMPLETE_AT_ONCE };

enum transport_kind { TRANSPORT_LOCAL, TRANSPORT_SFTP };

struct drop {
    char *name;
    enum transport_kind transport;
    char *in;
    char *out;
    enum completeness complete;
    int64_t stable_seconds;
    /* SFTP only; texts are empty where nothing is set. in, out and taken are paths on the server then. */
    char *host;
    int port;
    char *user;
    char *identity;        /* file of a private key; empty: ssh-agent */
    char *passphrase_file; /* its first line */
    char *known_hosts;
    char *taken;     /* folder that files are moved to once they are in the spool; empty: they are removed */
    int64_t timeout; /* seconds: the longest wait for the server */
    char *kex, *host_keys, *ciphers, *macs; /* algorithms, joined by ','; empty: the library's */
};

struct config {
    char *path;
    char *org;
    uint64_t eui64;
    char *environment;
    char *spool;
    char *ledger;
    char **device_types;
    enum check_digits check_digits;
    int64_t max_devices, max_bytes, max_ratio;
    int64_t future_tolerance; /* seconds */
    struct retry_rules retry;
    int64_t max_sessions;                  /* failed ones of a Device, before somebody has to act */
    int64_t model_failures;                /* Devices of a model that fail, and none migrates: D160 */
    int64_t dispatch_from, dispatch_until; /* seconds of the day, [from, until), over midnight where from is later */
    char *work_order_party;
    char *incident_party;
    enum form work_order_form;
    int64_t work_order_devices;
    bool inventory_required;
    int64_t inventory_max_age; /* seconds */
    int64_t cos_window;        /* seconds */
    int64_t daily_limit;       /* Devices, 0: any number */
    enum review_mode review[CODE_COUNT];
    int64_t clock_leap;      /* seconds since reports were issued last in which a clock is believed, 0: any */
    int64_t report_grace;    /* seconds from the issuing of a report until one that is not delivered is A106 */
    int64_t migration_end;   /* when all shall have migrated, for the forecast; 0: not said */
    int64_t reports_from;    /* a moment of the first period that is reported, 0: the first run */
    int64_t poll_interval;   /* seconds */
    int64_t reserve;         /* bytes */
    GPtrArray *drops;        /* struct drop, in the file's order */
    const char **drop_names; /* of all drops; NULL-terminated */
    GArray *parties;         /* struct party */
    struct identity identity;
};

/* NULL with an error that lists every fault, one a line. */
struct config *config_load(const char *path, GError **error);
void config_free(struct config *config);
typedef struct config config_t;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(config_t, config_free)

const struct drop *config_drop(const struct config *config, const char *name);

/* The only party that sends through this drop; NULL where none or several do. */
const struct party *config_party_of_drop(const struct config *config, const char *drop);

/* Sets what the configuration says about the rules; ledger, job and drop stay unset. */
void config_rules(const struct config *config, int64_t now, struct rules *rules);

#endif
