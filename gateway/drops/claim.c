/* Deciding whose claim a text is, and the calls that keep ours in the drop. */
#include "gateway/drops/claim.h"

#include "formats/instant.h"
#include "formats/text.h"
#include "gateway/clock.h"
#include "spool/digest.h"

#include <string.h>

/* Microseconds. A claim that nobody writes is empty for a moment only, and one that is being written in place is read
 * in part for a moment only: both are read again before they count. */
enum { SECOND = 1000000, RENEW_AFTER = 60 * SECOND, FRESH = SECOND, PAUSE = SECOND / 10 };

/* READINGS: of a text that is empty or damaged. ROUNDS: look, write, look again, while others write too. BLOCK: sizes
 * are multiples of so many bytes, so that a text rarely changes its size. SHOWN: characters of a text from outside. */
enum { READINGS = 20, ROUNDS = 8, BLOCK = 512, SHOWN = 64 };

static const char HEAD[] = "ecosgate-witness,", FORM[] = "1,";

/* ---- whose claim is it ---- */

/* The bytes of a key's value on a line of its own within the first block, which a disk writes whole. g_free. */
static char *torn_value(const char *text, size_t len, const char *key)
{
    g_autofree char *block = g_strndup(text, MIN(len, BLOCK));
    g_auto(GStrv) lines = g_strsplit(block, "\n", -1);

    for (size_t i = 0; lines[i] != NULL && lines[i + 1] != NULL; i++) {
        if (g_str_has_prefix(lines[i], key))
            return g_strdup(lines[i] + strlen(key));
    }
    return NULL;
}

/* A power cut may leave old and new bytes of a text that we wrote in place. Ledger and generation stand at its
 * beginning. */
static bool is_torn(const struct claim_self *self, const char *text, size_t len)
{
    g_autofree char *ledger = torn_value(text, len, "ledger="), *generation = torn_value(text, len, "generation=");

    return ledger != NULL && generation != NULL && strcmp(ledger, self->ledger) == 0 &&
           g_ascii_strtoll(generation, NULL, 10) <= self->generation;
}

static enum claim_owner owner_of_broken(const struct claim_self *self, const char *text, size_t len)
{
    size_t head = strlen(HEAD);

    if (len == 0)
        return CLAIM_EMPTY;
    if (len > head + 1 && strncmp(text, HEAD, head) == 0 && g_ascii_isdigit(text[head]) &&
        strncmp(text + head, FORM, strlen(FORM)) != 0)
        return CLAIM_UNKNOWN;
    return is_torn(self, text, len) ? CLAIM_TORN : CLAIM_DAMAGED;
}

enum claim_owner claim_owner_of(const struct claim_self *self, const char *text, size_t len, struct witness **witness)
{
    *witness = NULL;
    if (text == NULL)
        return CLAIM_NOBODY;
    *witness = witness_parse(text, len, NULL);
    if (*witness == NULL)
        return owner_of_broken(self, text, len);
    const struct witness *found = *witness;
    if (strcmp(found->ledger, self->ledger) != 0)
        return CLAIM_OTHER;
    if (*self->instance != '\0' ? strcmp(found->instance, self->instance) == 0 : found->generation == self->generation)
        return CLAIM_OURS;
    if (found->generation == self->generation)
        return CLAIM_TWIN;
    return found->generation < self->generation ? CLAIM_OLDER : CLAIM_NEWER;
}

char *claim_key(const struct claim_text *claim, const struct witness *witness)
{
    g_autoptr(digest_t) digest = digest_new();
    char hex[DIGEST_HEX_SIZE];

    if (claim->text == NULL)
        return NULL;
    if (witness != NULL) {
        g_autofree char *who = g_strdup_printf("%s %s", witness->ledger, witness->instance);
        digest_update(digest, who, strlen(who));
    } else {
        digest_update(digest, claim->text, claim->len);
    }
    digest_hex(digest, hex);
    return g_strdup(hex);
}

static const char *owner_text(enum claim_owner owner)
{
    switch (owner) {
    case CLAIM_NOBODY:
        return "nobody claims it yet";
    case CLAIM_OURS:
        return "it belongs to this gateway";
    case CLAIM_OLDER:
        return "it belongs to an earlier start of this gateway";
    case CLAIM_TWIN:
        return "it belongs to another process with a copy of this gateway's ledger";
    case CLAIM_NEWER:
        return "it belongs to a newer start of this gateway";
    case CLAIM_OTHER:
        return "it belongs to another gateway";
    case CLAIM_EMPTY:
        return "its claim is empty: somebody was stopped while he made it";
    case CLAIM_TORN:
        return "it belongs to this gateway, which was stopped while it wrote the claim";
    case CLAIM_DAMAGED:
        return "its claim is damaged, and nobody can tell whose it is";
    case CLAIM_UNKNOWN:
        return "its claim is of a newer version of the program, and this one cannot read it";
    }
    return "";
}

char *claim_describe(enum claim_owner owner, const struct witness *witness)
{
    char renewed[INSTANT_TEXT_SIZE];

    if (witness == NULL)
        return g_strdup(owner_text(owner));
    g_autofree char *ledger = text_escape(witness->ledger, strlen(witness->ledger), SHOWN);
    g_autofree char *host = text_escape(witness->host, strlen(witness->host), SHOWN);
    instant_print(witness->written, renewed);
    return g_strdup_printf("%s: ledger %s, generation %" G_GINT64_FORMAT ", host %s, process %" G_GINT64_FORMAT
                           ", renewed %s",
                           owner_text(owner), ledger, witness->generation, host, witness->pid, renewed);
}

char *claim_advice(enum claim_owner owner, const struct drop *drop)
{
    g_autofree char *take =
        g_strdup_printf("give this one the drop with 'ecosgate claim take %s --reason TEXT'", drop->name);

    switch (owner) {
    case CLAIM_TWIN:
    case CLAIM_OTHER:
        return g_strdup_printf("end one of the two gateways, or %s", take);
    case CLAIM_NEWER:
        return g_strdup("if it runs elsewhere, do not start this one; if this ledger was restored, see 'ecosgate "
                        "recover'");
    case CLAIM_DAMAGED:
        return g_strdup_printf("make sure that no other gateway works there, then %s", take);
    case CLAIM_UNKNOWN:
        return g_strdup_printf("use the newer program or, if no other gateway works there, %s", take);
    default:
        return g_strdup_printf("see that %s/%s can be written over", drop->out, CLAIM_NAME);
    }
}

/* ---- the guard ---- */

void claim_guard_init(struct claim_guard *guard, const struct drop *drop)
{
    *guard = (struct claim_guard){.drop = drop};
}

void claim_guard_set(struct claim_guard *guard, struct witness *own, bool leaving)
{
    witness_free(guard->own);
    guard->own = own;
    guard->leaving = leaving;
}

void claim_guard_clear(struct claim_guard *guard)
{
    witness_free(guard->own);
    witness_free(guard->seen);
    witness_free(guard->found);
    g_free(guard->taking);
    g_free(guard->approved);
    g_free(guard->text);
    g_free(guard->key);
    g_free(guard->replaced);
    *guard = (struct claim_guard){0};
}

/* Our claim's numbers never go down, whoever of this gateway wrote it last. */
static void keep_numbers(struct witness *own, const struct witness *there)
{
    GHashTableIter iter;
    gpointer name, value;

    g_hash_table_iter_init(&iter, there->numbers);
    while (g_hash_table_iter_next(&iter, &name, &value))
        (void)witness_raise(own, name, *(const int64_t *)value);
}

/* Is the text our own, as it was seen last? Then it need not be parsed. */
static bool is_known(const struct claim_guard *guard, const struct claim_text *claim)
{
    return claim->text != NULL && guard->text != NULL && strlen(guard->text) == claim->len &&
           strcmp(claim->text, guard->text) == 0;
}

/* Reads the claim, and again after a pause while it may be in the middle of being written. */
static bool read_claim(struct claim_guard *guard, const struct transport *transport, struct connection *connection,
                       struct claim_text *claim, GError **error)
{
    const struct claim_self self = {guard->own->ledger, guard->own->generation, guard->own->instance};

    for (int i = 0;; i++) {
        g_clear_pointer(&guard->found, witness_free);
        g_clear_pointer(&guard->key, g_free);
        guard->owner = CLAIM_DAMAGED; /* one that cannot be read: nobody can tell whose it is */
        if (!transport->claim_read(connection, claim, error))
            return false;
        guard->owner =
            is_known(guard, claim) ? CLAIM_OURS : claim_owner_of(&self, claim->text, claim->len, &guard->found);
        bool again = guard->owner == CLAIM_EMPTY || guard->owner == CLAIM_TORN || guard->owner == CLAIM_DAMAGED;
        if (!again || i == READINGS) {
            guard->key = guard->owner != CLAIM_OURS ? claim_key(claim, guard->found) : NULL;
            return true;
        }
        g_clear_pointer(&claim->text, g_free);
        g_usleep(PAUSE);
    }
}

bool claim_is_given(const struct claim_guard *guard)
{
    return guard->taking != NULL && g_strcmp0(guard->taking, guard->key) == 0;
}

static bool is_approved(const struct claim_guard *guard)
{
    return g_strcmp0(guard->approved, guard->found->instance) == 0;
}

/* May our text replace what was found? An empty one that stays empty belongs to nobody who could still use it. */
static bool may_replace(const struct claim_guard *guard)
{
    switch (guard->owner) {
    case CLAIM_OURS:
    case CLAIM_EMPTY:
    case CLAIM_TORN:
        return true;
    case CLAIM_DAMAGED:
        return guard->was_held || claim_is_given(guard);
    case CLAIM_OLDER:
        return guard->was_held || is_approved(guard);
    case CLAIM_TWIN:
        return is_approved(guard);
    case CLAIM_OTHER:
        return claim_is_given(guard) || is_approved(guard);
    case CLAIM_UNKNOWN:
        return claim_is_given(guard);
    default:
        return false; /* a newer start knows more of our ledger: an order may not wipe that out */
    }
}

static bool refuse(struct claim_guard *guard, GError **error)
{
    g_autofree char *whose = claim_describe(guard->owner, guard->found);
    g_autofree char *what = claim_advice(guard->owner, guard->drop);

    g_set_error(error, TRANSPORT_ERROR, TRANSPORT_ERROR_CLAIMED, "%s (%s in %s); nothing is done there: %s", whose,
                CLAIM_NAME, guard->drop->out, what);
    guard->was_held = false;
    return false;
}

/* Two gateways that are set up with the same drops and start together would claim some each, and neither could work. */
static bool refuse_new(struct claim_guard *guard, GError **error)
{
    g_set_error(error, TRANSPORT_ERROR, TRANSPORT_ERROR_CLAIMED,
                "nobody claims the drop yet, and this gateway claims no new one while its drop %s belongs to another; "
                "settle that one first, see 'ecosgate claim list'",
                guard->pending);
    guard->was_held = false;
    return false;
}

/* Our text, filled up with line ends to whole blocks. */
static char *own_text(const struct claim_guard *guard)
{
    g_autofree char *text = witness_print(guard->own);
    size_t len = strlen(text), size = (len + BLOCK - 1) / BLOCK * BLOCK;
    g_autofree char *fill = g_strnfill(size - len, '\n');

    return g_strconcat(text, fill, NULL);
}

/* Makes or renews the claim. *again: another has been faster, or the file is gone: look once more. */
static bool write_claim(struct claim_guard *guard, const struct transport *transport, struct connection *connection,
                        bool *again, GError **error)
{
    const struct witness *ours = guard->owner == CLAIM_OURS ? guard->seen : NULL;
    GError *cause = NULL;
    bool make = guard->owner == CLAIM_NOBODY;

    if (ours != NULL)
        keep_numbers(guard->own, ours);
    g_autofree char *text = own_text(guard);
    bool good =
        make ? transport->claim_make(connection, text, &cause) : transport->claim_write(connection, text, &cause);

    *again = !good && g_error_matches(cause, TRANSPORT_ERROR, TRANSPORT_ERROR_CHANGED);
    if (*again) {
        g_error_free(cause);
        return true;
    }
    if (!good && guard->owner == CLAIM_OURS && !guard->leaving) {
        guard->renewed_at = clock_since_start(); /* it is still ours; the next minute tries again */
        g_error_free(cause);
        return true;
    }
    if (!good) {
        g_propagate_error(error, cause);
        return false;
    }
    /* What another wrote at the same moment is seen by reading. */
    *again = guard->owner != CLAIM_OURS;
    guard->renewed_at = clock_since_start();
    g_free(guard->text);
    guard->text = g_steal_pointer(&text);
    witness_free(guard->seen);
    guard->seen = witness_copy(guard->own);
    return true;
}

/* Keeps what our claim says, for the looks that follow. Another text than the last one was written since then, by this
 * guard or by the one of the other direction. Takes the text. */
static void remember(struct claim_guard *guard, struct claim_text *claim)
{
    g_free(guard->text);
    guard->text = g_steal_pointer(&claim->text);
    witness_free(guard->seen);
    guard->seen = g_steal_pointer(&guard->found);
    guard->renewed_at = clock_since_start();
}

/* One look. *again: something was written that has to be looked at. */
static bool look_once(struct claim_guard *guard, const struct transport *transport, struct connection *connection,
                      bool *again, GError **error)
{
    struct claim_text claim;

    *again = false;
    if (!read_claim(guard, transport, connection, &claim, error))
        return false;
    if (guard->owner == CLAIM_OURS && guard->found != NULL)
        remember(guard, &claim);
    g_free(claim.text);
    if (!claim.folder)
        return true;
    bool ours = guard->owner == CLAIM_OURS, given = !ours && claim_is_given(guard);
    if (ours && clock_since_start() - guard->renewed_at < RENEW_AFTER &&
        !(guard->leaving && witness_exceeds(guard->own, guard->seen)))
        return true;
    if (guard->owner == CLAIM_NOBODY && guard->pending != NULL && guard->taking == NULL)
        return refuse_new(guard, error);
    if (!ours && guard->owner != CLAIM_NOBODY && !may_replace(guard))
        return refuse(guard, error);
    if (!write_claim(guard, transport, connection, again, error))
        return false;
    if (given) {
        g_free(guard->replaced);
        guard->replaced = claim_describe(guard->owner, guard->found);
    }
    return true;
}

bool claim_look(struct claim_guard *guard, const struct transport *transport, struct connection *connection,
                GError **error)
{
    bool again = true;

    if (!guard->drop->claim)
        return true;
    guard->held = false; /* a look that fails on the way knows nothing */
    for (int i = 0; again && i < ROUNDS; i++) {
        if (!look_once(guard, transport, connection, &again, error))
            return false;
    }
    if (again) {
        g_set_error(error, TRANSPORT_ERROR, TRANSPORT_ERROR_CLAIMED,
                    "%s/%s changes all the time: another gateway writes it too, or the drop does not keep what this "
                    "one writes there; end one of the two, or see that the file can be written over",
                    guard->drop->out, CLAIM_NAME);
        return false;
    }
    guard->held = guard->was_held = guard->owner == CLAIM_OURS;
    guard->looked_at = clock_since_start();
    return true;
}

bool claim_still(struct claim_guard *guard, const struct transport *transport, struct connection *connection,
                 GError **error)
{
    return clock_since_start() - guard->looked_at < FRESH || claim_look(guard, transport, connection, error);
}
