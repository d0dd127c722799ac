/*
 * What has become of an outgoing file that was uploaded: the decisions that members look and publish of all transports
 * share (transport.h). A transport gives the calls by which it looks into its drop.
 *
 *   publication_look                             member look
 *   rename → publication_renamed or _refused     member publish
 *   publication_withdraw                         member withdraw
 */
#ifndef ECOSGATE_GATEWAY_DROPS_PUBLICATION_H
#define ECOSGATE_GATEWAY_DROPS_PUBLICATION_H

#include "gateway/drops/transport.h"

/* Each returns false with *error set; `user` is that of struct publishing. */
struct publishing_calls {
    /* Whether the file stands under its own name. That `out` is missing may be an error. */
    bool (*find_target)(void *user, bool *there, GError **error);
    /* Whether it stands under its temporary name. */
    bool (*find_temporary)(void *user, bool *there, GError **error);
    /* Whether what find_target has found holds the content of the file. */
    bool (*compare_target)(void *user, bool *same, GError **error);
    /* Removes the temporary file; one that is gone counts as removed. */
    bool (*remove_temporary)(void *user, GError **error);
    /* Both names are gone, and look has decided so (state). Fails where the folder is missing. */
    bool (*settle_gone)(void *user, enum publication_state state, GError **error);
};

/* One file; all is borrowed. */
struct publishing {
    const struct publishing_calls *calls;
    void *user;
    const char *temporary, *target; /* the names in texts */
    const char *renamer, *advice;   /* in texts: who renames, and what to do if it does not */
    struct publication *publication;
};

/* Member look. */
bool publication_look(const struct publishing *p, GError **error);
/* Member withdraw. */
bool publication_withdraw(const struct publishing *p, GError **error);
/* The name existed before the rename: with the same bytes the file is delivered, else TRANSPORT_ERROR_TAKEN. Then what
 * is open stays so only if the temporary file is gone. */
bool publication_settle_taken(const struct publishing *p, GError **error);
/* The end of publish after a rename that was answered with success. seen: the name has been seen since. Else looks. */
bool publication_renamed(const struct publishing *p, bool seen, GError **error);
/* The end of publish after a rename that was answered with this refusal, which is taken. Looks, for some servers and
 * file systems refuse and rename all the same. If that look fails, or finds other bytes under the name and no temporary
 * file, the rename counts as one without an answer. */
bool publication_refused(const struct publishing *p, GError *refusal, GError **error);

#endif
