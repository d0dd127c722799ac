/*
 * The chain of evidence: the ledger recomputes it (ledger_evidence.h), and here its head is compared with the one that
 * the witness file holds. Whoever has cut the end off a chain, or made a new one, has not changed that file, or another
 * that somebody outside keeps.
 */
#include "gateway/commands/verify/verify.h"

#include "spool/ledger/ledger_evidence.h"
#include "spool/witness.h"

#include <string.h>

/* The head in the witness file; NULL: there is none, or it cannot be read, which `doctor` tells. g_free. */
static char *witness_head(const struct gateway *gateway)
{
    g_autoptr(witness_t) witness = NULL;

    if (!witness_read(gateway->config->witness, &witness, NULL) || witness == NULL || *witness->evidence == '\0' ||
        strcmp(witness->ledger, gateway->identity.ledger) != 0)
        return NULL;
    return g_strdup(witness->evidence);
}

/* A writer goes on meanwhile, and only adds links: a head that was read before is in the ledger now. */
bool verify_evidence_head(struct gateway *gateway, verify_problem_fn report, void *user, GError **error)
{
    g_autofree char *head = witness_head(gateway);
    g_auto(GStrv) parts = g_strsplit(head != NULL ? head : "", " ", 2);
    char digest[DIGEST_HEX_SIZE];
    int64_t n = 0;

    /* What is no text of ours, `doctor` tells. */
    if (parts[0] == NULL || parts[1] == NULL || !g_ascii_string_to_signed(parts[0], 10, 1, G_MAXINT64, &n, NULL))
        return true;
    if (!ledger_evidence_digest(gateway->ledger, n, digest, error))
        return false;
    if (strcmp(digest, parts[1]) == 0)
        return true;
    g_autofree char *text =
        g_strdup_printf("evidence: the witness %s holds link %s with digest %s, the ledger has %s there: the chain was "
                        "cut or made anew" VERIFY_RESTORE,
                        gateway->config->witness, parts[0], parts[1], *digest != '\0' ? digest : "none");
    report(user, 0, text);
    return true;
}

struct passing {
    verify_problem_fn report;
    void *user;
};

static void pass_on(void *user, int64_t job, const char *text)
{
    const struct passing *passing = user;
    g_autofree char *all = g_strconcat(text, VERIFY_RESTORE, NULL);

    passing->report(passing->user, job, all);
}

bool verify_evidence(struct gateway *gateway, verify_problem_fn report, void *user, GError **error)
{
    struct passing passing = {report, user};

    return ledger_evidence_verify(gateway->ledger, pass_on, &passing, error);
}
