/*
 * Sorts any number of records in little memory. Records that do not fit are written to a temporary file without a name,
 * in sorted runs, which are merged while they are read.
 *
 *     sorter_new → sorter_add* → sorter_rewind → sorter_peek, sorter_skip … → sorter_free
 *
 * Records come in the order of their two keys; those with the same keys in the order in which they were added. They may
 * be read any number of times: sorter_rewind begins again. After the first sorter_rewind nothing may be added.
 *
 * Why not SQLite's ORDER BY: it took 8.7 µs for each Device of the inventory, this takes 0.6 µs. Records that are added
 * in the order of one key or both are sorted with less work.
 *
 * Memory: SORTER_MEMORY, and while runs are merged 64 KiB for each 32 MiB of records. Errors are SPOOL_ERROR_RETRY: the
 * temporary file cannot be made, written or read; it needs as much room as the records have bytes, and some 8 bytes
 * for each.
 */
#ifndef ECOSGATE_SPOOL_SORTER_H
#define ECOSGATE_SPOOL_SORTER_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

enum { SORTER_MEMORY = 32 * 1024 * 1024 }; /* bytes that are sorted at once */

struct sorter;
typedef struct sorter sorter_t;

struct sorter_record {
    uint64_t a, b;    /* the keys: a decides, then b */
    const void *data; /* of any length; what sorter_peek gives stands at any address */
    uint32_t len;
};

/* dir: where a temporary file may be made; copied. memory: SORTER_MEMORY, less in tests. */
struct sorter *sorter_new(const char *dir, size_t memory);
/* Adds a copy of the record. */
bool sorter_add(struct sorter *sorter, const struct sorter_record *record, GError **error);
/* Goes to the first record. */
bool sorter_rewind(struct sorter *sorter, GError **error);
/* The record that the sorter stands on; NULL after the last one. It is the sorter's until the next sorter_skip. */
const struct sorter_record *sorter_peek(const struct sorter *sorter);
/* Goes to the next record, of which there must be one. */
bool sorter_skip(struct sorter *sorter, GError **error);
/* NULL is allowed. */
void sorter_free(struct sorter *sorter);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(sorter_t, sorter_free)

#endif
