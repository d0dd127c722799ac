/* The order that says where the numbers of a sender and type stand. */
#include "gateway/pipeline/orders/order_private.h"

#include "formats/eui64.h"
#include "spool/ledger/ledger_numbering.h"

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
    g_autofree char *reason =
        g_strdup_printf("%s %s %06" G_GINT64_FORMAT ": %s", order->sender, order->type, order->number, order->reason);
    const struct ledger_action action = order_action(order, reason, refusal != NULL ? refusal : ORDER_DONE);

    return order_commit(gateway, &action, &(struct order_change){set_numbering, order, &self}, error);
}
