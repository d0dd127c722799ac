/*
 * Reads the JSON files of a profile, and tells of every fault with file and line. Shared by the parts of the loader:
 * each part is a file profile_<part>.c with one function in profile_parts.h.
 *
 * A node is a value in a file together with the way that leads to it, so that a fault can say where it is:
 *
 *   struct profile_node file, types, type;
 *   if (profile_file_open(loading, "xml.json", &file)) {
 *       profile_members_are(&file, "namespace", "types", NULL);       a fault for each other member
 *       profile->namespace = profile_text(&file, "namespace", PROFILE_NEEDED);
 *       if (profile_member(&file, "types", JSON_OBJECT, PROFILE_NEEDED, &types)) …
 *   }
 *
 * A node is on the stack, and points to the nodes that it was reached through: these must live as long.
 *
 * Faults: a function that tells of one returns false, NULL or the value that its comment names, and the part goes on
 * with what is left: a profile's author sees all faults at once. profile_load returns NULL when there was one, so a
 * part may leave its tables half filled after a fault.
 * Memory: texts and tables that outlive the loading are the profile's: profile_keep, profile_room.
 */
#ifndef ECOSGATE_FORMATS_PROFILE_PROFILE_JSON_H
#define ECOSGATE_FORMATS_PROFILE_PROFILE_JSON_H

#include "formats/profile.h"
#include "formats/profile/profile_files.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum {
    PROFILE_MAX_NESTING = 16,     /* objects and arrays within each other */
    PROFILE_MAX_FAULTS = 100,     /* that are told one by one; of more their number is told */
    PROFILE_MAX_TEXT_BYTES = 256, /* of a text that the program uses */
};

/* A profile that is being loaded. */
struct profile_loading {
    struct profile *profile;
    struct profile_files *files;
    profile_fault_fn *on_fault;
    void *user;
    size_t n_faults;
    bool sound;                         /* the built-in files, which the tests check: costly checks are left out */
    struct file_type *types;            /* profile->types, while they are being made */
    const json_t *forms;                /* of forms.json; NULL: there are none */
    struct profile_document *documents; /* the JSON files that have been read; profile_json.c alone uses them */
};

struct profile_node {
    struct profile_loading *loading;
    const struct profile_file *file;
    const struct profile_node *above; /* NULL: the value is the whole file */
    const char *member;               /* its name in the object above; NULL: an item of an array */
    size_t item;                      /* its index in the array above */
    json_t *value;                    /* borrowed; an object, array, text … as it was asked for */
};

enum profile_need { PROFILE_OPTIONAL, PROFILE_NEEDED };

/* ---- faults ---- */

/* Tells of a fault at a node (printf): its file, its line. */
void profile_fault_at(const struct profile_node *at, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same of a file that is not there, or as a whole (line 0). */
void profile_fault_of(struct profile_loading *loading, const char *file, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- files and members ---- */

/* Opens a JSON file, which must hold an object. *file: its node. False: it is not there, or it has given a fault;
 * profile_file_is_there tells which. */
bool profile_file_open(struct profile_loading *loading, const char *name, struct profile_node *file);

/* True when the profile has a file of that name. */
bool profile_file_is_there(struct profile_loading *loading, const char *name);

/* The same as profile_file_open for a file that must be there. */
bool profile_file_needed(struct profile_loading *loading, const char *name, struct profile_node *file);

/* The member of an object, which must be of the type. False: it is not there (a fault if it is needed), it is null
 * where it is optional, or it has another type (a fault). */
bool profile_member(const struct profile_node *object, const char *name, json_type type, enum profile_need need,
                    struct profile_node *member);

/* The item of an array, which must be of the type. False: a fault. */
bool profile_item(const struct profile_node *array, size_t i, json_type type, struct profile_node *item);

/* The text of a member: not empty, without control characters and blanks at its ends, of at most
 * PROFILE_MAX_TEXT_BYTES. The profile keeps it. NULL: there is none, or a fault. */
const char *profile_text(const struct profile_node *object, const char *name, enum profile_need need);

/* The text of a node that is a text, likewise. */
const char *profile_node_text(const struct profile_node *node);

/* The text of an optional member, which may have blanks at its ends: a file has it as it is. */
const char *profile_line(const struct profile_node *object, const char *name);

/* Gives a fault if a text that the XSD of the profile shows has characters that XML cannot hold. Line ends are good. */
void profile_check_shown(const struct profile_node *node);

/* Gives a fault for each member of an object that is not named. The names end with NULL. */
void profile_members_are(const struct profile_node *object, ...) __attribute__((sentinel));

/* The same with the names in an array that ends with NULL. */
void profile_members_are_of(const struct profile_node *object, const char *const *names);

/* ---- memory that lives as long as the profile ---- */

/* A copy of a text. */
const char *profile_keep(struct profile *profile, const char *text);

/* n zeroed elements of size bytes. */
void *profile_room(struct profile *profile, size_t n, size_t size);

/* The line of a node in its file, from 1: of the object around it if there is no such member. Of the node and those
 * above it only file, above, member and item are looked at. The file is known to be JSON. */
unsigned profile_node_line(const struct profile_node *node);

/* ---- for profile_load.c ---- */

/* Frees the JSON files that have been read. */
void profile_documents_free(struct profile_loading *loading);

#endif
