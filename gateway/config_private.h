/*
 * The configuration while it is loaded (config*.c): a key file whose faults are gathered, each with its line.
 *
 *   config_read_keys → config_load_groups (config_…_value for each setting) → config_check_keys
 *
 * A value that is missing or wrong is a fault and stands for the fallback, so that one loading tells all faults. Texts
 * given out are the caller's to free. `group` is what stands between the brackets, with its name.
 */
#ifndef ECOSGATE_GATEWAY_CONFIG_PRIVATE_H
#define ECOSGATE_GATEWAY_CONFIG_PRIVATE_H

#include "gateway/config.h"

struct config_loading {
    const char *path;
    char *dir;
    GKeyFile *file;
    GHashTable *lines; /* "group\nkey" → line; "group\n" → line of the group */
    GHashTable *known; /* keys that something asked for */
    GString *faults;
};

/* ---- config_file.c ---- */

/* The text into l->file. What GKeyFile would pass over is a fault; false, with error set, for what it finds itself. */
bool config_read_keys(struct config_loading *l, const char *text, size_t len, GError **error);
/* Keys that nothing asked for are faults. */
void config_check_keys(struct config_loading *l);

/* Where a key stands; its group where it does not, or where key is "". */
int config_line_of(const struct config_loading *l, const char *group, const char *key);
void config_problem_at(struct config_loading *l, int line, const char *format, ...) G_GNUC_PRINTF(3, 4);
void config_problem(struct config_loading *l, const char *group, const char *key, const char *expected);

/* Without blanks around it; fallback NULL: it must be there, and is "" where it is not. */
char *config_text_value(struct config_loading *l, const char *group, const char *key, const char *fallback);
/* Relative to the file's folder. */
char *config_path_value(struct config_loading *l, const char *group, const char *key, const char *fallback);
int64_t config_number_value(struct config_loading *l, const char *group, const char *key, int64_t fallback, int64_t min,
                            int64_t max);
/* Index of the value in choices (NULL-terminated); the first one is the fallback. */
size_t config_choice_value(struct config_loading *l, const char *group, const char *key, const char *const *choices);
/* What stands between ';', without empty parts. */
char **config_list_value(struct config_loading *l, const char *group, const char *key, const char *fallback);
/* The key eui64; 0 where it is missing or wrong. */
uint64_t config_eui64_value(struct config_loading *l, const char *group);
/* A point in time, 0 where none is given. */
int64_t config_instant_value(struct config_loading *l, const char *group, const char *key);
/* A key that does not belong there. */
void config_refuse_key(struct config_loading *l, const char *group, const char *key, const char *expected);

/* ---- config_groups.c ---- */

/* What each group of the file says. */
void config_load_groups(struct config_loading *l, struct config *c);

#endif
