#!/usr/bin/env python3
"""Outgoing columns: a column whose value nobody makes must not compile (TAP).

Copies formats/outgoing_columns.h, changes its lists, and compiles the sources that fill the records against the copy.
The compiler has to refuse each of them with a message that names the layout. First it has to accept the unchanged list.
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
LIST = os.path.join("formats", "outgoing_columns.h")
# A list of columns: its name, and its lines to the last one, which does not end in a backslash.
COLUMNS = re.compile(r"^#define (\w+)_COLUMNS\(COLUMN\)(?:.*\\\n)+.*", re.M)


def read(path):
    with open(os.path.join(SOURCE, path), encoding="utf-8") as file:
        return file.read()


def compile_one(source, columns, text=None):
    """What the compiler says of a source, or of another text in its place, with these lists; "": it compiles."""
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(os.path.join(folder, "formats"))
        with open(os.path.join(folder, LIST), "w", encoding="utf-8") as file:
            file.write(columns)
        path = os.path.join(SOURCE, source)
        if text is not None:
            path = os.path.join(folder, os.path.basename(source))
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        done = subprocess.run([*COMPILER, "-std=gnu11", "-D_GNU_SOURCE", "-fsyntax-only", f"-I{folder}", f"-I{SOURCE}",
                               path], capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"})
        return "" if done.returncode == 0 else done.stderr or f"exit {done.returncode}"


def with_column(columns, column):
    """Each list with one column more; column says for the name of a layout what it is."""
    return COLUMNS.sub(lambda match: f"{match.group(0)} \\\n    {column(match.group(1))}", columns)


def main():
    tap = Tap()
    columns = read(LIST)
    layouts = COLUMNS.findall(columns)
    sources = {}
    for folder in ("answers", "reports"):
        for name in sorted(os.listdir(os.path.join(SOURCE, "gateway", folder))):
            path = os.path.join("gateway", folder, name)
            found = re.findall(r"^FACTS_DECLARE\((\w+)\);", read(path), re.M) if name.endswith(".c") else []
            if found:
                sources[path] = found
    filled = sorted(layout for found in sources.values() for layout in found)
    tap.ok(len(layouts) > 10 and sorted(layouts) == filled, "each list of columns is filled in one place",
           f"lists: {sorted(layouts)}\nfilled: {filled}")

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        unknown = with_column(columns, lambda layout: f'COLUMN({layout}, OPTIONAL, "Colour", colour)')
        unchanged = {path: pool.submit(compile_one, path, columns) for path in sources}
        changed = {path: pool.submit(compile_one, path, unknown) for path in sources}
        for path, found in sources.items():
            tap.ok(not unchanged[path].result(), f"{path} compiles as it is", unchanged[path].result())
            for layout in found:
                said = changed[path].result()
                tap.ok(re.search(rf"\b{layout}_colour\b", said) is not None,
                       f"{layout}: a column whose fact is not known does not compile, and the message names it", said)

    answer, report = os.path.join("gateway", "answers", "emw.c"), os.path.join("gateway", "reports", "report_devices.c")
    for path, layout in ((answer, "EMW"), (report, "ECOSMIG_001")):
        known = with_column(columns, lambda layout: f'COLUMN({layout}, OPTIONAL, "Colour", device_id)')
        said = compile_one(path, known)
        tap.ok(not said, f"{layout}: a column more of a fact that is known needs no other change", said)
        without = with_column(columns, lambda layout: f'COLUMN({layout}, OPTIONAL, "Colour")')
        said = compile_one(path, without)
        tap.ok(f"FACTS_DECLARE({layout})" in said, f"{layout}: a column without a fact does not compile", said)
        text, n = re.subn(rf"^    FACT\({layout}, work_item,.*\\\n", "", read(path), flags=re.M)
        said = compile_one(path, columns, text)
        tap.ok(n == 1 and re.search(rf"\b{layout}_work_item\b", said) is not None,
               f"{layout}: a fact that nobody makes any more does not compile", said)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
