/*
 * Certificates and revocation lists that end: those of the gateway's own signatures, and those that the signatures of
 * parties are checked with. `status`, `health`, the live page and `doctor` all show what is told here.
 */
#ifndef ECOSGATE_GATEWAY_CONDITION_EXPIRY_H
#define ECOSGATE_GATEWAY_CONDITION_EXPIRY_H

#include "gateway/condition/condition.h"

/* text: what ends or has ended, where, and what to do. until: when. */
typedef void expiry_tell(void *user, enum alarm_level level, int64_t until, const char *text);

/* Tells of each that has ended at `now`, or will soon: certificates 30 days before, revocation lists a day before. */
void expiry_each(const struct config *config, int64_t now, expiry_tell *tell, void *user);

#endif
