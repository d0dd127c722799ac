#!/usr/bin/env python3
"""What the compiler cannot see and a reader should not have to check (TAP): who may include whom, sizes, public
functions without a contract, and names in prose that do not exist. tests/lint.sh has the rules that a grep can hold."""
import os
import re
import sys

TOP = os.environ.get("top_srcdir", os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
MAX_COLUMNS, MAX_LINES, MAX_PARAMETERS = 120, 50, 5
FOLDERS = ("formats", "gateway", "samples", "spool", "tests", "validators")
# Inputs and outputs of tests: nobody wrote their lines to be read.
DATA = re.compile(r"^(tests/fuzz/corpus|samples/(codes|good|way))/")

# Which rooms a room may include besides itself. A room is the deepest folder named here, or a file named here.
COMMON = ("formats", "spool", "validators", "spool/ledger", "gateway", "gateway/config", "gateway/log", "base")
BASE = re.compile(r"gateway/(config/config_file\.[ch]|clock\.[ch]|drops/drop\.h)")
ROOMS = {
    "formats": (),
    "spool": (),
    "spool/ledger": ("spool",),
    "validators": ("formats", "spool", "spool/ledger"),
    "base": ("formats", "spool"),
    "gateway/guards": (),
    "gateway/cells": ("formats", "base", "gateway/guards"),
    "gateway/signer": ("formats", "spool", "validators", "base", "gateway/guards"),
    "gateway": COMMON + ("gateway/drops", "gateway/cells", "gateway/signer"),
    "gateway/config": COMMON + ("gateway/drops", "gateway/cells", "gateway/signer"),
    "gateway/log": COMMON,
    "gateway/drops/sftp": ("formats", "spool", "base", "gateway/guards"),
    "gateway/drops": ("formats", "spool", "base", "gateway/drops/sftp"),
    "gateway/answers": COMMON,
    "gateway/reports": COMMON + ("gateway/answers",),
    "gateway/condition": COMMON + ("gateway/drops", "gateway/answers", "gateway/reports"),
    "gateway/pipeline": COMMON + ("gateway/cells", "gateway/drops", "gateway/answers", "gateway/reports",
                                  "gateway/condition"),
    "gateway/metrics": COMMON + ("gateway/drops", "gateway/answers", "gateway/condition"),
    "gateway/commands": COMMON + ("gateway/cells", "gateway/drops", "gateway/drops/sftp", "gateway/answers",
                                  "gateway/reports", "gateway/condition", "gateway/metrics", "gateway/pipeline"),
}
# Of a room below, these alone.
ONLY = {("gateway/pipeline", "gateway/drops"): {"gateway/drops/transport.h", "gateway/drops/transfer_worker.h",
                                                "gateway/drops/claim.h"}}
# main.c names every command; nothing else above the rooms may.
UPWARD = {("gateway/main.c", "gateway/commands/command.h")}
# Commands with read-only access include no header of what changes the spool, the ledger or a drop, and call none of it.
WRITING = re.compile(
    r"gateway/pipeline/(?!pickup/(completeness|signature_wait)\.h|judging/inventory\.h)|gateway/reports/reports\.h|"
    r"gateway/commands/order/order\.h|"
    r"gateway/answers/(answer|incidents|plan)\.h|spool/(custody|disk|backup|restore)\.h")
WRITING_CALL = re.compile(
    r"\bGATEWAY_WRITER\b|\b(ledger_(begin|commit|open_writer)|job_(move|make|publish|drop|batch_\w+|custody_\w+)|"
    r"disk_(rename|unlink|make_dirs|file_\w+))\(")
# Those that write. doctor.c is not named: the files that it makes in a drop are made by drops/.
WRITING_COMMANDS = re.compile(r"gateway/commands/((order|run)/.*|archive/(archive|archive_restore|tar_out)\.c|"
                              r"check/check_answers\.c|profile/profile_folder\.c|"
                              r"(init|backup|restore|recover|purge)\.c)")
# Headers that also declare functions which only read: answer_digest, job_envelope_read.
READING = {("gateway/commands/verify/verify_job.c", "gateway/answers/answer.h"),
           ("gateway/commands/verify/verify_job.c", "spool/custody.h")}


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8", errors="replace") as file:
        return file.read()


def files(*endings):
    found = []
    for folder in FOLDERS:
        for at, folders, names in os.walk(os.path.join(TOP, folder)):
            folders[:] = [name for name in folders if name != "tmp" and not name.startswith((".", "__"))]
            found += [os.path.relpath(os.path.join(at, name), TOP) for name in names if name.endswith(endings)]
    found += [name for name in ("README.md", "Makefile.am", "configure.ac")
              if name.endswith(endings) and os.path.exists(os.path.join(TOP, name))]
    return sorted(path for path in found if not DATA.match(path))


TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.S)


def blank(text):
    return re.sub(r"[^\n]", " ", text)


def code_of(text, strings=False):
    """The text with comments, and unless asked for also strings, as blanks: lines stay where they are."""
    return TOKEN.sub(lambda m: m[0] if strings and m[0][0] in "\"'" else blank(m[0]), text)


def comments_of(text):
    return [(text.count("\n", 0, m.start()) + 1, m[0]) for m in TOKEN.finditer(text) if m[0].startswith("/")]


def line_of(text, at):
    return text.count("\n", 0, at) + 1


def room_of(path):
    if BASE.fullmatch(path):
        return "base"
    return max((room for room in ROOMS if path.startswith(room + "/")), key=len, default=None)


def is_reading_command(path):
    return path.startswith("gateway/commands/") and not WRITING_COMMANDS.fullmatch(path)


def check_includes():
    wrong = []
    for path in files(".c", ".h"):
        room = room_of(path)
        if room is None:
            continue
        for m in re.finditer(r'^# *include "([^"]+)"', read(path), re.M):
            other = room_of(m[1])
            if other != room and other not in ROOMS[room] and (path, m[1]) not in UPWARD:
                wrong.append(f"{path} includes {m[1]}: {room}/ may include {', '.join(ROOMS[room]) or 'itself only'}")
            if m[1] not in ONLY.get((room, other), {m[1]}):
                wrong.append(f"{path} includes {m[1]}: of {other}/ {room}/ may include "
                             f"{', '.join(ONLY[room, other])} only")
            if is_reading_command(path) and WRITING.match(m[1]) and (path, m[1]) not in READING:
                wrong.append(f"{path} includes {m[1]}, which writes: a command has read-only access or gives an order")
        if is_reading_command(path):
            code = code_of(read(path))
            wrong += [f"{path}:{line_of(code, m.start())}: {m[0]} writes: a command has read-only access or gives "
                      "an order"
                      for m in WRITING_CALL.finditer(code)]
    return wrong


def check_columns():
    return [f"{path}:{n}: {len(line)} columns" for path in files(".c", ".h", ".def", ".md", ".py", ".sh")
            for n, line in enumerate(read(path).split("\n"), 1) if len(line) > MAX_COLUMNS]


FUNCTION = re.compile(r"^([A-Za-z_][^;{}#\n]*\([^;{}#]*\))\n\{(.*?)^\}", re.M | re.S)


def check_functions():
    wrong = []
    for path in files(".c"):
        code = code_of(read(path))
        for m in FUNCTION.finditer(code):
            if m[2].count("\n") > MAX_LINES:
                wrong.append(f"{path}:{line_of(code, m.start())}: a function of {m[2].count(chr(10))} lines")
    return wrong


DECLARED = re.compile(r"^(?!typedef\b|return\b|else\b)[A-Za-z_][\w *]*?\b(\w+)\(((?:[^()]|\([^()]*\))*)\)[^;{]*[;{]",
                      re.M)


def comment_above(lines, n):
    """The comment that ends right above line n (counted from 1), through other declarations of its paragraph."""
    text, at = [], n - 2
    while at >= 0 and lines[at].strip():
        text.insert(0, lines[at])
        if "/*" in lines[at]:
            break
        at -= 1
    return "\n".join(text)


def check_parameters():
    wrong = []
    for path in files(".c", ".h"):
        if path.startswith("tests/"):
            continue
        text = read(path)
        code, lines = code_of(text), text.split("\n")
        for m in DECLARED.finditer(code):
            n = m[2].count(",") + 1
            if n > MAX_PARAMETERS and "Parameters:" not in comment_above(lines, line_of(code, m.start())):
                wrong.append(f"{path}:{line_of(code, m.start())}: {m[1]} has {n} parameters")
    return wrong


def check_contracts():
    """Each function that a header declares has a comment above it, in its paragraph, or behind it."""
    wrong = []
    for path in files(".h"):
        if path.startswith("tests/"):
            continue
        text = read(path)
        code, lines = code_of(text), text.split("\n")
        for m in DECLARED.finditer(code):
            if m[1].startswith("G_DEFINE") or m[0].startswith("static"):
                continue
            first, last = line_of(code, m.start()), line_of(code, m.end())
            if not (lines[first - 2].rstrip().endswith(("*/", "G_GNUC_PRINTF(2, 3)")) or "/*" in lines[last - 1]):
                wrong.append(f"{path}:{first}: {m[1]} has no comment")
    return wrong


# A word of prose that looks like a name: with an underscore, or with the ending of a source file.
NAME = re.compile(r"(?<![\w/.<>%$-])((?:[a-z_]+/)*[A-Za-z0-9_]+\.(?:c|h|def|py|sh|md|xsd))(?![\w/])|"
                  r"(?<![\w./<$-])([a-z][a-z0-9]*(?:_[a-z0-9]+)+)(?![\w*…<])")
FOREIGN = re.compile(
    r"^(sqlite3|libssh2|xml|archive|g|json|cmocka|git|gcc|pg|known|authorized|node|lsan|etilqs|sshd|ssh|drbd)_")
# Files of other projects and of the system that prose may name.
OTHER_FILES = {"stdio.h", "sqlite3.h", "sftp-client.c", "sshd_config", "ssh_config", "known_hosts", "openssl.cnf"}


def names_in_code():
    """Every word that stands in code, settings, tables or tests: what prose may name."""
    words = set()
    for path in files(".c", ".h", ".def"):
        words.update(re.findall(r"\w+", code_of(read(path), strings=True)))
    for path in files(".py", ".sh", ".json", ".xsd", ".5", ".am", ".ac"):
        words.update(re.findall(r"\w+", read(path)))
    return words


def file_exists(path, name):
    """A file as prose names it: from the top, from the folder of the prose, or by its last part alone."""
    if "/" not in name:
        return name in OTHER_FILES or name.startswith("NAME") or name in BASENAMES
    return "NAME" in name or any(os.path.exists(os.path.join(TOP, folder, name))
                                 for folder in ("", os.path.dirname(path)))


BASENAMES = {os.path.basename(path) for path in
             files(".c", ".h", ".def", ".md", ".py", ".sh", ".am", ".ac", ".1", ".5", ".json", ".xsd", ".supp")}


def check_names():
    wrong, known = [], names_in_code()
    for path in files(".c", ".h", ".def", ".md"):
        text = read(path)
        prose = [(1, text)] if path.endswith(".md") else comments_of(text)
        for line, piece in prose:
            for m in NAME.finditer(piece):
                name = m[1] or m[2]
                there = file_exists(path, name) if m[1] else name in known or FOREIGN.match(name)
                if not there and name.upper() not in known:  # STEP_… and the like are put together by a macro
                    wrong.append(f"{path}:{line + piece.count(chr(10), 0, m.start())}: there is no {name}")
    return wrong


# Words of the project's first versions that a newcomer could not know, and what to write instead.
PRIVATE_WORDS = {
    "carrier": "connection", "courier": "transfer worker", "errand": "transfer", "barred": "Non-Migratable",
    "untold": "not yet reported", "what is so": "name it", "is so no more": "no longer exists",
    "nobody takes": "name it",
    "set aside": "moved to corrupt/ or held/", "is fine": "is allowed", "those of them": "name them",
}


def check_words():
    private, wrong = re.compile(r"\b(" + "|".join(PRIVATE_WORDS) + r")s?\b", re.I), []
    for path in files(".c", ".h", ".def", ".md", ".1", ".5"):
        text = read(path)
        prose = [(1, text)] if path.endswith((".md", ".1", ".5")) else comments_of(text)
        wrong += [f"{path}:{line + piece.count(chr(10), 0, m.start())}: {m[0]}: write {PRIVATE_WORDS[m[1].lower()]}"
                  for line, piece in prose for m in private.finditer(piece)]
    return wrong


def report(number, text, wrong):
    print(f"{'not ok' if wrong else 'ok'} {number} - {text}")
    for line in wrong[:40]:
        print(f"# {line}")
    if len(wrong) > 40:
        print(f"# and {len(wrong) - 40} more")
    return not wrong


def main():
    checks = (
        ("rooms include only what stands below them", check_includes),
        (f"no line is over {MAX_COLUMNS} columns", check_columns),
        (f"no function is over {MAX_LINES} lines", check_functions),
        (f"no function has more than {MAX_PARAMETERS} parameters without a reason", check_parameters),
        ("every public function has a comment", check_contracts),
        ("every name in a comment or a note exists", check_names),
        ("no private word stands in prose", check_words),
    )
    good = [report(n, text, check()) for n, (text, check) in enumerate(checks, 1)]
    print(f"1..{len(checks)}")
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
