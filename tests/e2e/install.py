#!/usr/bin/env python3
"""`make install`: an installed copy has every document and sample that another one refers to, and they work (TAP)."""
import filecmp
import glob
import os
import re
import subprocess
import tempfile

from home import FOLDER, NOW, PATIENCE, SOURCE, Home, Tap

BUILD = os.environ.get("top_builddir", ".")
# What is in the source only: code, and what builds or tests it. README.md says so.
CODE = re.compile(r"\.(c|h|def|ac|am|supp|so)$|^(\.\./)?(tests|\.ci)/(?!README\.md)|"
                  r"^(samples/)?(demo\w*|packages)\.sh$|^(formats/)?(schema/strict\.py|profile/embed\.sh)$")
# Words that look like a file of this project and are none of it.
FOREIGN = re.compile(r"^(sshd_config|known_hosts|.*_config)$|^NAME|[*…<>]|^/|^~")
ENDINGS = r"(?:\.(?:md|py|sh|json|xsd|csv|xml|def|c|h|ac|am|supp|so)|ecosgate\.1|ecosgate\.conf\.5)"
WORD = re.compile(rf"^(?:\.\./)?[\w.-]+(?:/[\w.-]+)*(?:{ENDINGS}|/)$")


def install(tap):
    """The root of an installed copy."""
    root = tempfile.mkdtemp(prefix=FOLDER)
    Home.made.append(root)
    env = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    done = subprocess.run(["make", "-s", "-C", BUILD, "install", f"DESTDIR={root}"], env=env, capture_output=True,
                          check=False, timeout=PATIENCE)
    tap.ok(done.returncode == 0, "make install", done.stdout.decode()[-2000:], done.stderr.decode()[-2000:])
    return root, env


def only(pattern):
    found = glob.glob(pattern, recursive=True)
    if len(found) != 1:
        raise RuntimeError(f"{pattern}: {found}")
    return found[0]


def words_of_markdown(text):
    for piece in re.findall(r"`([^`\n]+)`", text):
        yield from piece.split()
    yield from re.findall(r"\]\(([^)#:]+)\)", text)


def words_of_manual(text):
    text = re.sub(r"\\f[BIRP]|\\c", "", text).replace("\\-", "-").replace("\\&", "")
    yield from (word.strip('".,;:()') for word in text.split())


def references(path):
    """The files of this project that a document names: each word that looks like one."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    words = words_of_markdown(text) if path.endswith(".md") else words_of_manual(text)
    manual = re.findall(r"\b(ecosgate(?:\.conf)?)\(?[\" ]*\((\d)\)", text)
    return ({word for word in words if WORD.match(word) and not FOREIGN.search(word)} |
            {f"{name}.{section}" for name, section in manual})


class Copy:
    """What stands in an installed copy, as its documents name it."""

    def __init__(self, root):
        self.doc = os.path.dirname(only(f"{root}/**/share/doc/ecosgate/README.md"))
        self.manuals = {os.path.basename(path): path for path in glob.glob(f"{root}/**/man/man?/*", recursive=True)}
        self.documents = sorted(glob.glob(f"{self.doc}/**/*.md", recursive=True)) + sorted(self.manuals.values())
        self.names = {name for _, _, files in os.walk(self.doc, followlinks=True) for name in files}

    def has(self, document, word):
        """From the top, from the folder of the document, or by the last part alone."""
        plain = word.rstrip("/")
        return (any(os.path.exists(os.path.join(folder, plain)) for folder in (self.doc, os.path.dirname(document))) or
                os.path.basename(plain) in self.manuals or ("/" not in word and word in self.names))


def is_code(place, word):
    """A file of code or tests, or a folder of such files, as a document at that place names it."""
    names = (word, os.path.normpath(os.path.join(os.path.dirname(place), word)))
    return any(CODE.search(name) or glob.glob(os.path.join(SOURCE, name, "*.[ch]")) for name in names)


def is_in_source(place, word):
    return any(os.path.exists(os.path.join(SOURCE, folder, word)) for folder in ("", os.path.dirname(place)))


def test_references(tap, root):
    copy = Copy(root)
    followed, missing, foreign = 0, [], []
    for document in copy.documents:
        place = os.path.relpath(document, copy.doc)
        for word in sorted(references(document)):
            if copy.has(document, word):
                followed += 1
            elif is_code(place, word):
                continue
            elif is_in_source(place, word) or word.endswith((".md", ".1", ".5", ".xsd")):
                missing.append(f"{place} refers to {word}")
            else:
                foreign.append(word)
    tap.ok(not missing and followed > 80 and len(copy.documents) > 15,
           f"{len(copy.documents)} documents: every document and sample that one refers to is there ({followed})",
           *missing, f"neither here nor in the source: {sorted(set(foreign))}")
    for name in ("README.md", "formats/FILES.md", "samples/README.md", "tests/README.md", "gateway/OPERATIONS.md"):
        tap.ok(os.path.join(copy.doc, name) in copy.documents, f"{name} is installed under this name")
    folders = ("", "formats", "gateway", "samples", "spool", "tests", "validators")
    in_source = {os.path.relpath(path, SOURCE) for folder in folders
                 for path in glob.glob(os.path.join(SOURCE, folder, "*.md"))}
    there = {os.path.relpath(path, copy.doc) for path in copy.documents}
    tap.ok(in_source and in_source <= there, "no document of the source is missing", sorted(in_source - there))


def test_content(tap, root):
    copy = Copy(root)
    pairs = [(path.rstrip("/"), os.path.join(copy.doc, "samples", os.path.basename(path.rstrip("/"))))
             for path in glob.glob(os.path.join(SOURCE, "samples", "*/")) if "__pycache__" not in path]
    different, same = [], 0
    for source, there in pairs:
        for folder, _, names in os.walk(source):
            for name in names:
                path = os.path.join(folder, name)
                other = os.path.join(there, os.path.relpath(path, source))
                if os.path.exists(other) and filecmp.cmp(path, other, shallow=False):
                    same += 1
                else:
                    different.append(other)
    tap.ok(same > 300 and not different, f"{same} files of samples are those of the source", *different[:10])
    for name in ("schema", "profiles"):
        here = os.path.join(SOURCE, "formats", name)
        wanted = [os.path.relpath(os.path.join(folder, file), here) for folder, _, files in os.walk(here)
                  for file in files if file.endswith((".json", ".xsd"))]
        link = os.path.join(copy.doc, "formats", name)
        missing = [file for file in wanted if not os.path.exists(os.path.join(link, file))]
        tap.ok(wanted and not missing, f"formats/{name}: every file stands where FILES.md says", missing)
        tap.ok(os.path.realpath(link).startswith(os.path.realpath(root) + "/"),
               f"formats/{name} is found wherever the copy stands", os.path.realpath(link))
    closed = [path for path in glob.glob(f"{copy.doc}/**", recursive=True)
              if os.stat(path).st_mode & 0o444 != 0o444]
    tap.ok(not closed, "everybody may read it", closed[:10])


def test_work(tap, root):
    """The samples, the generator and the golden test of the installed copy, with its program."""
    copy = Copy(root)
    program, generator = only(f"{root}/**/bin/ecosgate"), only(f"{root}/**/libexec/ecosgate/generate")
    target = os.path.join(root, "made")
    os.mkdir(target)
    subprocess.run([generator, "--type", "EMI", "--form", "csv", "--devices", "3", "-o", target], check=True,
                   capture_output=True)
    done = subprocess.run([program, "--now", "2099-01-01T00:00:00Z", "check", target,
                           os.path.join(copy.doc, "samples", "good")], capture_output=True, check=False)
    tap.ok(done.returncode == 0 and b"\n5 files: 5 AC," in done.stdout, "its generator makes files that it accepts",
           done.stdout.decode()[-500:], done.stderr.decode())
    samples = os.path.join(copy.doc, "samples")
    env = {name: value for name, value in os.environ.items() if name != "top_srcdir"}
    done = subprocess.run(["sh", os.path.join(samples, "expect.sh"), os.path.join(samples, "good"),
                           os.path.join(samples, "codes", "B208")], env={**env, "ECOSGATE": program},
                          capture_output=True, check=False)
    tap.ok(done.returncode == 0 and b"1..3" in done.stdout, "its golden test passes", done.stdout.decode())
    done = subprocess.run(["python3", os.path.join(samples, "simulate.py"), "--help"], capture_output=True, check=False)
    tap.ok(done.returncode == 0, "its simulator of partners starts", done.stderr.decode())
    home = os.path.join(root, "home")
    subprocess.run([program, "--now", NOW, "init", home], check=True, capture_output=True)
    words = references(os.path.join(home, "ecosgate.conf"))
    missing = [word for word in words if word.endswith(".md") and not copy.has(copy.doc + "/README.md", word)]
    tap.ok(not missing, "what the configuration of init refers to is there", missing)


def test_uninstall(tap, root, env):
    done = subprocess.run(["make", "-s", "-C", BUILD, "uninstall", f"DESTDIR={root}"], env=env, capture_output=True,
                          check=False, timeout=PATIENCE)
    left = [os.path.join(folder, name) for folder, _, names in os.walk(root) for name in names
            if not folder.startswith((root + "/made", root + "/home"))]
    tap.ok(done.returncode == 0 and not left, "make uninstall removes it", left[:10], done.stderr.decode()[-500:])


if __name__ == "__main__":
    with Tap() as report:
        place, environment = install(report)
        test_references(report, place)
        test_content(report, place)
        test_work(report, place)
        test_uninstall(report, place, environment)
