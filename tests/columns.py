#!/usr/bin/env python3
"""Outgoing facts: a fact that a profile may name, and whose value nobody makes, must not compile (TAP).

Copies formats/outgoing_facts.h, changes its lists, and compiles the sources that fill the records against the copy.
The compiler has to refuse each of them with a message that names the record. First it has to accept the unchanged list.
"""
import concurrent.futures
import os
import re
import shlex
import subprocess
import sys
import tempfile

from tap import Tap

SOURCE = os.environ.get("top_srcdir", ".")
COMPILER = shlex.split(os.environ.get("CC", "cc")) + shlex.split(os.environ.get("DEPS_CFLAGS", ""))
LIST = os.path.join("formats", "outgoing_facts.h")
# A list of facts: the name of its record, and its lines to the last one, which does not end in a backslash.
GIVES = re.compile(r"^#define (\w+)_GIVES\(FACT\)(?:.*\\\n)+.*", re.M)


def read(path):
    with open(os.path.join(SOURCE, path), encoding="utf-8") as file:
        return file.read()


def compile_one(source, facts, text=None):
    """What the compiler says of a source, or of another text in its place, with these lists; "": it compiles."""
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(os.path.join(folder, "formats"))
        with open(os.path.join(folder, LIST), "w", encoding="utf-8") as file:
            file.write(facts)
        path = os.path.join(SOURCE, source)
        if text is not None:
            path = os.path.join(folder, os.path.basename(source))
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        done = subprocess.run([*COMPILER, "-std=gnu11", "-D_GNU_SOURCE", "-fsyntax-only", f"-I{folder}", f"-I{SOURCE}",
                               path], capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"})
        return "" if done.returncode == 0 else done.stderr or f"exit {done.returncode}"


def with_fact(facts, fact):
    """Each list with one fact more."""
    return GIVES.sub(lambda match: f"{match.group(0)} \\\n    FACT({match.group(1)}, OPTIONAL, {fact})", facts)


def main():
    tap = Tap()
    facts = read(LIST)
    records = GIVES.findall(facts)
    sources = {}
    for folder in ("answers", "reports"):
        for name in sorted(os.listdir(os.path.join(SOURCE, "gateway", folder))):
            path = os.path.join("gateway", folder, name)
            found = re.findall(r"^FACTS_DECLARE\((\w+)\);", read(path), re.M) if name.endswith(".c") else []
            if found:
                sources[path] = found
    filled = sorted(record for found in sources.values() for record in found)
    tap.ok(len(records) > 10 and sorted(records) == filled, "each list of facts is filled in one place",
           f"lists: {sorted(records)}\nfilled: {filled}")

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        more = with_fact(facts, "party_drop")
        unchanged = {path: pool.submit(compile_one, path, facts) for path in sources}
        changed = {path: pool.submit(compile_one, path, more) for path in sources}
        for path, found in sources.items():
            tap.ok(not unchanged[path].result(), f"{path} compiles as it is", unchanged[path].result())
            for record in found:
                said = changed[path].result()
                tap.ok(re.search(rf"\b{record}_party_drop\b", said) is not None,
                       f"{record}: a fact that nobody makes does not compile, and the message names it", said)

    answer, report = os.path.join("gateway", "answers", "emw.c"), os.path.join("gateway", "reports", "report_devices.c")
    for path, record in ((answer, "EMW"), (report, "ECOSMIG_001")):
        text, n = re.subn(rf"^    FACT\({record}, work_item,.*\\\n", "", read(path), flags=re.M)
        said = compile_one(path, facts, text)
        tap.ok(n == 1 and re.search(rf"\b{record}_work_item\b", said) is not None,
               f"{record}: a fact that nobody makes any more does not compile", said)
        text = read(path).replace(f"#define {record}_FACTS(FACT)",
                                  f"#define {record}_FACTS(FACT) FACT({record}, party_drop, NULL)")
        said = compile_one(path, facts, text)
        tap.ok(f"{record}_FACTS has a fact that {record}_GIVES does not have" in said,
               f"{record}: a fact that no profile may name does not compile", said)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
