#!/usr/bin/env python3
"""Files that mean harm: each gets its code with little work and in little memory, and exactly one answer (TAP).

How much work is little says a good file in the same run of this test (Work). Seconds decide nothing.
"""
import gzip
import json
import os
import socket
import warnings
import zipfile

import gate
from home import NOW, PATIENCE, SANITIZED, Home, Tap, use_disk

MCC = "90-B3-D5-1F-30-0E-C0-01"
GATEWAY = "90-B3-D5-1F-30-00-00-04"
MEBIBYTES = 64
BIG = (5 if SANITIZED else 50) << 20  # "50 MB" below: a sanitizer needs each path once, not for long
BOMB = BIG * 2
GOOD_DEVICES = 100000  # of the good file that hostile ones are measured against: 8 MB
# How often the work of the good file a hostile one may make. The dearest of today's make 12 times (50 MB of quoted
# fields) and 4 times (a bomb of 100 MB) that; one whose work grows with the square of its size makes thousands.
CHECK_TIMES, RUN_TIMES = 30, 10
TRIES = 5  # of a measurement: what else goes on disturbs one of them

ROW = b"D,1,00-DB-12-34-56-78-90-A0,ESME,AB01,010A030B,0002012F,1012345678903,,Central,1\r\n"
DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'
ROOT = b'<MigrationInstruction xmlns="urn:ecos-gateway:migration:1" schemaVersion="1.0">'
DEVICE = (b"<Device><RecordNumber>1</RecordNumber><DeviceID>00-DB-12-34-56-78-90-A0</DeviceID>"
          b"<DeviceType>ESME</DeviceType><DeviceManufacturer>AB01</DeviceManufacturer>"
          b"<DeviceModel>010A030B</DeviceModel><FirmwareVersion>0002012F</FirmwareVersion>"
          b"<MPxN>1012345678903</MPxN><Attempt>1</Attempt></Device>")
END = b"</Devices></MigrationInstruction>"
LAUGHS = (b'<!DOCTYPE x [<!ENTITY a "ha">' +
          b"".join(b'<!ENTITY %c "%s">' % (c + 1, b"&%c;" % c * 10) for c in range(ord("a"), ord("k"))) + b"]>")


def name_of(sequence, end):
    return f"EMI_MCC_{MCC}_20230703_060000_{sequence:06d}.{end}"


def head(sequence):
    return f"H,EMI,1.0,{MCC},{GATEWAY},{sequence},2023-07-03T06:00:00Z,TEST,B-{sequence},\r\n".encode()


def xml_head(sequence, count=1):
    return (f"<Header><SenderId>{MCC}</SenderId><RecipientId>{GATEWAY}</RecipientId>"
            f"<FileSequence>{sequence}</FileSequence><CreationDateTime>2023-07-03T06:00:00Z</CreationDateTime>"
            f"<Environment>TEST</Environment><BatchId>B-{sequence}</BatchId><DeviceCount>{count}</DeviceCount>"
            "</Header><Devices>").encode()


def write_plain(path, pieces):
    with open(path, "wb") as file:
        write_to(file, pieces)


def write_to(file, pieces):
    """A piece is bytes, bytes and how often, or a generator of bytes. They are written little by little: a child
    begins with this process's memory, which counts as its peak."""
    for piece in pieces:
        if not isinstance(piece, (bytes, tuple)):
            write_to(file, piece)
            continue
        text, times = (piece, 1) if isinstance(piece, bytes) else piece
        at_once = max(1, 65536 // len(text)) if text else 1
        while times > 0:
            n = min(times, at_once)
            file.write(text * n)
            times -= n


def write_gzip(path, pieces, behind=b"", cut=0):
    with gzip.open(path, "wb", 6) as file:
        write_to(file, pieces)
    with open(path, "r+b") as file:
        file.seek(0, os.SEEK_END)
        file.write(behind)
        file.truncate(file.tell() - cut)


def write_zip(path, members):
    warnings.simplefilter("ignore")  # a member twice is meant
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, pieces in members:
            with archive.open(name, "w") as file:
                write_to(file, pieces)


def good(sequence):
    return [head(sequence), ROW, b"T,1\r\n"]


def good_xml(sequence, device=DEVICE, before=DECLARATION):
    return [before, ROOT, xml_head(sequence), device, END]


def many_devices(odd):
    """BIG bytes of Devices, each another; every thousandth is not as programs write it."""
    for n in range(1, BIG // len(DEVICE)):
        device = DEVICE.replace(b"<RecordNumber>1<", b"<RecordNumber>%d<" % n).replace(
            b"78-90-A0", b"%02X-%02X-%02X" % (n >> 16, n >> 8 & 255, n & 255))
        yield device.replace(b"<Attempt>", odd + b"<Attempt>") if n % 1000 == 0 else device


def in_device(text):
    return DEVICE.replace(b"AB01", text)


# What it is, the end of its name, the code, how it is written (sequence to a function of the path).
CASES = [
    ("a document type declaration", "xml", "B204", lambda n: good_xml(n, before=b"<!DOCTYPE x>")),
    ("a billion laughs", "xml", "B204", lambda n: good_xml(n, in_device(b"&k;"), LAUGHS)),
    ("quadratic entities", "xml", "B204",
     lambda n: [b'<!DOCTYPE x [<!ENTITY a "', (b"a", 1 << 20), b'">]>', ROOT, (b"&a;", 1 << 20)]),
    ("an external entity", "xml", "B204",
     lambda n: good_xml(n, in_device(b"&x;"), b'<!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/passwd">]>')),
    ("an external subset", "xml", "B204", lambda n: good_xml(n, before=b'<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x">')),
    ("a parameter entity", "xml", "B204",
     lambda n: good_xml(n, before=b'<!DOCTYPE x [<!ENTITY % p SYSTEM "file:///dev/zero"> %p;]>')),
    ("an entity nobody declared", "xml", "B204", lambda n: good_xml(n, in_device(b"&x;"))),
    ("100,000 elements in each other", "xml", "B111", lambda n: [DECLARATION, ROOT, (b"<a>", 100000)]),
    ("100,000 Devices in each other", "xml", "B111", lambda n: [DECLARATION, ROOT, xml_head(n), (b"<Device>", 100000)]),
    ("50 MB in a field of XML", "xml", "B111",
     lambda n: [DECLARATION, ROOT, xml_head(n), DEVICE.split(b"AB01")[0], (b"A", BIG), DEVICE.split(b"AB01")[1], END]),
    ("50 MB in a Header field of XML", "xml", "B111",
     lambda n: [DECLARATION, ROOT, b"<Header><SenderId>", (b"A", BIG), b"</SenderId></Header>" + END[10:]]),
    ("50 MB in an attribute", "xml", "B111", lambda n: [DECLARATION, b'<MigrationInstruction a="', (b"A", BIG), b'">']),
    ("50 MB in an element's name", "xml", "B111", lambda n: [DECLARATION, ROOT, b"<", (b"A", BIG), b"/>"]),
    ("50 MB in a comment", "xml", "B111", lambda n: [DECLARATION, ROOT, b"<!--", (b"A", BIG), b"-->"]),
    ("50 MB in a processing instruction", "xml", "B111", lambda n: [DECLARATION, ROOT, b"<?x ", (b"A", BIG), b"?>"]),
    ("50 MB in a CDATA section", "xml", "B111", lambda n: [DECLARATION, ROOT, b"<![CDATA[", (b"A", BIG), b"]]>"]),
    ("50 MB of text between elements", "xml", "B203",
     lambda n: [DECLARATION, ROOT, (b"A", BIG), b"</MigrationInstruction>"]),
    ("a million attributes", "xml", "B111",
     lambda n: [DECLARATION, b"<MigrationInstruction ", (b'a%d="" ' % i for i in range(1000000)), b"/>"]),
    ("a million namespaces", "xml", "B111",
     lambda n: [DECLARATION, b"<MigrationInstruction ", (b'xmlns:a%d="a" ' % i for i in range(1000000)), b"/>"]),
    ("50 MB of Devices, some of them with a comment", "xml", "B208",
     lambda n: [DECLARATION, ROOT, xml_head(n), many_devices(b"<!-- odd -->"), END]),
    ("a million unknown elements", "xml", "B203",
     lambda n: [DECLARATION, ROOT, xml_head(n), (b"<x/>", 1000000), DEVICE, END]),
    ("50 MB of unknown elements", "xml", "B111", lambda n: [DECLARATION, ROOT, xml_head(n), (b"<x/>", BIG // 4)]),
    ("50 MB of tags of 10,000 attributes", "xml", "B111",
     lambda n: [DECLARATION, ROOT, xml_head(n),
                (b"<x " + b"".join(b'a%d="" ' % i for i in range(10000)) + b"/>", 530)]),
    ("50 MB of prefixes, 7,000 of them declared", "xml", "B111",
     lambda n: [DECLARATION, ROOT, b"<x " + b"".join(b'xmlns:a%d="a" ' % i for i in range(7000)) + b">",
                (b"<a0:y/>", BIG // 7)]),
    ("500,000 names, each another", "xml", "B111",
     lambda n: [DECLARATION, ROOT, xml_head(n), (b"<x%d/>" % i for i in range(500000)), DEVICE, END]),
    ("a schema location to follow", "xml", None,
     lambda n: [DECLARATION, ROOT.replace(b" schema", b' xmlns:i="http://www.w3.org/2001/XMLSchema-instance" '
                                          b'i:schemaLocation="urn:ecos-gateway:migration:1 '
                                          b'http://127.0.0.1:9/x" schema'),
                xml_head(n), DEVICE, END]),
    ("an XInclude", "xml", "B203",
     lambda n: good_xml(n, b'<i:include xmlns:i="http://www.w3.org/2001/XInclude" href="/etc/passwd"/>' + DEVICE)),
    ("a reference to NUL", "xml", "B201", lambda n: good_xml(n, in_device(b"&#0;"))),
    ("NUL in XML", "xml", "B205", lambda n: good_xml(n, in_device(b"A\0B"))),
    ("NUL in CSV", "csv", "B205", lambda n: [head(n), ROW.replace(b"AB01", b"A\0B"), b"T,1\r\n"]),
    ("nothing but NUL", "csv", "B205", lambda n: [(b"\0", 1 << 20)]),
    ("a byte order mark in XML", "xml", "B205", lambda n: [b"\xef\xbb\xbf", *good_xml(n)]),
    ("a byte order mark in CSV", "csv", "B205", lambda n: [b"\xef\xbb\xbf", *good(n)]),
    ("UTF-16 in XML", "xml", "B205", lambda n: ["".join(map(bytes.decode, good_xml(n))).encode("utf-16")]),
    ("UTF-16 in CSV", "csv", "B205", lambda n: ["".join(map(bytes.decode, good(n))).encode("utf-16")]),
    ("UTF-16 without its mark in XML", "xml", "B205", lambda n: [b"".join(good_xml(n)).decode().encode("utf-16-be")]),
    ("Latin-1 in XML", "xml", "B205", lambda n: good_xml(n, in_device(b"caf\xe9"))),
    ("Latin-1 declared", "xml", "B205",
     lambda n: good_xml(n, in_device(b"caf\xe9"), b'<?xml version="1.0" encoding="ISO-8859-1"?>')),
    ("UTF-7 declared", "xml", "B205", lambda n: good_xml(n, before=b'<?xml version="1.0" encoding="UTF-7"?>')),
    ("Latin-1 in CSV", "csv", "B205", lambda n: [head(n), ROW.replace(b"AB01", b"caf\xe9"), b"T,1\r\n"]),
    ("over-long UTF-8", "csv", "B205", lambda n: [head(n), ROW.replace(b"AB01", b"\xc0\xaf"), b"T,1\r\n"]),
    ("a surrogate in UTF-8", "xml", "B205", lambda n: good_xml(n, in_device(b"\xed\xa0\x80"))),
    ("an open quote to the end of 50 MB", "csv", "B304", lambda n: [head(n), b'D,1,"', (b"A", BIG)]),
    ("an open quote before 50 MB of lines", "csv", "B304", lambda n: [head(n), b'D,1,"', (ROW, BIG // len(ROW))]),
    ("an open quote in every line", "csv", "B304",
     lambda n: [head(n), (ROW.replace(b"AB01", b'"AB01'), 50000), b"T,50000\r\n"]),
    ("50 MB of quotes", "csv", "B304", lambda n: [head(n), b"D,1,", (b'"', BIG + 1), b"\r\nT,1\r\n"]),
    ("50 MB of quotes in lines of 64 KiB", "csv", "B304",
     lambda n: [head(n), (b"x" + b'"' * 65000 + b"\n", BIG // 65002)]),
    ("50 MB of quoted fields in lines of 64 KiB", "csv", "B303",
     lambda n: [head(n), (b"D" + b',""' * 21000 + b"\n", BIG // 63002)]),
    ("50 MB in a field of CSV", "csv", "B111", lambda n: [head(n), b"D,1,", (b"A", BIG), b",\r\nT,1\r\n"]),
    ("50 MB of commas", "csv", "B111", lambda n: [head(n), b"D,1", (b",", BIG), b"\r\nT,1\r\n"]),
    ("50 MB of empty lines", "csv", "B111", lambda n: [head(n), (b"\n", BIG)]),
    ("50 MB of blanks", "csv", "B111", lambda n: [(b" ", BIG)]),
    ("50 MB of blanks in XML", "xml", "B111", lambda n: [(b"\n", BIG)]),
    ("50 MB of CR", "csv", "B304", lambda n: [head(n), b"D", (b"\r", BIG)]),
    ("200,000 bad Devices", "csv", "C101", lambda n: [head(n), (b"D,1,,,,,,,,,\r\n", 200000), b"T,200000\r\n"]),
    ("nothing", "csv", "B110", lambda n: []),
    ("XML in a .csv", "csv", "B109", good_xml),
    ("CSV in a .xml", "xml", "B109", good),
    ("an ELF program", "csv", "B205", lambda n: [b"\x7fELF\2\1\1\0", (b"\0", 4096)]),
    ("plain text in a .gz", "csv.gz", "B109", good),
    ("plain text in a .zip", "csv.zip", "B109", good),
    ("a gzip bomb", "csv.gz", "B111",
     lambda n: lambda path: write_gzip(path, [head(n), (ROW, BOMB // len(ROW))])),
    ("a gzip bomb of XML", "xml.gz", "B111",
     lambda n: lambda path: write_gzip(path, [DECLARATION, ROOT, xml_head(n), (DEVICE, BOMB // len(DEVICE))])),
    ("a gzip of a gzip", "csv.gz", "B109",
     lambda n: lambda path: write_gzip(path, [gzip.compress(b"".join(good(n)))])),
    ("a gzip cut short", "csv.gz", "B110", lambda n: lambda path: write_gzip(path, good(n), cut=6)),
    ("a gzip with something behind", "csv.gz", "B109", lambda n: lambda path: write_gzip(path, good(n), b"behind")),
    ("a zip bomb", "csv.zip", "B111",
     lambda n: lambda path: write_zip(path, [(name_of(n, "csv"), [head(n), (ROW, BOMB // len(ROW))])])),
    ("a zip with a path in its member's name", "csv.zip", "B109",
     lambda n: lambda path: write_zip(path, [("../../../" + name_of(n, "csv"), good(n))])),
    ("a zip with an absolute path", "csv.zip", "B109",
     lambda n: lambda path: write_zip(path, [("/tmp/" + name_of(n, "csv"), good(n))])),
    ("a zip with two members", "csv.zip", "B109",
     lambda n: lambda path: write_zip(path, [(name_of(n, "csv"), good(n)), ("x", [b"x"])])),
    ("a zip with the member twice", "csv.zip", "B109",
     lambda n: lambda path: write_zip(path, [(name_of(n, "csv"), good(n)), (name_of(n, "csv"), good(n))])),
    ("a zip of 50,000 members", "csv.zip", "B109",
     lambda n: lambda path: write_zip(path, [(f"{i}", []) for i in range(50000)])),
    ("a zip without members", "csv.zip", "B110", lambda n: lambda path: write_zip(path, [])),
]

# Raw bytes; all are outside the grammar. A name is one folder entry: no slash, no NUL, at most 255 bytes.
NAMES = {
    "control characters": b"EMI_MCC_\x01\x07\x1b[31m.csv",
    "a newline": b"EMI_MCC_\nT,1\r.csv",
    "255 bytes": b"EMI_MCC_" + b"A" * 243 + b".csv",
    "bytes that are not UTF-8": b"EMI_MCC_\xff\xfe\xe9.csv",
    "255 bytes that are not UTF-8": b"\xff" * 251 + b".csv",
    "a formula and quotes": b'=cmd|\' -C calc\'!"A1",x.csv',
    "a leading minus": b"--json.csv",
    "two dots and a backslash": b"x\\..\\..\\x.csv",
    "a percent": b"%s%n%s%n.csv",
    "letters that turn the line": "EMI_\u202e_vsc.csv".encode(),
}


class Work:
    """The processor time that `check` and `run` use for a good file, and whether that of another is within bounds."""

    def __init__(self):
        self.home = Home()
        self.path = os.path.join(self.home.top, name_of(999999, "csv"))
        write_plain(self.path,
                    [head(999999), (ROW.replace(b"D,1,", b"D,%d," % n).replace(b"78-90-A0", b"%02X-%02X-%02X" % (
            n >> 16, n >> 8 & 255, n & 255)) for n in range(1, GOOD_DEVICES + 1)), b"T,%d\r\n" % GOOD_DEVICES])
        self.of_check = self.of_run = 0
        self.measure_check()
        self.home.drop("mcc", self.path)
        done = self.home.run()
        self.of_run = done.work
        if done.returncode != 0:
            raise RuntimeError(f"the good file is not good: {done.stderr}")

    def measure_check(self):
        done = check(self.path)
        if done.returncode != 0:
            raise RuntimeError(f"the good file is not good: {done.stdout} {done.stderr}")
        self.of_check = max(self.of_check, done.work)

    def is_little(self, path, done):
        """Of a `check`. What exceeds the bound is measured again, beside the good file: a disturbance passes."""
        for _ in range(TRIES):
            if done.work <= CHECK_TIMES * self.of_check:
                return True
            self.measure_check()
            done = check(path)
        return False


def check(path):
    return gate.run("--now", NOW, "--json", "check", path, timeout=PATIENCE)


def expect_check(tap, work, path, code, text):
    done = check(path)
    codes = json.loads(done.stdout)["counts"] if done.stdout else done.stderr.decode()
    tap.ok((code in codes and done.returncode == 1) if code else (done.returncode == 0 and not codes),
           f"check: {text} is {code or 'harmless'}", done.returncode, str(codes)[:800])
    if SANITIZED:
        return
    tap.ok(work.is_little(path, done), f"check: {text} makes little work",
           f"{done.work:.2f} s, a good file {work.of_check:.2f} s")
    tap.ok(done.peak < MEBIBYTES << 20, f"check: {text} takes little memory", f"{done.peak >> 20} MiB")


def write_all(folder):
    """Paths by what they are, in the order of their sequences."""
    written = {}
    for sequence, (text, end, code, make) in enumerate(CASES, 1):
        path = os.path.join(folder, name_of(sequence, end))
        content = make(sequence)
        if callable(content):
            content(path)
        else:
            write_plain(path, content)
        written[path] = (text, code)
    return written


def expect_answer(tap, home, path, name, text, code):
    """One run with that one file: one EMA that bears the code, and the bytes in the spool."""
    before = set(home.out("mcc"))
    os.rename(path, os.path.join(os.fsencode(home.inbox("mcc")), os.fsencode(name)))
    done = home.run()
    answers = [answer for answer in set(home.out("mcc")) - before if answer.startswith("EMA_")]
    tap.ok(len(answers) == 1 and done.returncode == (1 if code else 0), f"run: {text} gets exactly one EMA", answers,
           done.returncode, done.stderr.decode(errors="replace"))
    for answer in answers:
        ema = home.read_out("mcc", answer).decode()
        tap.ok(code is None or code in ema, f"run: the EMA of {text} bears {code}", ema[:2000])
    tap.ok(not os.listdir(home.inbox("mcc")), f"run: {text} was taken from the drop")
    return done.work


def test_contents(tap, work):
    home = Home()
    folder = os.path.join(home.top, "made")
    os.mkdir(folder)
    written = write_all(folder)
    for path, (text, code) in written.items():
        expect_check(tap, work, path, code, text)
    most, dearest = max((expect_answer(tap, home, path, os.path.basename(path), text, code), text)
                        for path, (text, code) in written.items())
    if not SANITIZED:
        tap.ok(0 < most < RUN_TIMES * work.of_run, "every pass makes little work", f"{dearest}: {most:.2f} s",
               f"a good file: {work.of_run:.2f} s")
    expected = {job["name"]: job for job in home.json("spool", "list")}
    tap.ok(all(os.path.basename(path) in expected for path in written), "every one of them is in the spool")
    done = home.command("spool", "verify")
    tap.ok(done.returncode == 0, "spool verify finds all their bytes", done.stdout.decode())


def test_names(tap, work):
    home = Home()
    folder = os.path.join(home.top, "made").encode()
    os.mkdir(folder)
    for text, name in NAMES.items():
        path = os.path.join(folder, name)
        write_plain(path, good(1))
        expect_check(tap, work, path, "B101", f"a name with {text}")
        expect_answer(tap, home, path, name, f"a name with {text}", "B101")
    tap.ok(len(home.out("mcc")) == len(NAMES), "each name got an answer of its own")
    raw = b"".join(home.command(*arguments).stdout for arguments in
                   (("spool", "list"), ("--json", "spool", "list"), ("spool", "show", "1"), ("spool", "show", "2")))
    tap.ok(b"\x1b" not in raw and b"\x07" not in raw and b"\xff" not in raw, "no look prints what a name holds raw")
    tap.ok(len([job for job in home.json("spool", "list") if job["type"] != "INC"]) == len(NAMES),
           "all of them are in the spool")
    done = home.command("spool", "verify")
    tap.ok(done.returncode == 0, "spool verify finds all their bytes", done.stdout.decode())


def test_no_files(tap):
    home = Home()
    inbox = home.inbox("mcc")
    pipe, link = os.path.join(inbox, name_of(1, "csv")), os.path.join(inbox, name_of(2, "csv"))
    os.mkfifo(pipe)
    os.symlink("/dev/zero", link)
    os.symlink(link, os.path.join(inbox, name_of(3, "csv")))
    os.symlink("nowhere", os.path.join(inbox, name_of(4, "csv")))
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.join(inbox, "s.csv"))
    done = home.run()
    tap.ok(done.returncode == 0 and len(os.listdir(inbox)) == 5 and not home.json("spool", "list"),
           "links, pipes and sockets in a drop are left alone", done.stderr.decode())
    for path, text in ((pipe, "a pipe without a writer"), (link, "a device"), (inbox, "a folder")):
        done = check(path)  # a reading of one of the first two would not end
        tap.ok(done.returncode == 2 and b"regular" in done.stderr, f"check of {text} ends with 2 at once",
               done.returncode, done.stderr)


if __name__ == "__main__":
    use_disk()
    with Tap() as report:
        little = Work()
        test_no_files(report)
        test_names(report, little)
        test_contents(report, little)
