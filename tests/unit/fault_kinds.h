/*
 * Short names for the kinds of faults that readers find (formats/reader.h), as their tests write them.
 */
#ifndef ECOSGATE_TESTS_FAULT_KINDS_H
#define ECOSGATE_TESTS_FAULT_KINDS_H

#include "formats/reader.h"

static const char *const fault_kinds[] = {
    [FAULT_FORM] = "FORM",
    [FAULT_EMPTY] = "EMPTY",
    [FAULT_TRUNCATED] = "TRUNCATED",
    [FAULT_LIMIT] = "LIMIT",
    [FAULT_NOT_WELL_FORMED] = "NOT_WELL_FORMED",
    [FAULT_ROOT] = "ROOT",
    [FAULT_ELEMENT] = "ELEMENT",
    [FAULT_DOCTYPE] = "DOCTYPE",
    [FAULT_ENCODING] = "ENCODING",
    [FAULT_TYPE] = "TYPE",
    [FAULT_HEADER_RECORD] = "HEADER",
    [FAULT_TRAILER_RECORD] = "TRAILER",
    [FAULT_CUT_RECORD] = "CUT",
    [FAULT_FIELD_COUNT] = "FIELDS",
    [FAULT_QUOTING] = "QUOTING",
};

#endif
