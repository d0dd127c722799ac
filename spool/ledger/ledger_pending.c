/*
 * For a confirmation the three counts cost a fifth of the processor time when each was a statement: of 100,000 that
 * ended their sessions, counts of the verdict, of the tally and of the model each ran 100,000 times. A file mostly
 * speaks of one instruction, of a handful of models and of a few times, so they are summed here.
 */
#include "spool/ledger/ledger_pending.h"

#include "spool/ledger/ledger_due.h"
#include "spool/ledger/ledger_private.h"

/* ---- the verdict's counts ---- */

static bool store_verdict(struct ledger *ledger, const struct ledger_pending_verdict *v, GError **error)
{
    LEDGER_SQL_BESIDE(count, "UPDATE verdict SET dispatched=dispatched+?2,ended=ended+?3,begun=begun+?4,"
                             "last_end=max(last_end,?5) WHERE " LEDGER_THE_VERDICT);

    return v->job == 0 || ledger_run(ledger, &count,
                                     LEDGER_VALUES(LEDGER_INT(v->job), LEDGER_INT(v->dispatched), LEDGER_INT(v->ended),
                                                   LEDGER_INT(v->begun), LEDGER_INT(v->last_end)),
                                     error);
}

bool ledger_pending_verdict(struct ledger *ledger, const struct ledger_pending_verdict *more, GError **error)
{
    struct ledger_pending_verdict *v = &ledger->pending.verdict;

    if (v->job != more->job) {
        if (!store_verdict(ledger, v, error))
            return false;
        *v = (struct ledger_pending_verdict){.job = more->job};
    }
    v->dispatched += more->dispatched;
    v->ended += more->ended;
    v->begun += more->begun;
    v->last_end = MAX(v->last_end, more->last_end);
    ledger->pending.any = true;
    return true;
}

/* ---- ends of sessions ---- */

static bool store_sessions(struct ledger *ledger, GError **error)
{
    LEDGER_SQL_BESIDE(add, "INSERT INTO tally VALUES('session',?1," LEDGER_TALLY_LE(
                               "?2") ",'',?3,max(?2,0)*?3) ON CONFLICT(what,a,b,c)"
                                     " DO UPDATE SET n=n+excluded.n,sum=sum+excluded.sum");
    struct ledger_pending *pending = &ledger->pending;

    for (int i = 0; i < pending->n_sessions; i++) {
        const struct ledger_pending_session *s = &pending->sessions[i];
        if (!ledger_run(ledger, &add, LEDGER_VALUES(LEDGER_INT(s->state), LEDGER_INT(s->seconds), LEDGER_INT(s->n)),
                        error))
            return false;
    }
    pending->n_sessions = 0;
    return true;
}

bool ledger_pending_session(struct ledger *ledger, int64_t state, int64_t seconds, GError **error)
{
    struct ledger_pending *pending = &ledger->pending;
    int i = 0;

    while (i < pending->n_sessions && (pending->sessions[i].state != state || pending->sessions[i].seconds != seconds))
        i++;
    if (i == LEDGER_PENDING_SESSIONS) {
        if (!store_sessions(ledger, error))
            return false;
        i = 0;
    }
    if (i == pending->n_sessions)
        pending->sessions[pending->n_sessions++] = (struct ledger_pending_session){state, seconds, 0};
    pending->sessions[i].n++;
    pending->any = true;
    return true;
}

/* ---- models ---- */

/* A row of model_end as it will be. The names are its own. */
struct pending_model {
    struct ledger_model model;
    bool changed; /* and not stored */
};

static guint model_hash(gconstpointer key)
{
    const struct ledger_model *m = &((const struct pending_model *)key)->model;

    return ((g_str_hash(m->device_type) * 31 + g_str_hash(m->manufacturer)) * 31 + g_str_hash(m->model)) * 31 +
           g_str_hash(m->firmware);
}

static gboolean model_equal(gconstpointer a, gconstpointer b)
{
    const struct ledger_model *x = &((const struct pending_model *)a)->model;
    const struct ledger_model *y = &((const struct pending_model *)b)->model;

    return g_str_equal(x->model, y->model) && g_str_equal(x->firmware, y->firmware) &&
           g_str_equal(x->device_type, y->device_type) && g_str_equal(x->manufacturer, y->manufacturer);
}

#define MODEL_NAMES(m)                                                                                                 \
    LEDGER_TEXT((m)->device_type), LEDGER_TEXT((m)->manufacturer), LEDGER_TEXT((m)->model), LEDGER_TEXT((m)->firmware)

/* Reads a model's counts, and keeps them for those who come after. NULL on an error. */
static struct pending_model *load_model(struct ledger *ledger, const struct ledger_model *names, GError **error)
{
    LEDGER_SQL_BESIDE(get, "SELECT migrated,failed FROM model_end WHERE device_type=? AND manufacturer=?"
                           " AND model=? AND firmware=?");
    static const size_t strings[] = {
        offsetof(struct pending_model, model.device_type), offsetof(struct pending_model, model.manufacturer),
        offsetof(struct pending_model, model.model), offsetof(struct pending_model, model.firmware)};
    sqlite3_stmt *q = ledger_query(ledger, &get, LEDGER_VALUES(MODEL_NAMES(names)), error);
    bool row = false, good = q != NULL && ledger_row(ledger, q, &row, error);
    struct pending_model found = {.model = *names}, *kept = NULL;

    found.model.migrated = good && row ? sqlite3_column_int64(q, 0) : 0;
    found.model.failed = good && row ? sqlite3_column_int64(q, 1) : 0;
    ledger_end(q);
    if (!good)
        return NULL;
    kept = ledger_pack(&found, sizeof found, strings, G_N_ELEMENTS(strings));
    g_hash_table_add(ledger->pending.models, kept);
    return kept;
}

bool ledger_pending_model(struct ledger *ledger, int64_t migrated, int64_t failed, struct ledger_model *model,
                          GError **error)
{
    struct ledger_pending *pending = &ledger->pending;
    const struct pending_model key = {.model = *model};

    if (pending->models == NULL)
        pending->models = g_hash_table_new_full(model_hash, model_equal, NULL, g_free);
    struct pending_model *kept = g_hash_table_lookup(pending->models, &key);
    if (kept == NULL && (kept = load_model(ledger, model, error)) == NULL)
        return false;
    kept->model.migrated = MAX(kept->model.migrated + migrated, 0);
    kept->model.failed += failed;
    kept->changed = pending->any = true;
    model->migrated = kept->model.migrated;
    model->failed = kept->model.failed;
    return true;
}

/* What was read stays: within the transaction nobody else changes it. */
static bool store_models(struct ledger *ledger, GError **error)
{
    LEDGER_SQL_BESIDE(put, "INSERT INTO model_end(device_type,manufacturer,model,firmware,migrated,failed)"
                           " VALUES(?1,?2,?3,?4,?5,?6) ON CONFLICT(device_type,manufacturer,model,firmware)"
                           " DO UPDATE SET migrated=?5,failed=?6");
    GHashTableIter each;
    gpointer key;

    if (ledger->pending.models == NULL)
        return true;
    g_hash_table_iter_init(&each, ledger->pending.models);
    while (g_hash_table_iter_next(&each, &key, NULL)) {
        struct pending_model *kept = key;
        if (kept->changed && !ledger_run(ledger, &put,
                                         LEDGER_VALUES(MODEL_NAMES(&kept->model), LEDGER_INT(kept->model.migrated),
                                                       LEDGER_INT(kept->model.failed)),
                                         error))
            return false;
        kept->changed = false;
    }
    return true;
}

/* ---- all of it ---- */

bool ledger_pending_store(struct ledger *ledger, GError **error)
{
    struct ledger_pending *pending = &ledger->pending;

    if (!pending->any)
        return true;
    if (!store_verdict(ledger, &pending->verdict, error) || !store_sessions(ledger, error) ||
        !store_models(ledger, error))
        return false;
    pending->verdict = (struct ledger_pending_verdict){0};
    pending->any = false;
    return true;
}

void ledger_pending_forget(struct ledger *ledger)
{
    g_clear_pointer(&ledger->pending.models, g_hash_table_unref);
    ledger->pending = (struct ledger_pending){0};
}
