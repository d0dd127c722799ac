/* What the sources of the log share: the table of events, and the texts that an event may have. */
#ifndef ECOSGATE_GATEWAY_LOG_LOG_PRIVATE_H
#define ECOSGATE_GATEWAY_LOG_LOG_PRIVATE_H

#include "gateway/log/log.h"

enum log_limit { LOG_LIMIT_EVERY, LOG_LIMIT_SOME, LOG_LIMIT_ONCE, LOG_LIMIT_CHANGES };

/* A row of events.def. */
struct log_kind {
    const char *name;
    enum log_level level;
    bool fact;
    enum log_limit limit;
};
/* The event's row. */
const struct log_kind *log_kind_of(const struct log_event *event);

/* A member of struct log_event that is a text: its name in JSON, and where it is. */
struct log_text {
    const char *name;
    size_t offset;
};
enum { LOG_TEXTS = 10 };
extern const struct log_text log_texts[LOG_TEXTS];
/* The event's text of that row; may be NULL. */
const char *log_text_of(const struct log_event *event, size_t i);

#endif
