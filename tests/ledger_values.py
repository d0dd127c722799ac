#!/usr/bin/env python3
"""Bound values of the ledger: a value of the wrong type must not compile, whatever the compiler's warnings are (TAP).

Compiles one function for each value. First the compiler has to accept the values that the ledger binds.
"""
import concurrent.futures
import os
import shlex
import subprocess
import sys

SOURCE = os.environ.get("top_srcdir", ".")
COMPILER = shlex.split(os.environ.get("CC", "cc")) + shlex.split(os.environ.get("DEPS_CFLAGS", ""))
FUNCTION = """#include "spool/ledger/ledger_private.h"
#include "spool/ledger/ledger_devices.h"
struct things {
    int64_t number;
    uint64_t id;
    enum ledger_state state;
    bool flag;
    double half;
    const char *text;
    char *mine;
    const char array[3];
    const int64_t *pointer;
};
bool use(struct ledger *ledger, const struct things *x);
bool use(struct ledger *ledger, const struct things *x)
{
    LEDGER_SQL(change, "UPDATE counter SET value=?");
    (void)x;
    return ledger_run(ledger, &change, LEDGER_VALUES(%s), NULL);
}
"""
RIGHT = ("LEDGER_INT(x->number)", "LEDGER_INT(x->state)", "LEDGER_INT(x->flag)", "LEDGER_INT(1)",
         "LEDGER_INT_OR_NULL(x->number)", "LEDGER_ID(x->id)", "LEDGER_ID_OR_NULL(x->id)",
         "LEDGER_ID_IF(x->flag, x->id)", "LEDGER_TEXT(x->text)", "LEDGER_TEXT(x->mine)",
         "LEDGER_TEXT(x->array)", 'LEDGER_TEXT("text")')
WRONG = {
    "a text for a number": "LEDGER_INT(x->text)", "a text for a number or NULL": "LEDGER_INT_OR_NULL(x->text)",
    "a pointer to a number for the number": "LEDGER_INT(x->pointer)", "NULL for a number": "LEDGER_INT(NULL)",
    "a fraction for a number": "LEDGER_INT(x->half)", "an EUI-64 for a number": "LEDGER_INT(x->id)",
    "a number for an EUI-64": "LEDGER_ID(x->number)", "a text for an EUI-64": "LEDGER_ID_OR_NULL(x->text)",
    "a number for a text": "LEDGER_TEXT(x->number)", "0 for a text": "LEDGER_TEXT(0)",
    "an enum for a text": "LEDGER_TEXT(x->state)",
    "a pointer to a number for a text": "LEDGER_TEXT(x->pointer)", "NULL for a text": "LEDGER_TEXT(NULL)",
}


def compile_value(value):
    """What the compiler says, with its warnings switched off; "" is success."""
    options = ("-std=gnu11", "-D_GNU_SOURCE", "-w", "-fsyntax-only", f"-I{SOURCE}", "-x", "c", "-")
    done = subprocess.run([*COMPILER, *options], input=FUNCTION % value, capture_output=True, text=True, check=False,
                          env={**os.environ, "LC_ALL": "C"})
    return "" if done.returncode == 0 else done.stderr or f"exit {done.returncode}"


def main():
    count = bad = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        cases = [(f"{value} compiles", value, True) for value in RIGHT]
        cases += [(f"{what} does not compile: {value}", value, False) for what, value in WRONG.items()]
        for (what, _, right), said in zip(cases, pool.map(compile_value, [value for _, value, _ in cases])):
            count += 1
            good = (said == "") == right
            bad += not good
            print(f"{'ok' if good else 'not ok'} {count} - {what}", flush=True)
            if not good:
                print("\n".join(f"# {line}" for line in said.splitlines()[:20]), flush=True)
    print(f"1..{count}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
