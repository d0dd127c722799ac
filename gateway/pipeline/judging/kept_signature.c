/* What is judged must be what was received, the signature like the payload. */
#include "gateway/pipeline/judging/kept_signature.h"

#include "spool/ledger/ledger_signatures.h"

#include <string.h>

static bool is_as_received(const struct kept_signature *kept, const struct ledger_signature *signature)
{
    struct digest *digest = digest_new();
    char sha256[DIGEST_HEX_SIZE];

    digest_update(digest, kept->bytes, kept->file.len);
    digest_hex(digest, sha256);
    digest_free(digest);
    return (int64_t)kept->file.len == signature->size && strcmp(sha256, signature->sha256) == 0;
}

bool kept_signature_read(const struct gateway *gateway, int64_t job, struct kept_signature *kept, GError **error)
{
    g_autofree char *path = job_path(gateway->spool, JOB_ACTIVE, job, JOB_SIGNATURE);
    g_autofree struct ledger_signature *signature = NULL;
    gsize len = 0;

    if (!ledger_signature_get(gateway->ledger, job, &signature, error))
        return false;
    kept->there = signature != NULL;
    if (!kept->there)
        return true;
    kept->file.size = signature->size;
    if (signature->sha256 == NULL)
        return true; /* it was too large to be fetched */
    if (g_file_get_contents(path, &kept->bytes, &len, NULL)) {
        kept->file.der = (const unsigned char *)kept->bytes;
        kept->file.len = len;
    }
    kept->damaged = kept->bytes == NULL || !is_as_received(kept, signature);
    return true;
}

void kept_signature_clear(struct kept_signature *kept)
{
    g_free(kept->bytes);
    *kept = (struct kept_signature){.there = false};
}
