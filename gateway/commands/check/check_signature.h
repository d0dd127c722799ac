/* The signature that `check` looks at: that of --signature, or the file of the judged file's name and ".p7s". */
#ifndef ECOSGATE_GATEWAY_COMMANDS_CHECK_CHECK_SIGNATURE_H
#define ECOSGATE_GATEWAY_COMMANDS_CHECK_CHECK_SIGNATURE_H

#include "validators/signature/signature.h"

struct check_signature {
    bool there;
    char *bytes; /* what file.der points to */
    struct signature_file file;
};

/* Reads the signature of the file at `path`; given: the file of --signature, or NULL. A default one that is missing is
 * no error. False with an error: it is there and cannot be read. check_signature_clear in either case. */
bool check_signature_read(struct check_signature *signature, const char *path, const char *given, GError **error);
/* Frees the bytes and empties it. */
void check_signature_clear(struct check_signature *signature);

#endif
