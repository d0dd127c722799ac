#!/usr/bin/env python3
"""`check`: text, JSON, exit status, folders, standard input, with and without a configuration (TAP)."""
import gzip
import json
import os
import shutil
import subprocess

from home import GATE, NOW, SANITIZED, Home, Tap

MCC = "90-B3-D5-1F-30-0E-C0-01"
GATEWAY = "90-B3-D5-1F-30-00-00-04"
ROW = "D,{},00-DB-12-34-56-78-90-{:02X},ESME,AB01,010A030B,0002012F,1012345678903,,Central,1"
XML = f"""<MigrationInstruction xmlns="urn:ecos-gateway:migration:1" schemaVersion="1.0"><Header>
<SenderId>{MCC}</SenderId><RecipientId>{GATEWAY}</RecipientId><FileSequence>7</FileSequence>
<CreationDateTime>2023-07-03T06:00:00Z</CreationDateTime><Environment>TEST</Environment><BatchId>B-7</BatchId>
<DeviceCount>2</DeviceCount>
</Header><Devices><Device><RecordNumber>1</RecordNumber>
<DeviceID>x</DeviceID><DeviceType>ESME</DeviceType>
<DeviceManufacturer>AB01</DeviceManufacturer><DeviceModel>010A030B</DeviceModel>
<FirmwareVersion>0002012F</FirmwareVersion><MPxN>1012345678903</MPxN><Attempt>1</Attempt></Device></Devices>
</MigrationInstruction>
"""
NOT_JUDGED = (
    "B103 B105 B106 B107 B108 B112 B113 B207 B209 B210 C103 C104 C105 C106 C107 C108 C109 C110 C111 C112 C114 C115 "
    "C116 C122 C125"
).split()
WITH_IT = ("B103", "B207", "B209", "C122")  # need a configuration only
MEMBERS = ["file", "type", "form", "verdict", "records", "accepted", "rejected", "deferred", "findings", "counts",
           "truncated", "not_judged"]


def name_of(sequence, end="csv"):
    return f"EMI_MCC_{MCC}_20230703_060000_{sequence:06d}.{end}"


def text_of(sequence, rows, count=None, end="\r\n", head=""):
    lines = [f"H,EMI,1.0,{MCC},{GATEWAY},{sequence},2023-07-03T06:00:00Z,TEST,B-{sequence},", *rows,
             f"T,{len(rows) if count is None else count}"]
    return (head + end.join(lines) + end).encode()


class Folder:
    def __init__(self):
        self.path = os.path.join(Home().top, "files")
        os.mkdir(self.path)

    def write(self, name, content):
        with open(os.path.join(self.path, name), "wb") as file:
            file.write(content)
        return name

    def check(self, *arguments, options=(), env=None, now=NOW):
        return subprocess.run([GATE, "--now", now, *options, "check", *arguments], capture_output=True, cwd=self.path,
                              env={**os.environ, **(env or {})}, check=False)

    def facts(self, *arguments, **more):
        done = self.check(*arguments, **{**more, "options": ("--json", *more.get("options", ()))})
        return [json.loads(line) for line in done.stdout.decode().splitlines()], done


def test_text(tap):
    folder = Folder()
    good = folder.write(name_of(1), text_of(1, [ROW.format(1, 1)]))
    bad = folder.write(name_of(2), text_of(2, ["D,1,x,YYYY,AB01,010A030B,0002012F,1012345678903,,Central,0"], count=2))
    warned = folder.write(name_of(3), text_of(3, [ROW.format(1, 1).replace("903,", "904,")]))
    expected = f"""{good}
  AC accepted: 1 Device, 1 accepted, 0 rejected, 0 deferred
{bad}
  RJ rejected whole: 1 Device, 0 accepted, 1 rejected, 0 deferred
  C101 error  line 2, column 5  record 1  DeviceID  "x"
        id of the Device not an EUI-64: expected an EUI-64 of eight hex pairs joined by '-'
        | D,1,x,YYYY,AB01,010A030B,0002012F,1012345678903,,Central,0
        |     ^
  C104 error  line 2, column 7  record 1  DeviceType  "YYYY"
        type of the Device out of scope, or not the inventory's: expected a Device type in scope: ESME, GSME, GPF
        | D,1,x,YYYY,AB01,010A030B,0002012F,1012345678903,,Central,0
        |       ^
  C117 error  line 2, column 58  record 1  Attempt  "0"
        manufacturer, model, firmware, hub, region or attempt malformed or missing: expected a whole number, 1 or more
        | 10A030B,0002012F,1012345678903,,Central,0
        |                                         ^
  B208 error  line 3, column 3  DeviceCount  "2"
        declared count differs from the count found: declared 2, found 1
        | T,2
        |   ^
{warned}
  WN accepted with warnings: 1 Device, 1 accepted, 0 rejected, 0 deferred
  C113 warning  line 2, column 57  record 1  MPxN  "1012345678904"
        MPAN or MPRN missing, malformed, not allowed, or check digits wrong: \
the MPAN's check digit (the 13th) does not fit the digits before it
        | 56-78-90-01,ESME,AB01,010A030B,0002012F,1012345678904,,Central,1
        |                                         ^

3 files: 1 AC, 1 WN, 0 PA, 1 RJ; 3 Devices: 2 accepted, 1 rejected, 0 deferred
not judged here, for they need a ledger or reference data: {' '.join(NOT_JUDGED)} (-c FILE adds B103 and B207)
"""
    done = folder.check(good, bad, warned)
    tap.ok(done.stdout.decode() == expected and done.returncode == 1,
           "file, verdict, findings with a caret each, summary",
           done.stdout.decode(), done.returncode)
    tap.ok(b"\x1b" not in done.stdout and done.stderr == b"", "no colour and no progress outside a terminal",
           done.stderr)
    packed = folder.write(name_of(2, "csv.gz"), gzip.compress(open(os.path.join(folder.path, bad), "rb").read()))
    again = folder.check(good, packed, warned)
    tap.ok(again.stdout.decode() == expected.replace(bad, packed), "a packed file gives the same text",
           again.stdout.decode())


def carets(folder, *arguments):
    """The text above each caret, to the end of its line."""
    lines = folder.check(*arguments).stdout.decode().splitlines()
    return [lines[i - 1][line.index("^"):] for i, line in enumerate(lines)
            if line.startswith("        | ") and line.strip("| ") == "^"]


def test_carets(tap):
    folder = Folder()
    name = folder.write("EMI_mcc_" + MCC + "_20230703_060000_1.csv", text_of(1, [ROW.format(1, 1)]))
    text = folder.check(name).stdout.decode()
    tap.ok("\n  B101 error  file name  org  \"mcc\"\n" in text, "a finding in the name says 'file name'", text)
    tap.ok(carets(folder, name) == [name[4:], name[48:]], "findings in the name have their carets in the name",
           carets(folder, name))
    wide = ROW.format(1, 1).replace("AB01", "é\u20ac☃x").replace("Central", "Übersee")
    wide = folder.write(name_of(2), text_of(2, [wide]))
    tap.ok([text.split(",")[0] for text in carets(folder, wide)] == ["é\u20ac☃x", "Übersee"],
           "columns count characters, not bytes", carets(folder, wide))
    control = ROW.format(1, 1).replace("AB01", "\x01\x02").replace("Central", "x")
    control = folder.write(name_of(3), text_of(3, [control]))
    tap.ok([text.split(",")[0] for text in carets(folder, control)] == [r"\x01\x02", "x"],
           "escaped characters before the place move the caret", carets(folder, control))
    last = folder.write(name_of(4), text_of(4, [ROW.format(1, 1)], count="x")[:-2])
    tap.ok(carets(folder, last) == ["x"], "a last line without an end is shown", carets(folder, last))
    lf = folder.write(name_of(5), text_of(5, [ROW.format(1, 1).replace("Central", "East")] * 2, end="\n"))
    tap.ok([text.split(",")[0] for text in carets(folder, lf)] == ["East", "1", "00-DB-12-34-56-78-90-01", "East"],
           "each line has its own carets", carets(folder, lf))
    xml = folder.write(name_of(7, "xml"), XML.encode())
    tap.ok(carets(folder, xml) == ["<DeviceID>x</DeviceID><DeviceType>ESME</DeviceType>",
                                   "<DeviceCount>2</DeviceCount>"],
           "carets do not depend on the order of the findings", carets(folder, xml))
    far = f'D,1,x{"y" * 700},Z,AB01,010A030B,0002012F,1012345678903,,Central,0'
    far = folder.write(name_of(6), text_of(6, [far]))
    shown = [text[:4] for text in carets(folder, far)]
    tap.ok(shown[0] == "xyyy" and shown[-2:] == ["Z,AB", "0"], "a place far to the right on the same line", shown)


def test_json(tap):
    folder = Folder()
    bad = folder.write(name_of(2), text_of(2, ["D,1,x,ESME,AB01,010A030B,0002012F,1012345678904,,Central,1",
                                              ROW.format(2, 2)], count=3))
    (fact,), done = folder.facts(bad)
    tap.ok(list(fact) == MEMBERS, "the members, in their order", list(fact))
    tap.ok(done.returncode == 1 and {key: fact[key] for key in MEMBERS[:8]} ==
           {"file": bad, "type": "EMI", "form": "csv", "verdict": "RJ", "records": 2, "accepted": 0, "rejected": 2,
            "deferred": 0}, "members of a file that is rejected whole", fact)
    tap.ok(fact["findings"] == [
        {"code": "C101", "category": "c", "scope": "DEVICE", "severity": "error", "line": 2, "column": 5, "record": 1,
         "field": "DeviceID", "value": "x", "text": "expected an EUI-64 of eight hex pairs joined by '-'"},
        {"code": "C113", "category": "c", "scope": "DEVICE", "severity": "warning", "line": 2, "column": 35,
         "record": 1,
         "field": "MPxN", "value": "1012345678904",
         "text": "the MPAN's check digit (the 13th) does not fit the digits before it"},
        {"code": "B208", "category": "b", "scope": "FILE", "severity": "error", "line": 4, "column": 3, "record": None,
         "field": "DeviceCount", "value": "3", "text": "declared 3, found 2"}], "every finding with all its members",
           fact["findings"])
    tap.ok(fact["counts"] == {"B208": 1, "C101": 1, "C113": 1} and fact["truncated"] is False
           and fact["not_judged"] == NOT_JUDGED, "counts, and codes that are not judged", fact)
    (fact,), done = folder.facts(folder.write("hello", b"x"))
    tap.ok((fact["type"], fact["form"], fact["verdict"], fact["records"]) == (None, None, "RJ", 0) and
           {(f["line"], f["record"]) for f in fact["findings"]} == {(None, None)}, "a name without type and form", fact)
    part = folder.write(name_of(4), text_of(4, [ROW.format(1, 1), ROW.format(2, 1)]))
    (fact,), done = folder.facts(part)
    tap.ok((fact["verdict"], fact["accepted"], fact["rejected"], done.returncode) == ("PA", 1, 1, 1),
           "accepted in part ends with 1", fact, done.returncode)
    named = folder.write(b"a\xffb".decode("utf-8", "surrogateescape"), b"x")
    (fact,), _ = folder.facts(named)
    tap.ok(fact["file"] == "a\\xFFb", "a path is escaped", fact["file"])


def test_cap(tap):
    folder = Folder()
    rows = ["D,{},x,ESME,AB01,010A030B,0002012F,1012345678903,,Central,1".format(n) for n in range(1, 1203)]
    file = folder.write(name_of(1), text_of(1, rows, count=7))
    (fact,), _ = folder.facts(file)
    tap.ok(len(fact["findings"]) == 1000 and fact["counts"] == {"B208": 1, "C101": 1202} and fact["truncated"],
           "1,000 findings are listed, all are counted", len(fact["findings"]), fact["counts"])
    for most, truncated in ((0, True), (2, True), (1202, True), (1203, False)):
        (fact,), done = folder.facts("--max-findings", str(most), file)
        tap.ok(len(fact["findings"]) == most and fact["counts"] == {"B208": 1, "C101": 1202} and
               fact["truncated"] is truncated and fact["verdict"] == "RJ", f"--max-findings {most}",
               len(fact["findings"]))
    text = folder.check("--max-findings", "2", file).stdout.decode()
    tap.ok("  … and 1201 more; in all: B208 ×1 C101 ×1202\n" in text, "the text says how many are left out", text)


def test_status(tap):
    folder = Folder()
    good = folder.write(name_of(1), text_of(1, [ROW.format(1, 1)]))
    warned = folder.write(name_of(2), text_of(2, [ROW.format(1, 1).replace("903,", "904,")]))
    bad = folder.write(name_of(3), b"x")
    tap.ok(folder.check(good, warned).returncode == 0, "AC and WN are good")
    tap.ok(folder.check(good, bad, good).returncode == 1, "one RJ ends with 1")
    for text, arguments in (("a file that is not there", (bad, "nowhere", good)),):
        done = folder.check(*arguments)
        tap.ok(done.returncode == 2 and done.stderr and b"1 could not be judged" in done.stdout and
               f"{len(arguments)} files:".encode() in done.stdout, f"{text} ends with 2, the others are judged",
               done.returncode, done.stdout.decode(), done.stderr.decode())
    for text, arguments in (("no file", ()), ("an unknown option", ("--what", good)),
                            ("a negative --max-findings", ("--max-findings", "-1", good))):
        done = folder.check(*arguments)
        tap.ok(done.returncode == 2 and done.stderr and not done.stdout, f"{text} ends with 2", done.returncode,
               done.stdout)
    done = folder.check(good, now="2023-07-03")
    tap.ok(done.returncode == 2 and b"--now" in done.stderr, "a --now that is no time ends with 2", done.stderr)
    tap.ok(folder.check(good, now="2023-07-03T05:55:00Z").returncode == 0, "a file 5 minutes ahead of --now is good")
    tap.ok(folder.check(good, now="2023-07-03T05:54:59Z").returncode == 1, "one more second is not")


def judged(done):
    return [json.loads(line)["file"] for line in done.stdout.decode().splitlines()]


def test_folders(tap):
    folder = Folder()
    os.makedirs(os.path.join(folder.path, "out", "sub"))
    os.mkdir(os.path.join(folder.path, "empty"))
    names = [folder.write(f"out/{name_of(n)}", text_of(n, [ROW.format(1, n)])) for n in (3, 1, 2)]
    left = [folder.write(f"out/{name}", b"x") for name in
            (".hidden", "half.tmp", "EMA_MCC_90-B3-D5-1F-30-0E-C0-01_20230703_060000_000001_R1.csv")]
    folder.write("out/sub/inside.csv", b"x")
    os.symlink(os.path.basename(names[0]), os.path.join(folder.path, "out", "link.csv"))
    done = folder.check("out", options=("--json",))
    tap.ok(judged(done) == sorted(names) and done.returncode == 0, "a folder stands for its files, sorted",
           done.stdout.decode(), done.stderr.decode())
    said = done.stderr.decode().splitlines()
    tap.ok(len(said) == 5 and all(any(line.startswith(f"ecosgate: {name}: left out: ") for line in said)
                                  for name in (*left, "out/sub", "out/link.csv")),
           "what a drop leaves alone, and a folder, are left out with a message", said)
    text = folder.check("out").stdout.decode()
    tap.ok("\n3 files: 3 AC, 0 WN, 0 PA, 0 RJ, 5 left out; " in text, "the summary counts them", text)
    tap.ok(judged(folder.check("out/", "out/half.tmp", names[0], options=("--json",))) ==
           [*sorted(names), "out/half.tmp", names[0]], "a file that is named is judged whatever its name")
    done = folder.check("empty", *names)
    tap.ok(done.returncode == 2 and b"empty: is a folder without a file to judge" in done.stderr and
           b"3 AC" in done.stdout and b"1 could not be judged" in done.stdout, "an empty folder is an error",
           done.stderr)
    done = folder.check("empty")
    tap.ok(b"could not be judged" in done.stdout and b"not judged here" not in done.stdout,
           "no list of rules where no file was judged", done.stdout)
    again = folder.write(f"empty/{os.path.basename(names[0])}", b"x")
    tap.ok(judged(folder.check("out", "empty", options=("--json",))) == [*sorted(names), again],
           "two files of one name are two files")


def test_folder_of_a_drop(tap):
    """The settings of the drop decide what is left out."""
    home = Home("drop mcc temporary=*.new\ndrop mcc complete=marker")
    folder = Folder()
    for name in ("a.new", "b.tmp", "b.tmp.done"):
        folder.write(name, b"x")
        shutil.copy(os.path.join(folder.path, name), home.inbox("mcc"))
    tap.ok(judged(folder.check(".", options=("--json",))) == ["./a.new", "./b.tmp.done"],
           "a folder is seen by the default settings")
    done = folder.check(home.inbox("mcc"), options=("-c", home.conf, "--json"))
    tap.ok([os.path.basename(name) for name in judged(done)] == ["b.tmp"],
           "the folder of a drop is seen by the drop's settings", done.stdout.decode())


def test_many_files(tap):
    folder = Folder()
    os.mkdir(os.path.join(folder.path, "many"))
    number = 300 if SANITIZED else 5000
    for n in range(1, number + 1):
        folder.write(f"many/{name_of(n)}", text_of(n, [ROW.format(1, 1)]))
    done = folder.check("many")
    tap.ok(done.returncode == 0 and f"\n{number} files: {number} AC,".encode() in done.stdout,
           f"a folder of {number} files", done.stdout[-300:], done.stderr[-300:])
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as closed:
        done = subprocess.run([GATE, "--now", NOW, "check", "many", "nowhere"], cwd=folder.path, stdout=closed,
                              stderr=subprocess.PIPE, check=False)
    tap.ok(done.returncode == 2 and done.stderr.count(b"\n") == 1 and b"standard output" in done.stderr,
           "nobody reads the output: the work ends, and one message says why", done.stderr)


def test_unreadable(tap):
    folder = Folder()
    os.mkdir(os.path.join(folder.path, "closed"))
    good = folder.write(name_of(1), text_of(1, [ROW.format(1, 1)]))
    os.chmod(os.path.join(folder.path, folder.write(name_of(2), b"x")), 0)
    os.chmod(os.path.join(folder.path, "closed"), 0)
    os.chmod(folder.path, 0o755)
    os.chmod(os.path.dirname(folder.path), 0o755)
    plain = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
    done = subprocess.run([*plain, GATE, "--now", NOW, "check", ".", "closed"], cwd=folder.path, capture_output=True,
                          check=False)
    os.chmod(os.path.join(folder.path, "closed"), 0o755)
    tap.ok(done.returncode == 2 and f"./{good}\n  AC".encode() in done.stdout and
           b"2 could not be judged" in done.stdout and b"cannot be opened: Permission denied" in done.stderr and
           b"closed: is a folder that cannot be listed: Permission denied" in done.stderr,
           "a file and a folder that cannot be read end with 2, the others are judged", done.stdout.decode(),
           done.stderr.decode())


def piped(folder, content, *arguments, **more):
    return subprocess.run([GATE, "--now", NOW, *more.pop("options", ()), "check", *arguments], cwd=folder.path,
                          input=content, capture_output=True, check=False, **more)


def test_standard_input(tap):
    folder = Folder()
    for name, content in ((name_of(1), text_of(1, [ROW.format(1, 1)], count=2)),
                          (name_of(2, "csv.gz"), gzip.compress(text_of(2, [ROW.format(1, 1)])))):
        expected = folder.check(folder.write(name, content))
        done = piped(folder, content, "-", "--name", name)
        tap.ok((done.stdout, done.returncode) == (expected.stdout, expected.returncode) and done.stdout,
               f"standard input is judged under the name given: {name[-3:]}", done.stdout.decode(),
               done.stderr.decode())
    done = piped(folder, b"x", "-")
    tap.ok(done.returncode == 2 and b"--name NAME" in done.stderr and not done.stdout,
           "without a name it is refused", done.stderr)
    home = Home("gateway max_bytes=2000")
    done = piped(folder, b"x" * 2001, "-", "--name", name_of(3), options=("-c", home.conf))
    tap.ok(done.returncode == 2 and b"more than 2000 bytes (max_bytes)" in done.stderr and b"B111" in done.stderr,
           "more than the gateway takes is not read", done.stderr)
    with open("/dev/zero", "rb") as endless:
        done = subprocess.run([GATE, "-c", home.conf, "--now", NOW, "check", "-", "--name", name_of(3)],
                              stdin=endless, capture_output=True, check=False)
    tap.ok(done.returncode == 2 and b"more than 2000 bytes" in done.stderr, "input without an end ends the reading",
           done.stderr)
    done = subprocess.run(["sh", "-c", 'exec "$@" <&-', "sh", GATE, "check", "-", "--name", name_of(1)],
                          capture_output=True, check=False)
    tap.ok(done.returncode == 2 and b"standard input cannot be read" in done.stderr, "a closed input is an error",
           done.stderr)


def test_closed_descriptors(tap):
    """The first file that is opened must not become standard output."""
    folder = Folder()
    name = folder.write(name_of(1), text_of(1, [ROW.format(1, 1)]))
    done = subprocess.run(["sh", "-c", 'exec "$@" >&-', "sh", GATE, "--now", NOW, "check", name], cwd=folder.path,
                          stderr=subprocess.PIPE, check=False)
    tap.ok(done.returncode == 2 and b"standard output could not be written" in done.stderr,
           "a closed output is an error", done.stderr)
    home = Home()
    home.drop("mcc", os.path.join(folder.path, name))
    subprocess.run(["sh", "-c", 'exec "$@" 2>&-', "sh", GATE, "-c", home.conf, "--now", NOW, "run", "--once"],
                   check=False)
    with open(home.path("spool", "lock"), "rb") as file:
        lock = file.read()
    tap.ok(len(home.out("mcc")) == 2 and lock.strip().isdigit(), "what run logs goes into no file that it opened", lock)


def test_configuration(tap):
    home = Home("gateway max_devices=1\ngateway max_bytes=2000\ngateway device_types=GSME")
    folder = Folder()
    good = folder.write(name_of(1), text_of(1, [ROW.format(1, 1)]))
    with_it = ("-c", home.conf)
    (fact,), done = folder.facts(good, options=with_it)
    tap.ok(fact["counts"] == {"C104": 1} and fact["not_judged"] == [c for c in NOT_JUDGED if c not in WITH_IT],
           "-c adds scope, parties and identity", fact)
    (fact,), _ = folder.facts(good, env={"ECOSGATE_CONF": home.conf})
    tap.ok(fact["counts"] == {"C104": 1}, "so does ECOSGATE_CONF", fact)
    two = folder.write(name_of(2), text_of(2, [ROW.format(1, 1), ROW.format(2, 2)]).replace(b"TEST", b"LIVE"))
    (fact,), _ = folder.facts(two, options=with_it)
    tap.ok(fact["counts"] == {"B207": 1, "B111": 1, "C104": 1}, "environment and the limit of Devices", fact)
    long = folder.write(name_of(3), text_of(3, [ROW.format(1, 1)], head="\r\n" * 1000))
    (fact,), _ = folder.facts(long, options=with_it)
    tap.ok("B111" in fact["counts"], "the limit of bytes", fact["counts"])
    stranger = folder.write(name_of(1).replace("MCC", "XYZ"), text_of(1, [ROW.format(1, 1)]))
    (fact,), _ = folder.facts(stranger, options=with_it)
    tap.ok("B103" in fact["counts"], "a stranger", fact["counts"])
    before = home.state()
    folder.check(good, two, stranger, options=with_it)
    tap.ok(home.state() == before, "spool, drops and ledger are as they were")
    shutil.copy(home.conf, os.path.join(folder.path, "ecosgate.conf"))
    (fact,), _ = folder.facts(good)
    tap.ok(fact["counts"] == {}, "an ecosgate.conf in the current folder is not used", fact["counts"])
    broken = folder.write("broken.conf", b"[gateway]\norg=x\n")
    done = folder.check(good, options=("-c", broken))
    tap.ok(done.returncode == 2 and b"broken.conf:2:" in done.stderr and not done.stdout,
           "a wrong configuration ends with 2; the message names the lines", done.stderr.decode())


def test_usual_places(tap):
    home = Home()
    folder = Folder()
    env = {key: value for key, value in os.environ.items() if key != "ECOSGATE_CONF"}

    def status(cwd, **more):
        return subprocess.run([GATE, "status"], capture_output=True, cwd=cwd, env={**env, **more},
                              check=False).returncode

    tap.ok(status(home.dir) == 0, "./ecosgate.conf is found")
    tap.ok(status(folder.path, ECOSGATE_CONF=home.conf) == 0, "ECOSGATE_CONF names it")
    tap.ok(status(home.dir, ECOSGATE_CONF="/nonexistent") == 2, "ECOSGATE_CONF comes before ./ecosgate.conf")
    done = subprocess.run([GATE, "-c", home.conf, "status"], capture_output=True, cwd=folder.path,
                          env={**env, "ECOSGATE_CONF": "/nonexistent"}, check=False)
    tap.ok(done.returncode == 0, "-c comes before ECOSGATE_CONF", done.stderr.decode())


if __name__ == "__main__":
    with Tap() as report:
        test_text(report)
        test_carets(report)
        test_json(report)
        test_cap(report)
        test_status(report)
        test_folders(report)
        test_folder_of_a_drop(report)
        test_many_files(report)
        test_unreadable(report)
        test_standard_input(report)
        test_closed_descriptors(report)
        test_configuration(report)
        test_usual_places(report)
