#!/usr/bin/env python3
"""`check --format junit` and `sarif` against the published schemas of these formats, and their values (TAP)."""
import glob
import json
import os
import subprocess
import xml.etree.ElementTree as ElementTree

from check import ROW, Folder, name_of, text_of
from home import GATE, NOW, SAMPLES, SANITIZED, SOURCE, Tap

SCHEMAS = os.path.join(SOURCE, "tests", "schemas")
ODD = ("a {b} [c] ' & <q>\".csv", "\udcff\x01\n.csv", " ", "a:b%20.csv", "é☃.csv")


def junit(done):
    """The parsed document, and what xmllint says against it."""
    judged = subprocess.run(["xmllint", "--nonet", "--noout", "--schema", os.path.join(SCHEMAS, "JUnit.xsd"), "-"],
                            input=done.stdout, capture_output=True, check=False)
    return ElementTree.fromstring(done.stdout), judged.stderr.decode() if judged.returncode else ""


def sarif(done):
    import jsonschema  # pylint: disable=import-outside-toplevel
    with open(os.path.join(SCHEMAS, "sarif-schema-2.1.0.json"), encoding="utf-8") as file:
        validator = jsonschema.Draft4Validator(json.load(file), format_checker=jsonschema.FormatChecker())
    log = json.loads(done.stdout)
    return log, "\n".join(f"{list(fault.path)}: {fault.message[:200]}" for fault in validator.iter_errors(log))


def made_folder():
    """A file of each verdict, odd names, and entries that are left out."""
    folder = Folder()
    os.mkdir(os.path.join(folder.path, "sub"))
    made = {"AC": folder.write(name_of(1), text_of(1, [ROW.format(1, 1)])),
            "WN": folder.write(name_of(2), text_of(2, [ROW.format(1, 1).replace("903,", "904,")])),
            "PA": folder.write(name_of(3), text_of(3, [ROW.format(1, 1), ROW.format(2, 1)])),
            "RJ": folder.write(name_of(4), text_of(4, [ROW.format(1, 1)], count=3))}
    for name in (*ODD, ".hidden"):
        folder.write(name, b"x")
    return folder, made


def test_junit(tap):
    folder, made = made_folder()
    done = folder.check("--format", "junit", ".", "nowhere")
    root, faults = junit(done)
    tap.ok(not faults and done.returncode == 2, "junit: the schema holds", faults, done.returncode)
    suites = root.findall("testsuite")
    found = {suite.get("name"): suite for suite in suites}
    tap.ok([suite.get("id") for suite in suites] == [str(n) for n in range(len(suites))] and
           len(suites) == len(made) + len(ODD) + 3, "junit: a suite for each file and each entry", len(suites))
    kinds = {name: [child.tag for child in suite.find("testcase")] for name, suite in found.items()}
    tap.ok([kinds[made[verdict]] for verdict in ("AC", "WN", "PA", "RJ")] == [[], [], ["failure"], ["failure"]] and
           kinds[".hidden"] == kinds["sub"] == ["skipped"] and kinds["nowhere"] == ["error"],
           "junit: PA and RJ are failures, what cannot be judged an error, what is left out skipped", kinds)
    tap.ok(all(int(suite.get(count)) == len(suite.findall(f"testcase/{tag}")) for suite in suites
               for count, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped"))) and
           all(suite.get("tests") == "1" for suite in suites), "junit: the counts are those of the elements")
    failure = found[made["RJ"]].find("testcase/failure")
    tap.ok(failure.get("type") == "B208" and failure.get("message") ==
           "rejected whole: 1 Device, 0 accepted, 1 rejected, 0 deferred" and failure.text ==
           'B208 error  line 3, column 3  DeviceCount  "3"\n'
           "    declared count differs from the count found: declared 3, found 1\n",
           "junit: a failure has code, verdict and findings", failure.attrib, failure.text)
    tap.ok("C113 warning" in found[made["WN"]].find("system-out").text, "junit: warnings are in system-out")


def results_of(run, name):
    return [result for result in run["results"]
            if result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].endswith(name)]


def test_sarif(tap):
    folder, made = made_folder()
    done = folder.check("--format", "sarif", ".", "./" + made["RJ"], "nowhere")
    log, faults = sarif(done)
    run = log["runs"][0]
    tap.ok(not faults and done.returncode == 2, "sarif: the schema holds", faults, done.returncode)
    rules = run["tool"]["driver"]["rules"]
    tap.ok(run["results"] and all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"]),
           "sarif: each result points to its rule")
    result = results_of(run, made["RJ"])[0]
    tap.ok(result["ruleId"] == "B208" and result["level"] == "error" and
           result["locations"][0]["physicalLocation"]["region"] == {"startLine": 3, "startColumn": 3} and
           result["message"]["text"] ==
           'DeviceCount "3": declared count differs from the count found: declared 3, found 1' and
           result["properties"] == {"field": "DeviceCount", "value": "3"}, "sarif: a finding with its place", result)
    warned = results_of(run, made["WN"])
    tap.ok([(each["ruleId"], each["level"], each["properties"]["record"]) for each in warned] ==
           [("C113", "warning", 1)], "sarif: a warning", warned)
    verdicts = {artifact["location"]["uri"]: artifact["properties"]["verdict"] for artifact in run["artifacts"]}
    tap.ok(all(verdicts["./" + name] == verdict for verdict, name in made.items()) and
           len(verdicts) == len(run["artifacts"]) == len(made) + len(ODD), "sarif: each file once, with its verdict",
           verdicts)
    tap.ok("./a%3Ab%2520.csv" in verdicts and "./%FF%01%0A.csv" in verdicts, "sarif: odd names are escaped URIs",
           list(verdicts))
    ended = run["invocations"][0]
    levels = [note["level"] for note in ended["toolExecutionNotifications"]]
    tap.ok(ended["executionSuccessful"] is False and ended["exitCode"] == 2 and sorted(levels) ==
           ["error", "note", "note"], "sarif: what was not judged is a notification", ended)


def test_braces_and_cap(tap):
    folder = Folder()
    rows = [f"D,{n},{{0}},ESME,AB01,010A030B,0002012F,1012345678903,,Central,1" for n in range(1, 6)]
    name = folder.write(name_of(1), text_of(1, rows))
    log, faults = sarif(folder.check("--format", "sarif", "--max-findings", "2", name))
    run = log["runs"][0]
    tap.ok(not faults and len(run["results"]) == 2 and '"{{0}}"' in run["results"][0]["message"]["text"] and
           run["results"][0]["properties"]["value"] == "{0}", "sarif: braces are no placeholders", run["results"])
    tap.ok([note["message"]["text"] for note in run["invocations"][0]["toolExecutionNotifications"]] ==
           ["3 more findings are not listed"], "sarif: findings that are not listed are counted")
    root, faults = junit(folder.check("--format", "junit", "--max-findings", "2", name))
    tap.ok(not faults and root.find(".//failure").text.endswith("... and 3 more\n"),
           "junit: findings that are not listed are counted", root.find(".//failure").text)


def test_samples(tap):
    """Every finding that a sample can cause fits both schemas."""
    folders = [os.path.join(SAMPLES, "good"), os.path.join(SAMPLES, "way"), *glob.glob(f"{SAMPLES}/codes/*")]
    folders = sorted(folders)[::8 if SANITIZED else 1]
    for form, parse in (("junit", junit), ("sarif", sarif)):
        done = subprocess.run([GATE, "--now", NOW, "check", "--format", form, *folders], capture_output=True,
                              check=False)
        _, faults = parse(done)
        tap.ok(not faults and done.returncode == 1, f"{form}: the files of {len(folders)} samples", faults,
               done.stderr.decode()[-500:])


def test_json(tap):
    folder, made = made_folder()
    one = folder.check(*made.values(), options=("--json",))
    other = folder.check("--format", "json", *made.values())
    tap.ok(one.stdout and one.stdout == other.stdout, "--format json is --json")


if __name__ == "__main__":
    with Tap() as report:
        test_junit(report)
        test_sarif(report)
        test_braces_and_cap(report)
        test_samples(report)
        test_json(report)
