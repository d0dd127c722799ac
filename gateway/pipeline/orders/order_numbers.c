/* The order that says where the numbers of a sender and type stand. */
#include "gateway/pipeline/orders/order_private.h"

#include "formats/eui64.h"
#include "gateway/clock.h"
#include "spool/ledger/ledger_numbering.h"
#include "spool/ledger/ledger_recovery.h"

enum { MOST_NAMED = 4 /* runs of numbers that a text names */ };

/* The files that the order is about, in *self. Returns why it is refused; NULL: it is not. g_free. */
static char *find_sender(const struct gateway *gateway, const struct order *order, char sender[EUI64_TEXT_SIZE],
                         struct ledger_file *self)
{
    const struct party *party = rules_party(&gateway->config->identity, order->sender);

    if (party == NULL)
        return g_strdup_printf("there is no [party %s] in the configuration", order->sender);
    if (!rules_may_send(party, order->type))
        return g_strdup_printf("[party %s] may not send %s", order->sender, order->type);
    eui64_print(party->eui64, sender);
    *self = (struct ledger_file){.type = order->type, .org = order->sender, .sender = sender};
    return NULL;
}

/* "000003 to 000005, 000009": the first few. most: the greatest number, after which 1 comes. */
static char *numbers_text(const GArray *numbers, int64_t most)
{
    GString *text = g_string_new(NULL);
    guint named = 0, i = 0;

    while (i < numbers->len && named++ < MOST_NAMED) {
        int64_t first = g_array_index(numbers, int64_t, i), last = first;
        while (++i < numbers->len && g_array_index(numbers, int64_t, i) == last % most + 1)
            last = g_array_index(numbers, int64_t, i);
        g_string_append_printf(text, "%s%06" G_GINT64_FORMAT, text->len > 0 ? ", " : "", first);
        if (last != first)
            g_string_append_printf(text, " to %06" G_GINT64_FORMAT, last);
    }
    if (i < numbers->len)
        g_string_append_printf(text, " and %u more", numbers->len - i);
    return g_string_free(text, FALSE);
}

/* A new numbering would end that files of lost numbers are held. *refusal: why the order is refused; NULL: it is not.
 * g_free. */
static bool refuse_lost(struct gateway *gateway, const struct order *order, const struct ledger_file *self,
                        char **refusal, GError **error)
{
    const struct party *party = rules_party(&gateway->config->identity, order->sender);
    int64_t most = config_sequence_max(party, order->type, clock_now());
    struct ledger_lost lost;

    if (order->verb == ORDER_SEQUENCE_FORGET)
        return true;
    if (!ledger_lost_missing(gateway->ledger, self, most, &lost, error))
        return false;
    g_autofree char *numbers = numbers_text(lost.missing, most);
    if (lost.recovery != 0)
        *refusal =
            g_strdup_printf("a lost ledger may have accepted the numbers %s of %s of %s (recovery %" G_GINT64_FORMAT
                            "), and no file of them was judged since; once a number is set, such a file is "
                            "judged at once, and its Devices are ordered again: have the files sent again, and "
                            "release or reject those in held/; if none of them will come, give --forget-lost",
                            numbers, order->type, order->sender, lost.recovery);
    g_array_unref(lost.missing);
    return true;
}

static bool set_numbering(struct gateway *gateway, const struct order *order, const void *subject, GError **error)
{
    return ledger_numbering_set(gateway->ledger, subject, order->number, order->id, error);
}

bool order_sequence_set(struct gateway *gateway, const struct order *order, GError **error)
{
    char sender[EUI64_TEXT_SIZE];
    struct ledger_file self;
    /* A new numbering may be above the one that the witness knows: then the ledger would look newer than it is. */
    g_autofree char *refusal = order_refuse_behind(gateway);
    if (refusal == NULL)
        refusal = find_sender(gateway, order, sender, &self);
    if (refusal == NULL && !refuse_lost(gateway, order, &self, &refusal, error))
        return false;
    g_autofree char *reason =
        g_strdup_printf("%s %s %06" G_GINT64_FORMAT ": %s", order->sender, order->type, order->number, order->reason);
    const struct ledger_action action = order_action(order, reason, refusal != NULL ? refusal : ORDER_DONE);

    return order_commit(gateway, &action, &(struct order_change){set_numbering, order, &self}, error);
}
