/*
 * What the first bytes of a file are, for the message that refuses them. Who reads "a page of HTML" looks at the proxy
 * and not at his instruction. Text that is none of these has no name. Nothing fails.
 */
#ifndef ECOSGATE_FORMATS_CONTENT_H
#define ECOSGATE_FORMATS_CONTENT_H

#include <stddef.h>

/* Bytes from the first that is not blank, within which a page of HTML is recognised. */
enum { CONTENT_HEAD_BYTES = 1024 };

/* The name of what begins with these bytes, after a byte order mark and blanks: "a page of HTML", "gzip data". NULL:
 * something else. */
const char *content_name(const char *head, size_t len);

#endif
