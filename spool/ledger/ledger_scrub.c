/*
 * The unused parts of the ledger's pages. With secure_delete SQLite overwrites what a statement removes. But when it
 * balances a tree it moves rows within their page, and the bytes of their old places stay in the page's unused part:
 * measured, 8 of 10000 removed numbers were still in the file. Only VACUUM writes all pages anew, in one transaction
 * that would keep the writer for minutes. So the unused parts are overwritten in the file itself, some pages at once.
 *
 * That is safe for these reasons. SQLite never reads an unused part, and a torn write leaves old or new bytes in it.
 * The page is judged by its own header in the file, whichever snapshot uses it. The WAL is empty, and only this process
 * makes checkpoints, so no older image of the page comes back from it; the pages that the connection has in its cache
 * are dropped afterwards. BEGIN IMMEDIATE keeps any other writer out. Whatever does not look like a page of a tree
 * stays as it is. The format of the file is fixed (sqlite.org/fileformat.html).
 */
#include "spool/ledger/ledger_purge.h"

#include "spool/disk.h"
#include "spool/ledger/ledger_private.h"

#include <string.h>

enum { FILE_HEADER = 100, RESERVED_AT = 20, LOCK_BYTE = 0x40000000, TREE_HEADER = 12 };

/* Some bytes of the file. */
struct scrubbing {
    sqlite3_file *file;
    int64_t page_size, usable;
    int64_t bytes;
    bool wrote;
    unsigned char *page;
};

static int two(const unsigned char *at)
{
    return at[0] << 8 | at[1];
}

/* Overwrites [from, to) of the page at that offset of the file, if it is not all zeros. */
static int zero(struct scrubbing *s, int64_t offset, int64_t from, int64_t to)
{
    int64_t n = 0;

    for (int64_t i = from; i < to; i++)
        n += s->page[i] != 0;
    if (n == 0)
        return SQLITE_OK;
    memset(s->page + from, 0, (size_t)(to - from));
    s->bytes += n;
    s->wrote = true;
    return s->file->pMethods->xWrite(s->file, s->page + from, (int)(to - from), offset + from);
}

/* The free blocks between the cells: all but the four bytes that chain them. */
static int zero_blocks(struct scrubbing *s, int64_t offset, int64_t header, int64_t top)
{
    int64_t at = two(s->page + header + 1), size = 0;
    int code = SQLITE_OK;

    for (int64_t least = top; code == SQLITE_OK && at >= least && at + 4 <= s->usable; at = two(s->page + at)) {
        size = two(s->page + at + 2);
        if (size < 4 || at + size > s->usable)
            break;
        code = zero(s, offset, at + 4, at + size);
        least = at + size;
    }
    return code;
}

/* The page of that number, which stands in s->page. */
static int scrub_page(struct scrubbing *s, int64_t number)
{
    int64_t header = number == 1 ? FILE_HEADER : 0, offset = (number - 1) * s->page_size;
    const unsigned char *at = s->page + header;
    bool leaf = at[0] == 13 || at[0] == 10;

    if (!leaf && at[0] != 5 && at[0] != 2)
        return SQLITE_OK; /* a page of a long row, or a free one, begins with the number of another page */
    int64_t first = header + (leaf ? TREE_HEADER - 4 : TREE_HEADER) + 2 * (int64_t)two(at + 3);
    int64_t top = two(at + 5) == 0 ? 65536 : two(at + 5);
    if (first > top || top > s->usable)
        return SQLITE_OK;
    int code = zero(s, offset, first, top);
    return code == SQLITE_OK ? zero_blocks(s, offset, header, top) : code;
}

static int scrub_pages(struct scrubbing *s, int64_t from, int64_t until)
{
    int code = SQLITE_OK;

    for (int64_t number = from; code == SQLITE_OK && number < until; number++) {
        if (number == LOCK_BYTE / s->page_size + 1)
            continue;
        code = s->file->pMethods->xRead(s->file, s->page, (int)s->page_size, (number - 1) * s->page_size);
        if (code == SQLITE_OK)
            code = scrub_page(s, number);
    }
    if (code == SQLITE_OK && s->wrote)
        code = s->file->pMethods->xSync(s->file, SQLITE_SYNC_FULL);
    return code;
}

static bool open_file(struct ledger *ledger, struct scrubbing *s, int64_t *pages, GError **error)
{
    LEDGER_SQL(size, "PRAGMA page_size");
    LEDGER_SQL(count, "PRAGMA page_count");
    unsigned char head[FILE_HEADER];

    if (!ledger_number(ledger, ledger_query(ledger, &size, LEDGER_NO_VALUES, error), &s->page_size, error) ||
        !ledger_number(ledger, ledger_query(ledger, &count, LEDGER_NO_VALUES, error), pages, error))
        return false;
    if (sqlite3_file_control(ledger->db, "main", SQLITE_FCNTL_FILE_POINTER, &s->file) != SQLITE_OK ||
        s->file->pMethods == NULL || s->file->pMethods->xRead(s->file, head, sizeof head, 0) != SQLITE_OK)
        return ledger_fail(ledger, error);
    s->usable = s->page_size - head[RESERVED_AT];
    s->page = g_malloc0((size_t)s->page_size);
    return true;
}

/* *empty: all of the WAL is in the file, and nobody needs it any more. Waits for nobody. */
static bool empty_wal(struct ledger *ledger, bool *empty, GError **error)
{
    LEDGER_SQL(get, "PRAGMA busy_timeout");
    int64_t patience = 0;

    if (!ledger_number(ledger, ledger_query(ledger, &get, LEDGER_NO_VALUES, error), &patience, error))
        return false;
    ledger_let_go(ledger);
    (void)sqlite3_busy_timeout(ledger->db, 0);
    int code = sqlite3_wal_checkpoint_v2(ledger->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    (void)sqlite3_busy_timeout(ledger->db, (int)patience);
    *empty = code == SQLITE_OK;
    return code == SQLITE_OK || code == SQLITE_BUSY || ledger_fail(ledger, error);
}

static bool scrub(struct ledger *ledger, int64_t pages, struct ledger_scrub *state, GError **error)
{
    struct scrubbing s = {NULL};
    int64_t count = 0, from = MAX(state->next, 1);
    bool good = open_file(ledger, &s, &count, error);

    if (good) {
        step_before(STEP_LEDGER_SCRUBBED);
        int code = scrub_pages(&s, from, MIN(from + pages, count + 1));
        step_after(STEP_LEDGER_SCRUBBED);
        if (code != SQLITE_OK)
            g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "ledger %s cannot be overwritten: %s; check the disk",
                        ledger_path(ledger), sqlite3_errstr(code));
        good = code == SQLITE_OK;
    }
    g_free(s.page);
    if (good) {
        state->next = MIN(from + pages, count + 1);
        state->end = state->next > count;
        state->bytes += s.bytes;
    }
    return good;
}

bool ledger_scrub(struct ledger *ledger, int64_t pages, struct ledger_scrub *state, GError **error)
{
    bool empty = false;

    state->end = false;
    if (!empty_wal(ledger, &empty, error))
        return false;
    state->waits = !empty;
    if (!empty)
        return true;
    if (!ledger_execute(ledger, "BEGIN IMMEDIATE", error))
        return false;
    bool good = scrub(ledger, pages, state, error);
    ledger_rollback(ledger);
    (void)sqlite3_db_release_memory(ledger->db); /* what it has in its cache was read before */
    return good;
}

/* The locks of readers in a WAL's index: sqlite.org/walformat.html, Locks. */
char *ledger_scrub_readers(const struct ledger *ledger, int64_t besides)
{
    enum { READ_LOCK_0 = 123, READ_LOCK_4 = 127 };
    g_autofree char *shared = g_strconcat(ledger_path(ledger), "-shm", NULL);

    unsigned n;
    g_autofree char *who = disk_lock_readers(shared, READ_LOCK_0, READ_LOCK_4, besides, &n);
    return who == NULL ? NULL
                       : g_strconcat(who, n == 1 ? " reads the ledger; end it" : " read the ledger; end them", NULL);
}
