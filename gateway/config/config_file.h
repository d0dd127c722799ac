/*
 * Reading a key file whose problems are gathered, each with its line, so that one start tells an operator all of them.
 * Knows no setting: those of [gateway], [review] and [party …] are in config_groups.c, those of a drop in the files of
 * its transport.
 *
 *   config_read_keys → config_…_value for each setting → config_check_keys
 *
 * A value that is missing or wrong is a problem and stands for the fallback. `group` is what stands between the
 * brackets, with its name ("drop mcc"). Texts that are returned belong to the caller: g_free.
 */
#ifndef ECOSGATE_GATEWAY_CONFIG_CONFIG_FILE_H
#define ECOSGATE_GATEWAY_CONFIG_CONFIG_FILE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct config_loading {
    const char *path; /* as it was given, for the messages */
    char *dir;        /* folder of the file: relative paths begin there */
    GKeyFile *file;
    GHashTable *lines;   /* "group\nkey" → line; "group\n" → line of the group */
    GHashTable *known;   /* "group\nkey" of the settings that something asked for */
    GPtrArray *problems; /* config_problem_free frees each; empty: none */
    GPtrArray *faults;   /* of profiles, likewise: they stop one partner only (config_profiles.h) */
};

/* Bounds of a number, both included, and what it is if it is not set. */
struct config_range {
    int64_t fallback, min, max;
};

/* Parses the text into l->file. What GKeyFile would silently accept is a problem; what GKeyFile itself refuses is the
 * error, with which it returns false. */
bool config_read_keys(struct config_loading *l, const char *text, size_t len, GError **error);
/* Makes a problem of each setting that nothing has asked for. */
void config_check_keys(struct config_loading *l);

/* The line of a setting; of its group if the setting is not there or key is "". */
int config_line_of(const struct config_loading *l, const char *group, const char *key);
/* Adds a problem at a line. */
void config_problem_at(struct config_loading *l, int line, const char *format, ...) G_GNUC_PRINTF(3, 4);
/* Adds a fault of a profile, which the setting at that line names. */
void config_fault_at(struct config_loading *l, int line, const char *text);
/* All of them, `problems` or `faults`, one a line, in the order of their lines. g_free. */
char *config_problems_text(const struct config_loading *l, GPtrArray *problems);
/* Frees one entry of `problems`: a GDestroyNotify. */
void config_problem_free(void *problem);
/* Adds a problem at a setting whose value is not what was `expected`. */
void config_problem(struct config_loading *l, const char *group, const char *key, const char *expected);

/* A text without blanks around it. fallback NULL: the setting must be there; it is "" then. */
char *config_text_value(struct config_loading *l, const char *group, const char *key, const char *fallback);
/* A path on this machine, made absolute from the file's folder. */
char *config_path_value(struct config_loading *l, const char *group, const char *key, const char *fallback);
/* A whole number within the range. */
int64_t config_number_value(struct config_loading *l, const char *group, const char *key, struct config_range range);
/* The index of the value in choices (NULL-terminated), the first of which is the fallback. */
size_t config_choice_value(struct config_loading *l, const char *group, const char *key, const char *const *choices);
/* The texts between ';', without empty ones: g_strfreev. */
char **config_list_value(struct config_loading *l, const char *group, const char *key, const char *fallback);
/* The setting eui64, which must be there; 0 if it is missing or wrong. */
uint64_t config_eui64_value(struct config_loading *l, const char *group);
/* A time in seconds UTC; 0 if none is given. */
int64_t config_instant_value(struct config_loading *l, const char *group, const char *key);
/* Makes a problem of a setting that does not belong into this group. */
void config_refuse_key(struct config_loading *l, const char *group, const char *key, const char *expected);

#endif
