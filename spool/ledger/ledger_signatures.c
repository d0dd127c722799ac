/* Signatures: tables signature and signature_check. */
#include "spool/ledger/ledger_signatures.h"

#include "spool/ledger/ledger_evidence.h"
#include "spool/ledger/ledger_private.h"

static const size_t signature_strings[] = {offsetof(struct ledger_signature, sha256)};
static const size_t check_strings[] = {
    offsetof(struct ledger_signature_check, fault), offsetof(struct ledger_signature_check, signer),
    offsetof(struct ledger_signature_check, serial), offsetof(struct ledger_signature_check, chain)};

static void read_signature(sqlite3_stmt *q, int c, void *row)
{
    struct ledger_signature *signature = row;
    signature->job = sqlite3_column_int64(q, c);
    signature->size = sqlite3_column_int64(q, c + 1);
    signature->sha256 = ledger_text(q, c + 2);
    signature->source.set = sqlite3_column_type(q, c + 4) != SQLITE_NULL;
    signature->source.dev = sqlite3_column_int64(q, c + 3);
    signature->source.ino = sqlite3_column_int64(q, c + 4);
    signature->source.ctime_ns = sqlite3_column_int64(q, c + 5);
    signature->source.size = sqlite3_column_int64(q, c + 6);
}

static void read_check(sqlite3_stmt *q, int c, void *row)
{
    struct ledger_signature_check *check = row;
    check->job = sqlite3_column_int64(q, c);
    check->revision = sqlite3_column_int64(q, c + 1);
    check->checked_at = sqlite3_column_int64(q, c + 2);
    check->fault = ledger_text(q, c + 3);
    check->signer = ledger_text(q, c + 4);
    check->serial = ledger_text(q, c + 5);
    check->chain = ledger_text(q, c + 6);
}

static const struct ledger_shape signature_shape = {sizeof(struct ledger_signature), read_signature, signature_strings,
                                                    G_N_ELEMENTS(signature_strings)};
static const struct ledger_shape check_shape = {sizeof(struct ledger_signature_check), read_check, check_strings,
                                                G_N_ELEMENTS(check_strings)};

bool ledger_signature_insert(struct ledger *ledger, const struct ledger_signature *s, GError **error)
{
    LEDGER_SQL(insert, "INSERT INTO signature(job,size,sha256,source_dev,source_ino,source_ctime_ns,source_size)"
                       " VALUES(?,?,?,?,?,?,?)");
    return ledger_run(ledger, &insert,
                      LEDGER_VALUES(LEDGER_INT(s->job), LEDGER_INT(s->size), LEDGER_TEXT(s->sha256),
                                    LEDGER_INT(s->source.dev), LEDGER_INT(s->source.ino),
                                    LEDGER_INT(s->source.ctime_ns), LEDGER_INT(s->source.size)),
                      error);
}

bool ledger_signature_get(struct ledger *ledger, int64_t job, struct ledger_signature **signature, GError **error)
{
    LEDGER_SQL(of_job, "SELECT job,size,sha256,source_dev,source_ino,source_ctime_ns,source_size FROM signature"
                       " WHERE job=?");
    void *row = NULL;
    if (!ledger_one(ledger, ledger_query(ledger, &of_job, LEDGER_VALUES(LEDGER_INT(job)), error), &signature_shape,
                    &row, error))
        return false;
    *signature = row;
    return true;
}

bool ledger_signature_clear_source(struct ledger *ledger, int64_t job, GError **error)
{
    LEDGER_SQL(clear, "UPDATE signature SET source_dev=NULL,source_ino=NULL,source_ctime_ns=NULL,source_size=NULL"
                      " WHERE job=?");
    return ledger_run(ledger, &clear, LEDGER_VALUES(LEDGER_INT(job)), error);
}

bool ledger_signature_check_insert(struct ledger *ledger, const struct ledger_signature_check *check, GError **error)
{
    LEDGER_SQL(insert, "INSERT INTO signature_check(job,revision,checked_at,fault,signer,serial,chain)"
                       " VALUES(?,?,?,?,?,?,?)");
    return ledger_run(ledger, &insert,
                      LEDGER_VALUES(LEDGER_INT(check->job), LEDGER_INT(check->revision), LEDGER_INT(check->checked_at),
                                    LEDGER_TEXT(check->fault), LEDGER_TEXT(check->signer), LEDGER_TEXT(check->serial),
                                    LEDGER_TEXT(check->chain)),
                      error) &&
           ledger_evidence_add(ledger, LEDGER_EVIDENCE_SIGNATURE, check->job, check->revision, error);
}

bool ledger_signature_check_get(struct ledger *ledger, int64_t job, int64_t revision,
                                struct ledger_signature_check **check, GError **error)
{
    LEDGER_SQL(of_job, "SELECT job,revision,checked_at,fault,signer,serial,chain FROM signature_check WHERE job=?1"
                       " AND(?2=0 OR revision=?2) ORDER BY revision DESC LIMIT 1");
    void *row = NULL;
    if (!ledger_one(ledger, ledger_query(ledger, &of_job, LEDGER_VALUES(LEDGER_INT(job), LEDGER_INT(revision)), error),
                    &check_shape, &row, error))
        return false;
    *check = row;
    return true;
}
