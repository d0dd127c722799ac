/*
 * Devices made from a seed and an index. They are computed, not stored, so that a file of a million Devices needs no
 * memory for them.
 */
#include "samples/devices.h"

#include <string.h>

static const char *const types[3] = {"ESME", "GSME", "GPF"};
static const char *const makers[4] = {"AB01", "AB02", "10C4", "7F3E"};
static const char *const models[4] = {"010A030B", "02010001", "00E40012", "1000FFA0"};
static const char *const firmwares[4] = {"0002012F", "00010203", "03070000", "0000000A"};
static const char *const regions[4] = {"North", "Central", "South", ""};

uint64_t mix(uint64_t seed, uint64_t index)
{
    uint64_t x = seed * UINT64_C(0x9E3779B97F4A7C15) + index * UINT64_C(0xD1B54A32D192ED03) + 1;
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

#define MASK ((UINT64_C(1) << 40) - 1)
static const uint64_t first_factor = UINT64_C(0x9E3779B97F), second_factor = UINT64_C(0xD1B54A32D1);

/* A permutation of the 40-bit numbers, so that identifiers look random and no two Devices of a seed share one. */
static uint64_t permute(uint64_t seed, uint64_t index)
{
    uint64_t x = (index + mix(seed, 0)) & MASK;
    x = (x * first_factor) & MASK;
    x ^= x >> 19;
    x = (x * second_factor) & MASK;
    x ^= x >> 21;
    return x;
}

/* The odd number whose product with this one is 1 modulo 2^64; each step doubles the number of right bits. */
static uint64_t inverse(uint64_t odd)
{
    uint64_t x = odd;
    for (int i = 0; i < 6; i++)
        x *= 2 - odd * x;
    return x;
}

static uint64_t permute_back(uint64_t seed, uint64_t x)
{
    x ^= x >> 21;
    x = (x * inverse(second_factor)) & MASK;
    x ^= (x >> 19) ^ (x >> 38);
    x = (x * inverse(first_factor)) & MASK;
    return (x - mix(seed, 0)) & MASK;
}

uint64_t device_index(uint64_t seed, const char *id)
{
    uint64_t value = 0;

    for (; *id != '\0'; id++)
        if (*id != '-')
            value = value << 4 | (uint64_t)((*id <= '9' ? *id - '0' : *id - 'A' + 10) & 15);
    return permute_back(seed, value & MASK);
}

void print_eui64(uint64_t id, char out[EUI64_SIZE])
{
    static const char hex[] = "0123456789ABCDEF";
    for (int i = 0; i < 8; i++) {
        unsigned byte = (unsigned)(id >> (56 - 8 * i)) & 0xFFU;
        out[3 * i] = hex[byte >> 4];
        out[3 * i + 1] = hex[byte & 15U];
        out[3 * i + 2] = '-';
    }
    out[EUI64_SIZE - 1] = '\0';
}

/* An MPAN: 13 digits. The last is the check digit: the weighted sum of the others, mod 11, mod 10. */
static void make_mpan(uint64_t random, char out[MPXN_SIZE])
{
    static const unsigned weights[12] = {3, 5, 7, 13, 17, 19, 23, 29, 31, 37, 41, 43};
    unsigned sum = 0;
    for (int i = 0; i < 12; i++, random /= 10) {
        unsigned digit = i == 0 ? 1 + (unsigned)(random % 2) : (unsigned)(random % 10);
        out[i] = (char)('0' + digit);
        sum += digit * weights[i];
    }
    out[12] = (char)('0' + sum % 11 % 10);
    out[13] = '\0';
}

/* An MPRN: 6 to 10 digits, mostly 10. The last two are the check digits: the sum of digit × (n … 1), mod 11. */
static void make_mprn(uint64_t random, char out[MPXN_SIZE])
{
    static const unsigned lengths[16] = {6, 7, 8, 9, 9, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10};
    unsigned n = lengths[random % 16] - 2;
    unsigned sum = 0;
    random /= 16;
    for (unsigned i = 0; i < n; i++, random /= 10) {
        unsigned digit = i == 0 ? 1 + (unsigned)(random % 9) : (unsigned)(random % 10);
        out[i] = (char)('0' + digit);
        sum += digit * (n - i);
    }
    sum %= 11;
    out[n] = (char)('0' + sum / 10);
    out[n + 1] = (char)('0' + sum % 10);
    out[n + 2] = '\0';
}

static enum kind kind_of(uint64_t random)
{
    unsigned kind = (unsigned)(random % 20);
    return kind < 9 ? ESME : kind < 16 ? GSME : GPF;
}

/* Whether an instruction names the hub: it does for every second meter and for each Gas Proxy Function. */
static bool tells_hub(uint64_t random)
{
    return (random & 0x10000U) != 0 || kind_of(random) == GPF;
}

static void print_hub(uint64_t seed, uint64_t index, char out[EUI64_SIZE])
{
    print_eui64(UINT64_C(0x00DB130000000000) | permute(seed, index), out);
}

void device_id(uint64_t seed, uint64_t index, char out[EUI64_SIZE])
{
    print_eui64(UINT64_C(0x00DB120000000000) | permute(seed, index), out);
}

void device_make(uint64_t seed, uint64_t index, struct device *d)
{
    uint64_t random = mix(seed, index);
    enum kind kind = kind_of(random);
    unsigned pick = (unsigned)(random >> 8);

    device_id(seed, index, d->id);
    d->type = types[kind];
    d->manufacturer = makers[pick & 3U];
    d->model = models[(pick >> 2) & 3U];
    d->firmware = firmwares[(pick >> 4) & 3U];
    d->region = regions[(pick >> 6) & 3U];
    d->mpxn[0] = d->chf[0] = '\0';
    if (kind == ESME)
        make_mpan(mix(seed + 1, index), d->mpxn);
    else if (kind == GSME)
        make_mprn(mix(seed + 2, index), d->mpxn);
    if (tells_hub(random))
        print_hub(seed, index, d->chf);
}

void device_renumber(uint64_t index, struct device *d)
{
    if (d->mpxn[0] == '\0')
        return;
    if (strcmp(d->type, types[ESME]) == 0)
        make_mpan(index * 10, d->mpxn);
    else
        make_mprn((index / 9 * 10 + index % 9) * 16 + 15, d->mpxn); /* ten digits, of which the first is not 0 */
}

struct traits device_traits(uint64_t seed, uint64_t index)
{
    uint64_t random = mix(seed, index);
    unsigned pick = (unsigned)(random >> 8);

    return (struct traits){kind_of(random), pick & 63U, (pick >> 6) & 3U};
}

const char *kind_text(enum kind kind)
{
    return types[kind];
}

const char *region_text(unsigned region)
{
    return regions[region];
}

struct model model_of_traits(enum kind kind, unsigned model)
{
    return (struct model){types[kind], makers[model & 3U], models[(model >> 2) & 3U], firmwares[(model >> 4) & 3U]};
}

static void spoil(struct device *d, uint64_t random)
{
    switch (random % 6) {
    case 0:
        d->id[2] = ':'; /* C101 */
        break;
    case 1:
        d->type = "PPMID"; /* C104 */
        break;
    case 2:
        memcpy(d->mpxn, "12345", 6); /* C113, whatever the type */
        break;
    case 3:
        d->manufacturer = "XYZ1"; /* C117 */
        break;
    case 4:
        d->model = "010A"; /* C117 */
        break;
    default:
        d->region = "East"; /* C117 */
        break;
    }
}

void device_spoil(uint64_t seed, uint64_t index, unsigned per_cent, struct device *d)
{
    uint64_t random = mix(seed, index);

    if ((random >> 40) % 100 < per_cent)
        spoil(d, random >> 48);
}

/* Devices with near indices are neighbours. Meters without a hub get the hubs of their neighbourhood in turn, so that
 * most Gas Proxy Functions have a meter. */
struct neighbourhood {
    uint64_t gpfs[NEAR], meters[NEAR]; /* the meters without a hub of their own */
    unsigned n_gpfs, n_meters;
};

static void look_around(uint64_t seed, uint64_t index, uint64_t last, struct neighbourhood *near)
{
    uint64_t begin = (index - 1) / NEAR * NEAR + 1;

    near->n_gpfs = near->n_meters = 0;
    for (uint64_t i = begin; i < begin + NEAR && i <= last; i++) {
        uint64_t random = mix(seed, i);
        if (kind_of(random) == GPF)
            near->gpfs[near->n_gpfs++] = i;
        else if (!tells_hub(random))
            near->meters[near->n_meters++] = i;
    }
}

void device_connect(uint64_t seed, uint64_t index, uint64_t last, struct device *d)
{
    struct neighbourhood near;
    unsigned turn = 0;

    if (d->chf[0] != '\0')
        return;
    look_around(seed, index, last, &near);
    while (turn < near.n_meters && near.meters[turn] < index)
        turn++;
    if (near.n_gpfs > 0)
        print_hub(seed, near.gpfs[turn % near.n_gpfs], d->chf);
}

uint64_t device_leader(uint64_t seed, uint64_t index, uint64_t last)
{
    struct neighbourhood near;
    uint64_t lowest[2] = {UINT64_MAX, UINT64_MAX}, found[2] = {0, 0}; /* of each kind of meter */

    if (kind_of(mix(seed, index)) != GPF)
        return index;
    look_around(seed, index, last, &near);
    for (unsigned turn = 0; turn < near.n_meters; turn++) {
        uint64_t meter = near.meters[turn], id = permute(seed, meter);
        enum kind kind = kind_of(mix(seed, meter));
        if (near.gpfs[turn % near.n_gpfs] == index && id < lowest[kind]) {
            lowest[kind] = id;
            found[kind] = meter;
        }
    }
    return found[GSME] != 0 ? found[GSME] : found[ESME];
}

struct model model_of(unsigned n)
{
    return (struct model){types[n % 3], makers[n / 3 % 4], models[n / 12 % 4], firmwares[n / 48 % 4]};
}
