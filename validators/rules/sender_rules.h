/*
 * Who sent a file: B103. The name says it, by the sender's short code, its EUI-64 or both. Where the name says neither,
 * the drop does if one party alone has it; else the header. Whatever says it, it must be a party that may send this
 * type through this drop. A drop is what proves who sent a file: a name can be chosen by anybody who may write to it.
 *
 * A struct filename is filled with what is found out, so that those who ask it later need not know where it comes from.
 */
#ifndef ECOSGATE_VALIDATORS_RULES_SENDER_RULES_H
#define ECOSGATE_VALIDATORS_RULES_SENDER_RULES_H

#include "formats/name/filename.h"
#include "validators/findings.h"
#include "validators/rules/header_rules.h"
#include "validators/rules/rules.h"

/* Fills the sender's code and EUI-64 where the name does not tell them: by the one that it tells, else by the drop
 * (NULL: not known). The name is in the grammar. */
void sender_complete(const struct identity *identity, const char *drop, struct filename *filename);

/* The party whose settings say whether the file has to be signed, before anything but its name is read: the sender
 * by name or drop. If they tell none, the first party of the drop that requires signatures, for nobody may get around
 * that by a name that says less. NULL: none requires or accepts them. The name is in the grammar. */
const struct party *sender_signing(const struct identity *identity, const char *drop, const struct filename *filename);

/* Whether the party's file of that name holds its signature, in place of one beside it. party NULL: it does not. */
bool sender_signs_within(const struct party *party, const struct filename *filename);

/* Judges the sender of a name in the grammar and completes it. Without rules->identity nothing is judged. */
void sender_rules_judge_name(const struct rules *rules, const char *name, struct filename *filename,
                             struct findings *findings);

/* The same once the header is known, for a name from which and from whose drop the sender is not known. Fills the
 * sequence too where the name does not tell it. True: something was found out. */
bool sender_rules_judge_header(const struct judged_file *file, const struct record *record, struct filename *filename);

#endif
