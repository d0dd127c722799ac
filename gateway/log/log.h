/*
 * The log of `run`, on standard error: the only place that decides which lines it has, and what form they have.
 *
 *   log_begin(&settings);
 *   log_event(LOG(EVENT_PICKED_UP, .job = id, .drop = name, .file = file), "drop %s: %s is job …", …);
 *   log_tick();                       after each pass
 *   log_end();
 *
 * Each line is an event of gateway/log/events.def: that table has its name, its level, and how often it may be
 * repeated. A FACT within a transaction is written after the commit, and never if the transaction is rolled back
 * (log_ledger): whoever makes the change logs it beside the change. A crash between commit and line loses the line;
 * the ledger has the fact.
 *
 * A line has no Device ID and no MPxN unless its event has the level DEBUG. Texts from outside may hold any byte: the
 * form makes them harmless (log_form.h). A standard error that is full or closed loses lines, counts them, and never
 * stops the gateway (log_output.h).
 *
 * Until log_begin, and so in all other commands, a message is for the person who gave the command: "ecosgate: " and the
 * text, from the level WARNING on. One thread logs, the one that uses the ledger.
 */
#ifndef ECOSGATE_GATEWAY_LOG_LOG_H
#define ECOSGATE_GATEWAY_LOG_LOG_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct ledger;

/* As syslog(3) orders them; their priorities are theirs there. */
enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_NOTICE, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

enum log_format {
    LOG_FORMAT_AUTO,         /* the journal's if standard error goes there, else text */
    LOG_FORMAT_TEXT,         /* time, level, event: message */
    LOG_FORMAT_JSON,         /* one object on a line */
    LOG_FORMAT_JOURNAL,      /* "<priority>" and no time, as sd-daemon(3) describes it */
    LOG_FORMAT_JSON_JOURNAL, /* "<priority>" and the object: JSON for the journal; no setting has it */
    LOG_FORMAT_PLAIN,        /* "ecosgate: " and the message: before log_begin; no setting has it */
};

/* The names of both, as options and settings take them, each list in the order of its enum; NULL ends them. */
extern const char *const log_level_names[], *const log_format_names[];

enum log_event_id {
#define EVENT(identifier, name, level, when, limit) EVENT_##identifier,
#include "gateway/log/events.def"
#undef EVENT
};

/* One number of an event: "accepted", 12. Its name is a word of ours. */
struct log_count {
    const char *name;
    int64_t n;
};

/* An event and what it is about. Texts are NULL, and numbers 0, where the event has none. All is borrowed. */
struct log_event {
    enum log_event_id id;
    int64_t job;
    const char *file;    /* a file's name, escaped */
    const char *drop;    /* of the configuration */
    const char *party;   /* its code */
    const char *batch;   /* a BatchId, or SENDER.BATCHID */
    const char *verdict; /* AC, WN, PA, RJ */
    const char *code;    /* B107, A102 … */
    const char *subject; /* what an incident is about, unless it is a Device; "spool", a folder, an order's kind … */
    const char *report;  /* ECOSMIG-001 … */
    const char *chain;   /* the head of the chain of evidence, hexadecimal */
    const char *by;      /* the user who gave an order */
    const struct log_count *counts; /* {NULL, 0} ends them; NULL: none */
};
#define LOG(...) (&(const struct log_event){.id = __VA_ARGS__})
#define LOG_COUNTS(...) ((const struct log_count[]){__VA_ARGS__, {NULL, 0}})

/* Logs it. The text is a message for people that makes sense by itself; it ends without a full stop. */
void log_event(const struct log_event *event, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Logs each line of a text by itself; before log_begin, the text as it is. */
void log_lines(const struct log_event *event, const char *text);
/* Adds n to a number of an event that log_tick writes once, as "in this pass: migrated 512, failed 3": for what happens
 * too often for a line each time. name is a constant. A FACT waits for its commit here, too. */
void log_add(enum log_event_id id, const char *name, int64_t n);
/* What ONCE and CHANGES hold back is over: the next one with that event and these members is written again. */
void log_over(const struct log_event *event);
/* As after a start: whatever lasts is written once more. */
void log_over_all(void);
/* True if an event of that level would be written: to spare the work for a line that is not. */
bool log_wants(enum log_level level);

struct log_settings {
    enum log_format format;
    enum log_level level; /* lines of this one, and graver ones */
};

/* From now on lines have the form of a log. May be called again: for a configuration that was read again. */
void log_begin(const struct log_settings *settings);
/* Writes the sums, and what was left out because of repetition and is now due to be told. Call it after each pass. */
void log_tick(void);
/* Writes all of that. Then messages have the form of other commands again. */
void log_end(void);

/* From now on the FACTs that are logged during a transaction of this ledger wait for its end. */
void log_ledger(struct ledger *ledger);

/* Writes text as an event of its own, for a signal handler that ends the process: async-signal-safe, does not wait. */
void log_last_words(const char *text);

#endif
