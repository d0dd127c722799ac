#include "tests/sim/estate.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const types[] = {"ESME", "GSME", "GPF"};
static const char *const makers[] = {"AB01", "10C4", "7F3E"};
static const char *const models[] = {"010A030B", "02010001", "00E40012"};
static const char *const firmwares[] = {"0002012F", "00010203"};
static const char *const regions[] = {"North", "Central", "South"};
static const char *const suppliers[SUPPLIERS] = {"90-B3-D5-1F-30-05-00-01", "90-B3-D5-1F-30-05-00-02",
                                                 "90-B3-D5-1F-30-05-00-03"};
static const char *const maps[MAPS] = {"90-B3-D5-1F-30-06-00-01", "90-B3-D5-1F-30-06-00-02"};
static const char *const supplier_mpids[SUPPLIERS] = {"SUP1", "SUP2", "SUP3"};
static const char *const map_mpids[MAPS] = {"MAP1", "MAP2"};

const char *estate_supplier(int supplier)
{
    return supplier < 0 ? "" : suppliers[supplier];
}

const char *estate_map(int map)
{
    return map < 0 ? "" : maps[map];
}

const char *estate_supplier_mpid(int supplier)
{
    return supplier_mpids[supplier];
}

const char *estate_map_mpid(int map)
{
    return map_mpids[map];
}

const char *device_type(const struct device *device)
{
    return types[device->kind];
}

struct device *estate_find(const struct estate *estate, const char *id)
{
    return g_hash_table_lookup(estate->by_id, id);
}

/* An MPAN whose last digit is the check digit. */
static void make_mpan(unsigned number, char out[14])
{
    static const unsigned weights[12] = {3, 5, 7, 13, 17, 19, 23, 29, 31, 37, 41, 43};
    unsigned sum = 0;

    (void)snprintf(out, 14, "10%010u", number % 1000000000U);
    for (unsigned i = 0; i < 12; i++)
        sum += (unsigned)(out[i] - '0') * weights[i];
    out[12] = (char)('0' + sum % 11 % 10);
    out[13] = '\0';
}

/* An MPRN of 9 digits, the last two of which are the check digits. */
static void make_mprn(unsigned number, char out[14])
{
    unsigned sum = 0;

    (void)snprintf(out, 14, "%07u", 3000000U + number % 1000000U);
    for (unsigned i = 0; i < 7; i++)
        sum += (unsigned)(out[i] - '0') * (7 - i);
    (void)snprintf(out + 7, 7, "%02u", sum % 11);
}

#define PICK(random, list) (list)[random_below(random, G_N_ELEMENTS(list))]

static void make_key(struct random *random, char key[KEY_SIZE])
{
    (void)snprintf(key, KEY_SIZE, "%016" PRIX64, random_bits(random));
}

static void add_device(struct estate *estate, enum device_kind kind, int64_t installed, bool ecos)
{
    struct device *device = g_new0(struct device, 1);
    unsigned n = estate->devices->len;

    *device = (struct device){.number = n,
                              .kind = kind,
                              .manufacturer = PICK(estate->random, makers),
                              .model = PICK(estate->random, models),
                              .firmware = PICK(estate->random, firmwares),
                              .region = regions[estate->hubs % 3],
                              .status = "Commissioned",
                              .pending = "",
                              .supplier = kind == GPF ? -1 : (int)random_below(estate->random, SUPPLIERS),
                              .map = kind == GPF ? -1 : (int)random_below(estate->random, MAPS),
                              .installed = installed,
                              .ecos = ecos,
                              .born_ecos = ecos,
                              .changed = true,
                              .changed_at = installed};
    (void)snprintf(device->id, sizeof device->id, "00-DB-12-00-%02X-%02X-%02X-A%X", n >> 16 & 255U, n >> 8 & 255U,
                   n & 255U, (unsigned)kind);
    (void)snprintf(device->hub, sizeof device->hub, "00-DB-13-00-00-%02X-%02X-C0", estate->hubs >> 8 & 255U,
                   estate->hubs & 255U);
    if (kind == ESME)
        make_mpan(n, device->mpxn);
    else if (kind == GSME)
        make_mprn(n, device->mpxn);
    make_key(estate->random, device->key);
    g_ptr_array_add(estate->devices, device);
    g_hash_table_insert(estate->by_id, device->id, device);
}

void estate_install(struct estate *estate, int64_t now, bool ecos)
{
    uint64_t what = random_below(estate->random, 20);

    estate->hubs++;
    add_device(estate, GPF, now, ecos);
    if (what > 0)
        add_device(estate, ESME, now, ecos);
    if (what > 4)
        add_device(estate, GSME, now, ecos);
}

struct estate *estate_new(struct random *random, unsigned devices, int64_t now)
{
    struct estate *estate = g_new0(struct estate, 1);

    estate->random = random;
    estate->devices = g_ptr_array_new_with_free_func(g_free);
    estate->moves = g_ptr_array_new_with_free_func(g_free);
    estate->by_id = g_hash_table_new(g_str_hash, g_str_equal);
    while (estate->devices->len < devices) {
        int64_t ago = SIM_DAY * (100 + (int64_t)random_below(random, 1500));
        estate_install(estate, now - ago, random_chance(random, 0.03));
    }
    return estate;
}

bool estate_has_supplier(const struct estate *estate, const struct device *device)
{
    bool meters = false;

    if (device->kind != GPF)
        return true;
    for (unsigned i = 0; i < estate->devices->len; i++) {
        const struct device *other = estate->devices->pdata[i];
        if (other->kind == GPF || strcmp(other->hub, device->hub) != 0)
            continue;
        if (other->was_off)
            return false;
        meters = true;
    }
    return meters;
}

void estate_free(struct estate *estate)
{
    g_hash_table_destroy(estate->by_id);
    g_ptr_array_free(estate->devices, TRUE);
    g_ptr_array_free(estate->moves, TRUE);
    g_free(estate);
}

void device_replace(struct estate *estate, struct device *device, int64_t now)
{
    device->ecos = true;
    device->changed = true;
    device->changed_at = now;
    make_key(estate->random, device->key);
}
