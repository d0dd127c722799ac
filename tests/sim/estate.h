/*
 * The estate as it truly is: Devices with their hubs, Suppliers and Meter Asset Providers, and the credentials that
 * they hold. What DCC tells about it may be late or wrong; this is not.
 */
#ifndef ECOSGATE_TESTS_SIM_ESTATE_H
#define ECOSGATE_TESTS_SIM_ESTATE_H

#include "tests/sim/sim.h"

enum { ID_SIZE = 24, SUPPLIERS = 3, MAPS = 2, KEY_SIZE = 17 };

enum device_kind { ESME, GSME, GPF };

#define TCOS_SUBJECT "90-B3-D5-1F-30-01-00-00"
#define ECOS_SUBJECT "90-B3-D5-1F-30-02-00-00"
/* What the MCC instructs by mistake: it is in no inventory. */
#define DEVICE_OF_NOBODY "00-DB-12-00-FF-FF-FF-A0"

struct device {
    unsigned number;
    enum device_kind kind;
    char id[ID_SIZE], hub[ID_SIZE], mpxn[14];
    const char *manufacturer, *model, *firmware, *region, *status, *pending;
    int supplier, map; /* -1: none */
    int64_t installed;
    bool ecos;          /* holds ECoS credentials */
    bool born_ecos;     /* was installed with them */
    char key[KEY_SIZE]; /* KeyId of the ECoS credentials that it holds */
    bool stubborn;      /* no try on it succeeds for a while */
    bool changed;       /* DCC has not told its present state yet */
    bool told;          /* DCC has named it in an INV */
    int64_t changed_at;
    bool was_off; /* its status was another than Commissioned for a while */
};

/* A Supplier becomes responsible for a metering point. */
struct move {
    char mpxn[14];
    int losing, gaining;
    int64_t start;
    bool told, begun;
};

struct estate {
    struct random *random;
    GPtrArray *devices; /* struct device *, by number */
    GHashTable *by_id;
    GPtrArray *moves; /* struct move * */
    unsigned hubs;
};

/* An estate of about so many Devices that were installed before `now`. */
struct estate *estate_new(struct random *random, unsigned devices, int64_t now);
void estate_free(struct estate *estate);
/* NULL: there is none. */
struct device *estate_find(const struct estate *estate, const char *id);
/* Installs one premises: a hub with its GPF, an electricity meter, often a gas meter. */
void estate_install(struct estate *estate, int64_t now, bool ecos);
/* The EUI-64 of a Supplier or Meter Asset Provider; "" for -1. Static strings. */
const char *estate_supplier(int supplier);
const char *estate_map(int map);
const char *estate_supplier_mpid(int supplier);
const char *estate_map_mpid(int map);
/* A Supplier is responsible for it at any time: it is a meter, or a GPF on a hub with meters that were always
 * connected. */
bool estate_has_supplier(const struct estate *estate, const struct device *device);
const char *device_type(const struct device *device);
/* The Device now holds ECoS credentials with a new key. */
void device_replace(struct estate *estate, struct device *device, int64_t now);

#endif
