#!/usr/bin/env python3
"""`metrics` and the file for node_exporter (TAP): figures against what `status`, `today` and the files in drops say,
both forms, names with quotes, a folder that cannot be written, and the alert rules and dashboard of the samples."""
import csv
import glob
import io
import json
import mmap
import os
import re
import shutil
import signal
import subprocess

from home import NOW, SAMPLES, SOURCE, Home, Tap, children_of, generate, terminate, wait_until
from parties import Parties, at, confirmed, instructed, said
from room import small_disk
from sshd import Sshd, forgiving

try:
    from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
    from prometheus_client.parser import text_string_to_metric_families as prometheus
except ImportError:
    openmetrics = prometheus = None
PROMTOOL = shutil.which("promtool")
MONITORING = os.path.join(SAMPLES, "monitoring")
SAMPLE = re.compile(r'(\w+)(?:\{((?:\w+="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (\S+)')
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def parsed(text):
    """(name, sorted labels) of each sample: its value. A line that is none fails."""
    found = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        name, labels, value = SAMPLE.fullmatch(line).groups()
        pairs = tuple(sorted((key, re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], text))
                             for key, text in LABEL.findall(labels or "")))
        assert (name, pairs) not in found, line
        found[name, pairs] = float(value)
    return found


def text_of(home, now, form="openmetrics"):
    done = home.command("metrics", "--format", form, now=now)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


class Figures:
    def __init__(self, home, now):
        self.found = parsed(text_of(home, now))

    def __call__(self, name, **labels):
        return self.found.get(("ecosgate_" + name, tuple(sorted(labels.items()))))

    def by(self, name, label):
        """Sums by one label."""
        sums = {}
        for (found, labels), value in self.found.items():
            if found == "ecosgate_" + name:
                key = dict(labels)[label]
                sums[key] = sums.get(key, 0) + value
        return sums


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def size_of(paths):
    return sum(os.path.getsize(path) for path in paths)


def outgoing(home):
    """The files in all `out`, by their type."""
    found = {}
    for path in glob.glob(home.path("drops", "*", "out", "[!.]*")):
        if os.path.isfile(path):
            found.setdefault(os.path.basename(path)[:3], []).append(path)
    return found


def made():
    """A home in which much has happened, its last time, and the bytes that were sent by type."""
    home = Home("gateway session_length=1")
    parties, sent = Parties(home), {}

    def note():
        for path in glob.glob(home.path("drops", "*", "in", "*_*")):
            sent.setdefault(os.path.basename(path)[:3], []).append(os.path.getsize(path))
    parties.instruct([1, 2, 3, instructed(4, "XSME")])
    note()
    home.run()
    parties.result(said(1), said(2, "TIMEOUT"))
    parties.confirm(confirmed(1))
    note()
    home.run(now=at(2))
    parties.result(said(3), count=7)
    note()
    home.run(now=at(10))
    parties.instruct([instructed(5, "XSME")])
    note()
    home.run(now=at(200))
    return home, at(200), sent


def answers(home):
    """By reading the acknowledgements: verdicts by type and outcome, findings by type and code."""
    verdicts, findings = {}, {}
    for path in outgoing(home)["EMA"]:
        with open(path, encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
        kind = rows[1][1][:3]
        verdicts[kind, rows[1][5]] = verdicts.get((kind, rows[1][5]), 0) + 1
        for row in rows:
            if row[0] == "E":
                findings[kind, row[1]] = findings.get((kind, row[1]), 0) + 1
    return verdicts, findings


def summed(figures, name, *labels):
    sums = {}
    for (found, pairs), value in figures.found.items():
        if found == "ecosgate_" + name:
            key = tuple(dict(pairs)[label] for label in labels)
            sums[key] = sums.get(key, 0) + value
    return sums


def test_values(tap, home, now, sent):
    figures = Figures(home, now)
    status = home.json("status", now=now)[0]
    verdicts, findings = answers(home)
    tap.ok(summed(figures, "verdicts_total", "type", "outcome") == verdicts and len(verdicts) == 4,
           "verdicts are as many as the acknowledgements say", verdicts,
           summed(figures, "verdicts_total", "type", "outcome"))
    tap.ok(summed(figures, "findings_total", "type", "code") == findings, "so are the findings", findings,
           summed(figures, "findings_total", "type", "code"))
    tap.ok(figures.by("received_files_total", "type") == {kind: len(sizes) for kind, sizes in sent.items()} and
           figures.by("received_bytes_total", "type") == {kind: sum(sizes) for kind, sizes in sent.items()},
           "received files and bytes are those that were sent", sent, figures.by("received_bytes_total", "type"))
    files = outgoing(home)
    mine = {kind: n for kind, n in figures.by("delivered_files_total", "kind").items() if kind in files}
    size = figures.by("delivered_bytes_total", "kind")
    tap.ok(mine == {kind: len(paths) for kind, paths in files.items()} and len(mine) >= 5 and
           all(size[kind] == size_of(paths) for kind, paths in files.items()),
           "delivered files and bytes are those in the drops", mine, files)
    ordered = sum(row[0] == "D" for path in files["EMW"] for row in csv.reader(io.StringIO(read(path))))
    tap.ok(figures("tries_total") == ordered > 3, "tries are the rows of the work orders", ordered)
    tap.ok(figures.by("reviewed_devices_total", "outcome") == {"accepted": 3, "rejected": 2, "deferred": 0},
           "Devices are counted by their review", figures.by("reviewed_devices_total", "outcome"))
    tap.ok({state: n for state, n in figures.by("devices", "state").items() if n} == status["devices"],
           "Devices by state are those of status", status["devices"], figures.by("devices", "state"))
    tap.ok(figures.by("jobs", "state") == status["jobs"], "jobs by state are those of status", status["jobs"],
           figures.by("jobs", "state"))
    tap.ok(figures("last_file_timestamp_seconds", party="TCSP", type="EMT") == 1688385720 and
           figures("last_file_timestamp_seconds", party="MCC", type="EMI") == 1688397600,
           "the newest file of a party does not count if it was rejected whole", figures.found)
    opened = sum(figures.by("opened_incidents_total", "code").values())
    incidents = home.json("incident", "list", "--all", now=now)
    tap.ok(opened == len(incidents) and sum(figures.by("incidents", "code").values()) ==
           sum(row["cleared"] is None for row in incidents), "incidents are those of incident list", incidents)
    with open(home.path("witness"), encoding="utf-8") as file:
        head = next(line for line in file if line.startswith("evidence="))
    tap.ok(figures("evidence_links") >= int(head[len("evidence="):].split()[0]) > 10,
           "the chain of evidence has the links of the witness, or more", head, figures("evidence_links"))
    tap.ok(figures("report_issued_timestamp_seconds", report="ECOSMIG-002") is None and
           len(figures.by("report_next_timestamp_seconds", "report")) > 8, "reports: the next ones")


def test_today(tap, home, now):
    figures = Figures(home, now)
    day = {(row["section"], row["name"]): row["n"]
           for row in home.json("today", now=now)[0]["figures"]}
    of_day = {kind: sum(n for (section, name), n in day.items() if section == "files in" and name.startswith(kind))
              for kind in ("EMI", "EMT", "EMC")}
    tap.ok(of_day == figures.by("received_files_total", "type") and
           day["Devices", "ordered"] == figures("tries_total") and
           day["Devices", "migrated"] == figures("session_duration_seconds_count", state="MIGRATED") == 1 and
           day["Devices", "failed"] == figures("session_duration_seconds_count", state="FAILED") == 2,
           "on the first day the totals are those of today", day, of_day)


def test_histograms(tap, home, now):
    figures = Figures(home, now)
    bucket = lambda le, state: figures("session_duration_seconds_bucket", state=state, le=le)
    tap.ok([bucket(le, "MIGRATED") for le in ("60.0", "300.0", "+Inf")] == [0, 1, 1] and
           figures("session_duration_seconds_sum", state="MIGRATED") == 120, "a session of two minutes is in a bucket",
           bucket("60.0", "MIGRATED"), bucket("300.0", "MIGRATED"))
    tap.ok([bucket(le, "FAILED") for le in ("3600.0", "14400.0", "+Inf")] == [0, 2, 2], "longer ones are in theirs",
           bucket("3600.0", "FAILED"))
    tap.ok(figures("judge_duration_seconds_count") == sum(figures.by("received_files_total", "type").values()) and
           figures("delivery_duration_seconds_count") == sum(figures.by("delivered_files_total", "kind").values()) and
           figures("delivery_duration_seconds_bucket", le="1.0") == figures("delivery_duration_seconds_count"),
           "each verdict and each delivery is in a histogram")
    tap.ok(figures("pass_duration_seconds_count") == figures("pass_duration_seconds_bucket", le="+Inf") >= 1 and
           figures("pass_duration_seconds_sum") > 0, "so is each pass")


def test_forms(tap, home, now):
    new, old = text_of(home, now), text_of(home, now, "prometheus")
    tap.ok(parsed(new).keys() == parsed(old).keys() and new.endswith("\n# EOF\n") and "EOF" not in old,
           "both forms have the same samples")
    tap.ok("# TYPE ecosgate_tries counter\n" in new and "# TYPE ecosgate_tries_total counter\n" in old and
           "# UNIT ecosgate_received_bytes bytes\n" in new and "# TYPE ecosgate_build_info gauge\n" in old and
           "# TYPE ecosgate_build info\n" in new, "each names families as its readers want them")
    if openmetrics:
        tap.ok(len(list(openmetrics(new))) == len(list(prometheus(old))) == new.count("# TYPE "),
               "the parsers of the Python client take them")
    if PROMTOOL:
        done = subprocess.run([PROMTOOL, "check", "metrics"], input=old.encode(), capture_output=True, check=False)
        tap.ok(done.returncode == 0 and not done.stdout + done.stderr, "promtool has nothing to say", done)
    done = home.command("metrics", "--format", "xml")
    tap.ok(done.returncode == 2 and b"expected openmetrics or prometheus, found 'xml'" in done.stderr,
           "another form is refused", done.stderr)
    names = set(re.findall(r"^# TYPE (\w+)", old, re.M))
    with open(os.path.join(SOURCE, "gateway", "metrics", "metrics.def"), encoding="utf-8") as file:
        declared = {"ecosgate_" + name for name in re.findall(r'^METRIC\(\w+, \w+, "(\w+)"', file.read(), re.M)}
    tap.ok(names == declared and len(names) > 40, "every metric of the table is printed", names ^ declared)


def test_restart(tap, home, now):
    before = Figures(home, now).found
    passes = before["ecosgate_pass_duration_seconds_count", ()]
    home.run(now=now)
    after = Figures(home, now).found
    back = [key for key, value in before.items() if key[0].endswith(("_total", "_count", "_bucket", "_sum")) and
            "pass_duration" not in key[0] and "process" not in key[0] and after[key] < value]
    tap.ok(not back and after["ecosgate_pass_duration_seconds_count", ()] <= passes + 1,
           "no total of the ledger goes back with a restart; passes begin again", back)
    home.command("redeliver", os.path.basename(outgoing(home)["EMA"][0]), "--reason", "x", now=now)
    home.run(now=now)
    again = Figures(home, now)
    tap.ok(again("delivered_files_total", kind="EMA") == after["ecosgate_delivered_files_total", (("kind", "EMA"),)] + 1
           and again("delivery_duration_seconds_count") == after["ecosgate_delivery_duration_seconds_count", ()],
           "a file that is delivered again counts, and its time does not")
    tap.ok(again("verify_end_timestamp_seconds") is None, "before the first spool verify nobody knows its end")
    home.command("spool", "verify", now=at(300))
    found = Figures(home, at(300))
    tap.ok(found("verify_end_timestamp_seconds") == 1688403600 and found("verify_faults") == 0, "then it is known",
           found.found)


HOSTILE = 'he"llo \\ {x="1"},é'


def test_hostile(tap):
    home = Home("metrics file=out/ecosgate.prom")
    for folder in ("drops/w/in", "drops/w/out", "out"):
        os.makedirs(home.path(folder))
    with open(home.conf, "a", encoding="utf-8") as file:
        file.write(f"\n[drop {HOSTILE}]\nin=drops/w/in\nout=drops/w/out\n"
                   f"[expect night.ly]\nparty=MCC\ntype=EMI\nby=06:00\n")
    with open(home.inbox("mcc") + "/EMI_\"\n_x.csv", "wb") as file:
        file.write(b"x")
    done = home.run()
    text = read(home.path("out", "ecosgate.prom"))
    found = parsed(text)
    tap.ok(found.get(("ecosgate_drop_up", (("direction", "in"), ("drop", HOSTILE)))) == 1 and
           found.get(("ecosgate_late_expectations", (("expect", "night.ly"),))) == 0,
           "names of drops and expectations come back as they are", text, done.stderr)
    tap.ok(found.get(("ecosgate_received_files_total", (("type", "unknown"),))) == 1 and "_x.csv" not in text,
           "the name of a file is in no label", text)
    if prometheus:
        names = {sample.labels.get("drop") for family in prometheus(text) for sample in family.samples}
        tap.ok(HOSTILE in names, "the parser of the Python client reads the same name", names)
    mode = os.stat(home.path("out", "ecosgate.prom")).st_mode & 0o777
    tap.ok(mode == 0o644, "everybody may read the file", oct(mode))


def test_replaced(tap):
    """A reader never sees half of it, nor an old file beside it."""
    home = Home("metrics file=out/ecosgate.prom\nmetrics interval=1\ngateway poll_interval=1")
    os.mkdir(home.path("out"))
    umask = os.umask(0o027)
    daemon = home.daemon()
    os.umask(umask)
    path, seen, bad = home.path("out", "ecosgate.prom"), set(), []

    def look():
        if not os.path.exists(path):
            return False
        with open(path, encoding="utf-8") as file:
            seen.add(os.fstat(file.fileno()).st_ino)
            text = file.read()
        if not re.search(r"ecosgate_process_cpu_seconds_total \S+\n\Z", text):
            bad.append(text)
        return len(seen) >= 3
    wait_until(look)
    terminate(daemon)
    mode = os.stat(path).st_mode & 0o777
    tap.ok(not bad and mode == 0o644, "each reading has the whole file, under any umask", oct(mode), *bad[:1])
    tap.ok(os.listdir(home.path("out")) == ["ecosgate.prom"], "nothing else is left there",
           os.listdir(home.path("out")))
    memory = parsed(read(path))["ecosgate_process_resident_memory_bytes", ()]
    tap.ok(1 << 20 < memory < 1 << 32, "the memory of the daemon is in it", memory)


def tree(pid):
    """Ticks of processors and pages of memory of a process and all that it has started."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return [(sum(map(int, fields[11:15])), int(fields[21]))] + [
        each for child in children_of(pid) for each in tree(child)]


def test_children(tap):
    """What cells and SFTP sessions take is counted, also when they have ended."""
    home = Home("gateway poll_interval=1")
    with Sshd(home.top) as server:
        home.over_sftp("mcc", server)
        daemon = home.daemon(env={**os.environ, **forgiving(server)})
        home.drop("mcc", generate(home.top, "--form", "xml", "--devices", "20000"))  # some ticks of a session
        wait_until(lambda: len(home.out("mcc")) == 2)
        before = set(children_of(daemon.pid))
        daemon.send_signal(signal.SIGHUP)  # which ends it
        wait_until(lambda: before - (now := set(children_of(daemon.pid))) and len(now) >= 2)

        looks = []

        def steady():
            looks[:] = tree(daemon.pid), Figures(home, NOW).found
            return looks[0] == tree(daemon.pid)
        tap.ok(wait_until(steady), "two looks at the processes find the same", looks)
        wanted, found = looks
        tap.ok(found["ecosgate_child_processes", ()] == len(wanted) - 1 >= 2 and
               found["ecosgate_child_resident_memory_bytes", ()] == sum(p for _, p in wanted[1:]) * mmap.PAGESIZE,
               "the processes of cells and sessions are counted, and their memory", wanted, found)
        ticks, seconds = sum(t for t, _ in wanted), found["ecosgate_process_cpu_seconds_total", ()]
        tap.ok(abs(seconds * os.sysconf("SC_CLK_TCK") - ticks) < 2,
               "their time of processors is in that of the program", ticks, seconds)
        terminate(daemon)


def alarms(home, now):
    return [(row["level"], row["command"]) for row in home.json("status", now=now)[0]["alarms"]]


def test_unwritable(tap):
    home = Home("metrics file=none/ecosgate.prom\npage folder=gone")
    done = home.run()
    tap.ok(done.returncode == 0 and done.stderr.count(b"the metrics in ") == 1 and
           b"No such file or directory" in done.stderr, "a file that cannot be written is said, and stops nothing",
           done.stderr)
    health = home.command("health", now=at(1))
    tap.ok(alarms(home, at(1)) == [("warning", "ecosgate doctor")] * 2 and health.returncode == 1 and
           b"cannot be written" in health.stdout, "status and health know both files", alarms(home, at(1)),
           health.stdout)
    tap.ok(Figures(home, at(1))("unwritten_files") == 2, "and so do the metrics")
    row = [row for row in home.json("doctor") if row.get("step", row.get("name")) == "metrics" or
           "metrics" in json.dumps(row)]
    tap.ok(row and "it is no folder" in json.dumps(row), "doctor names the folder", row)
    os.mkdir(home.path("none"))
    os.mkdir(home.path("gone"))
    home.run(now=at(2))
    tap.ok(alarms(home, at(2)) == [] and os.path.exists(home.path("none", "ecosgate.prom")),
           "once the folders are there, nothing is wrong", alarms(home, at(2)))
    for setting, reason in (("metrics file=x.txt", b"ends in .prom"), ("metrics interval=0", b"interval"),
                            ("metrics file=drops/mcc/in/e.prom", b"the file would be picked up")):
        other = Home(setting)
        refused = other.run()
        tap.ok(refused.returncode == 2 and reason in refused.stderr, f"refused: {setting}", refused.stderr)
    with small_disk(4096) as folder:
        if folder is None:
            return
        home.set(f"metrics file={folder}/ecosgate.prom")
        with open(os.path.join(folder, "ecosgate.prom"), "w", encoding="ascii") as file:
            file.write("old\n")
        done = home.run(now=at(3))
        tap.ok(done.returncode == 0 and b"No space left on device" in done.stderr and
               read(os.path.join(folder, "ecosgate.prom")) == "old\n" and os.listdir(folder) == ["ecosgate.prom"] and
               len(alarms(home, at(3))) == 1, "on a full disk the old file stays, and it is told", done.stderr)


def test_samples(tap, names):
    rules = read(os.path.join(MONITORING, "ecosgate.rules.yml"))
    tests = read(os.path.join(MONITORING, "ecosgate.rules.test.yml"))
    board = json.loads(read(os.path.join(MONITORING, "dashboard.json")))
    asked = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    used = set(re.findall(r"\becosgate_\w+", " ".join(asked) + re.sub(r"alert:.*|runbook:.*", "", rules)))
    known = names | {name + end for name in names for end in ("_bucket", "_sum", "_count")}
    tap.ok(used - {"ecosgate_"} <= known and len(used) > 30, "every metric of rules and dashboard exists", used - known)
    tap.ok(set(re.findall(r"\becosgate_\w+(?=\{|')", tests)) <= known, "and so does every one of the rules' tests")
    pages = {"RUNBOOK.md, " + title for title in
             re.findall(r"^## (.*)", read(os.path.join(SOURCE, "gateway", "RUNBOOK.md")), re.M)}
    books = re.findall(r'runbook: "(.*?)"', rules)
    tap.ok(set(books) <= pages and len(books) == rules.count("- alert:"), "each alert names a page of the runbook",
           set(books) - pages)
    source = read(os.path.join(SOURCE, "gateway", "condition", "condition_alarms.c"))
    codes = set(re.findall(r'\{"(A\d+)", ALARM', source)) - {"A101", "A102", "A103", "A107"}
    tap.ok(codes and all(code in rules for code in codes), "each code that health knows has its alert", codes)
    if PROMTOOL:
        done = subprocess.run([PROMTOOL, "test", "rules", "ecosgate.rules.test.yml"], cwd=MONITORING,
                              capture_output=True, check=False)
        tap.ok(done.returncode == 0, "promtool: the rules fire and do not fire as tests say", done.stdout.decode(),
               done.stderr.decode())


if __name__ == "__main__":
    with Tap() as report:
        test_home, last, files_sent = made()
        test_values(report, test_home, last, files_sent)
        test_today(report, test_home, last)
        test_histograms(report, test_home, last)
        test_forms(report, test_home, last)
        test_samples(report, set(re.findall(r"^# TYPE (\w+)", text_of(test_home, last, "prometheus"), re.M)))
        test_restart(report, test_home, last)
        test_hostile(report)
        test_replaced(report)
        test_children(report)
        test_unwritable(report)
