/*
 * A profile: everything that is data about the formats of files, in one version. It says which columns each record has
 * and which fact each of them carries, what the elements of the XML form are called, and what each report contains.
 * A profile is a folder of small files; the loader (profile/) makes the tables of it. The project's own proposal,
 * profiles/proposal-1.0/, is the built-in profile.
 *
 *   const struct file_type *type = profile_type(profile_builtin(), "EMI", 3);
 *   … type->profile …                                    whoever has a type has its profile
 *
 * The codes of types and the references of reports are those of this program, the same in every profile: code that
 * asks for the kind of a type only may ask the built-in profile. A profile is constant once it is made and lives as
 * long as the program, and so does all that it points to.
 */
#ifndef ECOSGATE_FORMATS_PROFILE_H
#define ECOSGATE_FORMATS_PROFILE_H

#include "formats/layout.h"
#include "formats/name/names.h"
#include "formats/report_layout.h"
#include "formats/values.h"

#include <stddef.h>
#include <stdint.h>

enum { PROFILE_DIGEST_SIZE = 65 };

struct profile_files;
struct profile_memory;

struct profile {
    const char *name;                /* "proposal" */
    const char *version;             /* "1.0" */
    const char *title;               /* a line for people, or NULL */
    int64_t valid_from, valid_until; /* not before the one, and before the other; INT64_MIN, INT64_MAX: no such limit */
    char digest[PROFILE_DIGEST_SIZE]; /* over all its files: SHA-256, lower-case hex */
    const char *namespace;            /* of the XML forms; NULL: none */
    const char *version_attribute;    /* of their root: it holds the version; NULL: it has none */
    const char *xml_version;          /* that version */
    const char *schema;               /* the file of the profile that has the XSD, or NULL */
    size_t n_types;
    const struct file_type *types;
    const struct dialect *dialect; /* of all files that do not say another */
    size_t n_reports;
    const struct report_layout *reports; /* NULL: not read yet. profile_reports */
    const struct names *names;           /* how files are named */
    /* Words of its own for values and codes (values.h). */
    const struct value_map *values[FACT_COUNT + 1]; /* by fact; NULL, as that of FACT_NONE: the values are the words */
    size_t n_codes;
    const struct code_words *codes; /* those that have a code or a text of its own */
    struct profile_files *files;    /* that it was made from (profile/profile_files.h), for a copy */
    struct profile_memory *memory;  /* the loader's: what the members point to */
};

/* What is wrong with a profile. */
struct profile_fault {
    const char *file; /* "records/EMI-D.json"; "." is the folder itself */
    unsigned line;    /* from 1; 0: the file as a whole */
    const char *text; /* what is wrong, what was expected and found */
};

/* Is called for every fault; all pointers are valid during the call only. */
typedef void profile_fault_fn(void *user, const struct profile_fault *fault);

/* The profile that is part of the program. Loaded at the first call; any thread may call. */
const struct profile *profile_builtin(void);

/* The profile in a folder. NULL: it has at least one fault, and on_fault has been told of every one. profile_free, or
 * never. */
struct profile *profile_load(const char *folder, profile_fault_fn *on_fault, void *user);

/* The profile of files that are in memory, as a copy has them. Takes the files. Else as profile_load. */
struct profile *profile_load_files(struct profile_files *files, profile_fault_fn *on_fault, void *user);

/* NULL is allowed. Nothing may use the profile or its types any more. */
void profile_free(struct profile *profile);

/* The type of that code ("EMI"), which is len bytes long and needs no terminator. NULL: there is no such type. */
const struct file_type *profile_type(const struct profile *profile, const char *code, size_t len);

/* The layouts of all reports, n_reports of them. Those of the built-in profile are read at the first call: few commands
 * ask for them, and to read them takes a fifth of a start. Any thread may call. */
const struct report_layout *profile_reports(const struct profile *profile);

/* The layout of the report of that ref. NULL: there is none, also of MGMT-PAGE, which has no columns. */
const struct report_layout *profile_report(const struct profile *profile, const char *ref);

/* The codes of all inbound types for a message, such as "EMI, EMT or EMC": joint stands between two of them, last_joint
 * before the last. g_free the result. */
char *profile_inbound_codes(const struct profile *profile, const char *joint, const char *last_joint);

#endif
