/* A table of places with open addressing: a search is one hash of eight bytes at a time, and mostly one comparison. */
#include "spool/dictionary.h"

#include "spool/varint.h"

#include <string.h>

enum { PLACES = 2 * DICTIONARY_STRINGS };

/* What is compared first. entry 0: the place is empty. */
struct place {
    uint32_t hash, entry;
};

struct dictionary {
    struct place places[PLACES];
    GPtrArray *entries; /* struct dictionary_entry, by number - 1 */
    size_t bytes;       /* of all of them */
};

struct dictionary *dictionary_new(void)
{
    struct dictionary *dictionary = g_new0(struct dictionary, 1);

    dictionary->entries = g_ptr_array_new_with_free_func(g_free);
    return dictionary;
}

void dictionary_free(struct dictionary *dictionary)
{
    if (dictionary == NULL)
        return;
    g_ptr_array_unref(dictionary->entries);
    g_free(dictionary);
}

/* FNV-1a over words instead of bytes, whose upper bits are mixed into the lower ones. */
static uint32_t hash_of(const uint8_t *bytes, size_t len)
{
    const uint64_t prime = 0x100000001B3;
    uint64_t hash = 0xCBF29CE484222325 ^ len, word;

    for (; len >= sizeof word; bytes += sizeof word, len -= sizeof word) {
        memcpy(&word, bytes, sizeof word);
        hash = (hash ^ word) * prime;
        hash ^= hash >> 29;
    }
    word = 0;
    if (len > 0)
        memcpy(&word, bytes, len);
    hash = (hash ^ word) * prime;
    return (uint32_t)(hash ^ hash >> 32);
}

static struct dictionary_entry *add(struct dictionary *d, struct place *place, uint32_t hash, const void *bytes,
                                    size_t len)
{
    if (d->entries->len >= DICTIONARY_STRINGS || len > DICTIONARY_BYTES - d->bytes)
        return NULL;
    struct dictionary_entry *entry = g_malloc(sizeof *entry + len);
    uint8_t *own = (uint8_t *)(entry + 1);
    if (len > 0)
        memcpy(own, bytes, len);
    *entry = (struct dictionary_entry){d->entries->len + 1, (uint32_t)len, -1, own};
    g_ptr_array_add(d->entries, entry);
    d->bytes += len;
    *place = (struct place){hash, entry->number};
    return entry;
}

/* NULL: there is no room for a new one. */
static struct dictionary_entry *find(struct dictionary *d, const void *bytes, size_t len)
{
    uint32_t hash = hash_of(bytes, len);

    for (uint32_t at = hash % PLACES;; at = (at + 1) % PLACES) {
        struct place *place = &d->places[at];
        if (place->entry == 0)
            return add(d, place, hash, bytes, len);
        if (place->hash != hash)
            continue;
        struct dictionary_entry *entry = d->entries->pdata[place->entry - 1];
        if (entry->len == len && (len == 0 || memcmp(entry->bytes, bytes, len) == 0))
            return entry;
    }
}

struct dictionary_entry *dictionary_put(struct dictionary *d, const void *bytes, size_t len, GByteArray *record)
{
    struct dictionary_entry *entry = find(d, bytes, len);

    varint_append(record, entry != NULL ? entry->number : 0);
    if (entry != NULL)
        return entry;
    varint_append(record, len);
    g_byte_array_append(record, bytes, (guint)len);
    return NULL;
}

const uint8_t *dictionary_get(const struct dictionary *d, const uint8_t **at, const struct dictionary_entry **entry)
{
    uint64_t number = varint_get(at);

    *entry = number != 0 ? d->entries->pdata[number - 1] : NULL;
    if (*entry != NULL)
        return (*entry)->bytes;
    size_t len = (size_t)varint_get(at);
    const uint8_t *bytes = *at;
    *at += len;
    return bytes;
}
