/*
 * Ids of credentials, SubjectId and KeyId, as the sides state them in EMT and EMC (formats/FILES.md, 7).
 */
#ifndef ECOSGATE_VALIDATORS_CREDENTIAL_ID_H
#define ECOSGATE_VALIDATORS_CREDENTIAL_ID_H

#include <stdbool.h>

/* Whether two ids are the same. Ids of whole bytes in hex are compared as bytes: the case of the digits, the separators
 * '-', ':' and '.' between them, and 0x in front do not matter. Any other id is compared as text. NULL is the same as
 * NULL only. */
bool credential_id_same(const char *a, const char *b);

/* One text for all notations of an id: credential_id_same(a, b) if and only if their keys are equal. g_free. */
char *credential_id_key(const char *id);

#endif
