/*
 * `check --answers DIR`: the answers (EMA, EMD) that the gateway would send, as files in DIR. The rows of a judged file
 * go into a scratch ledger by the code that `run` uses (recording.h, plan.h), and the answers are made of them by the
 * code that `run` uses (answer.h). Nothing is kept of one file when the next begins.
 *
 *   answers = check_answers_new(dir, config, now, &error)
 *   for each file: check_answers_begin → check_answers_take for each record → check_answers_write | _abandon
 *   check_answers_free
 *
 * A file that stands in DIR is never replaced.
 */
#ifndef ECOSGATE_GATEWAY_COMMANDS_CHECK_CHECK_ANSWERS_H
#define ECOSGATE_GATEWAY_COMMANDS_CHECK_CHECK_ANSWERS_H

#include "gateway/config/config.h"
#include "validators/judge.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct check_answers;

/* config NULL: there is none; then the gateway is whom the file's header names. now: seconds UTC, the time of receipt
 * and verdict. NULL with an error: dir cannot be used, or belongs to a gateway. Both are borrowed. */
struct check_answers *check_answers_new(const char *dir, const struct config *config, int64_t now, GError **error);
/* NULL is allowed. */
void check_answers_free(struct check_answers *answers);

/* Begins the answers to the file of that name (raw) with the content of fd, which these rules will judge. */
bool check_answers_begin(struct check_answers *answers, const struct rules *rules, const char *name, int fd,
                         GError **error);
/* Takes a judged record; to be called from judge_file's on_row. */
bool check_answers_take(struct check_answers *answers, const struct file_type *type, const struct row *row,
                        GError **error);
/* Writes the answers. Adds their paths (raw; owned by the array) to written, also when a later one fails. */
bool check_answers_write(struct check_answers *answers, const struct verdict *verdict, GPtrArray *written,
                         GError **error);
/* Forgets the file. */
void check_answers_abandon(struct check_answers *answers);

#endif
