/*
 * Which profile a file is read with: one of those that its sender may use when the file arrives. This file alone
 * decides, for `check`, for pickup and for the verdict.
 *
 *   const struct profile *const *list = party->reads;                 newest first; ends with NULL
 *   if (profile_list_newest(list, at)) …                              what is written at that time
 *   profile_choose_by_name(&choice, name, len, &parsed);              pickup: nothing but the name is known
 *   profile_choose(&choice, &file);                                   the verdict
 *
 * A profile is valid from its date `from` until its date `until`; a newer version of the same profile (the same name,
 * further ahead in the list) replaces it from its own date on. Profiles of other names stand side by side: the file
 * decides. If none is valid at a time, the newest that has begun stands in; if none has begun, the oldest.
 *
 * A file that an operator has judged again may be of a profile that was valid when it arrived, or of one that was valid
 * when the operator asked: a file that came before a change-over, or after it, has a way on.
 */
#ifndef ECOSGATE_VALIDATORS_PROFILE_CHOICE_H
#define ECOSGATE_VALIDATORS_PROFILE_CHOICE_H

#include "formats/name/filename.h"
#include "formats/profile.h"
#include "formats/unpack/unpack.h"
#include "validators/rules/rules.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Who may have sent the file, and when it arrived. Pointers are borrowed. */
struct profile_choice {
    const struct identity *identity; /* NULL: no party is known */
    const char *drop; /* the drop that the file came through; NULL: not known, any party may have sent it */
    const struct profile *const *others; /* of senders that no party is; NULL: the built-in one */
    int64_t at;                          /* seconds UTC */
    int64_t again;                       /* when an operator last had the file judged again, likewise; 0: never */
};

/* The choice for a file that is judged by these rules. */
struct profile_choice profile_choice_of(const struct rules *rules);

struct readings;

/* A file whose content may be looked at. */
struct profile_file_content {
    const char *name; /* raw bytes, len of them */
    size_t len;
    int fd; /* a regular file, open for reading; its position stays */
    const struct unpack_limits *unpack;
    const struct readings *readings; /* who unpacks and parses it; NULL: this process */
};

/* Whether the i-th profile of a list is valid at that time. */
bool profile_list_valid(const struct profile *const *list, size_t i, int64_t at);

/* The newest profile of a list that is valid at that time, or the one that stands in. A list has at least one. */
const struct profile *profile_list_newest(const struct profile *const *list, int64_t at);

/* The profile whose grammar the name fits. *parsed: what the name says by it. False: it fits none; *parsed is then what
 * the newest profile of the likely sender makes of it. */
bool profile_choose_by_name(const struct profile_choice *choice, const char *name, size_t len, struct filename *parsed,
                            const struct profile **profile);

/* The profile that the name fits and, of several, the first whose frame the content has: the root element with its
 * namespace and version, the header record, the title row. If no content fits, the newest profile that the name fits;
 * if no name fits, the newest of the likely sender. The content is looked at only where several profiles fit the name,
 * and no further than the first 64 KiB. NULL: it could not be read (reading.h). */
const struct profile *profile_choose(const struct profile_choice *choice, const struct profile_file_content *file,
                                     GError **error);

/* A profile of the sender's list that is not valid when the file arrives, and when it is: not before `from`, and before
 * `until`, where the next version may have closed an open end. INT64_MIN, INT64_MAX: no such limit.
 * profile NULL: there is none. */
struct profile_untimely {
    const struct profile *profile;
    int64_t from, until;
};

/* Finds out whether the file is in the format of a listed profile that is not valid for it, and not in that of the
 * chosen one: its name fits and, where names do not tell them apart, the frame of its content. False: it could not be
 * read (reading.h). */
bool profile_find_untimely(const struct profile_choice *choice, const struct profile_file_content *file,
                           const struct profile *chosen, struct profile_untimely *untimely, GError **error);

#endif
