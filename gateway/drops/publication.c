/* Decides by what stands under the two names of an outgoing file. */
#include "gateway/drops/publication.h"

/* Another file stands under the name; or it is ours, and the server tells its size wrong. While the temporary file is
 * there, nothing was renamed. Once it is gone, a rename that was sent may have been carried out, and that stays open:
 * uploaded again, the file would be delivered twice. */
static bool refuse_taken(const struct publishing *p, bool sent, GError **error)
{
    bool left = true;

    if (sent && !p->calls->find_temporary(p->user, &left, error))
        return false;
    p->publication->open = !left;
    g_set_error(
        error, TRANSPORT_ERROR, TRANSPORT_ERROR_TAKEN, "%s exists with other bytes and is left alone; %s", p->target,
        left ? "move it away, then the delivery goes on"
             : "a rename was sent and the temporary file is gone, so it may be ours: compare it with the stored "
               "one; once it is taken or moved away, the file counts as delivered");
    return false;
}

/* sent: a rename may have been carried out. */
static bool settle_taken(const struct publishing *p, bool sent, GError **error)
{
    bool same;

    if (!p->calls->compare_target(p->user, &same, error))
        return false;
    if (!same)
        return refuse_taken(p, sent, error);
    p->publication->state = PUBLICATION_SEEN;
    return p->calls->remove_temporary(p->user, error);
}

bool publication_settle_taken(const struct publishing *p, GError **error)
{
    return settle_taken(p, p->publication->open, error);
}

static bool look(const struct publishing *p, bool sent, GError **error)
{
    bool there;

    if (!p->calls->find_target(p->user, &there, error))
        return false;
    if (there)
        return settle_taken(p, sent, error);
    if (!p->calls->find_temporary(p->user, &there, error))
        return false;
    p->publication->state = there                  ? PUBLICATION_READY
                            : p->publication->open ? PUBLICATION_CONCLUDED
                                                   : PUBLICATION_MISSING;
    if (!there)
        return p->calls->settle_gone(p->user, p->publication->state, error);
    p->publication->open = false;
    return true;
}

bool publication_look(const struct publishing *p, GError **error)
{
    return look(p, p->publication->open, error);
}

bool publication_withdraw(const struct publishing *p, GError **error)
{
    bool there;

    /* The name is looked for because that fails where `out` is missing. */
    if (!p->calls->find_target(p->user, &there, error) || !p->calls->find_temporary(p->user, &there, error))
        return false;
    p->publication->state = PUBLICATION_MISSING;
    return there ? p->calls->remove_temporary(p->user, error)
                 : p->calls->settle_gone(p->user, PUBLICATION_MISSING, error);
}

bool publication_renamed(const struct publishing *p, bool seen, GError **error)
{
    bool left = false;

    p->publication->open = true;
    if (!seen &&
        (!p->calls->find_target(p->user, &seen, error) || (!seen && !p->calls->find_temporary(p->user, &left, error))))
        return false;
    p->publication->open = false;
    p->publication->state = PUBLICATION_SEEN;
    if (!left)
        return true;
    g_set_error(error, TRANSPORT_ERROR, TRANSPORT_ERROR_DOWN, "%s says that it renamed %s to %s, and did not; %s",
                p->renamer, p->temporary, p->target, p->advice);
    return false;
}

bool publication_refused(const struct publishing *p, GError *refusal, GError **error)
{
    GError *cause = NULL;

    if (!look(p, true, &cause)) {
        if (!g_error_matches(cause, TRANSPORT_ERROR, TRANSPORT_ERROR_TAKEN))
            p->publication->open = true;
        g_propagate_error(error, cause);
        g_error_free(refusal);
        return false;
    }
    p->publication->open = false;
    if (p->publication->state == PUBLICATION_READY) {
        g_propagate_error(error, refusal);
        return false;
    }
    g_error_free(refusal);
    return true;
}
