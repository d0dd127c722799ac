#!/usr/bin/env python3
"""Profiles, the formats of files as data: the commands that show and check them (TAP)."""
import copy as copy_tree
import glob
import json
import os
import re
import subprocess
import tempfile
import xml.etree.ElementTree as ET

from home import GATE, PATIENCE, SAMPLES, SOURCE, Home, Tap, manual_members

PROPOSAL = sorted(glob.glob(os.path.join(SOURCE, "formats", "profiles", "proposal-1.0", "r*", "*.json")))
CONTRAST = os.path.join(SOURCE, "samples", "profiles", "contrast-2.0")
FACT = re.compile(r'^FACT\(\w+, "([^"]+)", (\w+), "([^"]+)"\)$', re.M)


def call(*arguments):
    return subprocess.run([GATE, *arguments], capture_output=True, text=True, check=False, timeout=PATIENCE)


def listed(*arguments):
    return [json.loads(line) for line in call("--json", *arguments).stdout.splitlines()]


def schemas():
    """Of each published Table Schema the names of its fields."""
    found = {}
    for path in PROPOSAL:
        with open(path, encoding="utf-8") as file:
            found[os.path.basename(path)[:-5]] = [field["name"] for field in json.load(file)["fields"]]
    return found


def test_facts(tap):
    with open(os.path.join(SOURCE, "formats", "facts.def"), encoding="utf-8") as file:
        wanted = [(name, kind.lower().replace("_", " "), meaning) for name, kind, meaning in FACT.findall(file.read())]
    facts = listed("profile", "facts")
    tap.ok(len(wanted) > 100 and [(row["fact"], row["type"], row["meaning"]) for row in facts] == wanted,
           "profile facts lists every fact with its type and meaning", facts[:3], wanted[:3])
    tap.ok(not set().union(*facts) - manual_members(), "ecosgate(1) names its members", facts[0])

    found = schemas()
    records = {row["fact"]: set(row["records"]) for row in facts}
    for fact, column in (("device.id", "DeviceID"), ("header.mode", "Mode"), ("header.corrects", "ResubmissionOf"),
                         ("result.outcome", "Result"), ("file.sha256", "SHA256")):
        having = {name for name, fields in found.items() if column in fields}
        tap.ok(having and records[fact] == having, f"profile facts names the records that have {fact}", records[fact],
               having)
    text = call("profile", "facts").stdout.splitlines()
    lists = [row for row in facts if row["values"]]
    codes = next(row["values"] for row in facts if row["fact"] == "finding.code")
    values, below = text.index("values"), text.index("codes")
    tap.ok(values == len(facts) + 1 and below == values + len(lists) + 2 and len(text) == below + len(codes) + 2 and
           [line.split()[0] for line in text[below + 2:]] == codes and
           "decision.transient Y, N" in (shown := [" ".join(line.split()) for line in text[values:below]]) and
           "finding.code a code, see below" in shown,
           "then the values of each fact that has a list, and all codes", text[values:values + 4], text[-2:])
    tap.ok(text[0].split() == ["fact", "type", "meaning"] and
           any(line.split()[:2] == ["device.id", "eui64"] for line in text), "the table for people has a line for each",
           text[:3])


def change(path, old, new):
    """Replaces the first place of a text in a file, which must have it. Returns the line of that place."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    begin = text.index(old)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text[:begin] + new + text[begin + len(old):])
    return text.count("\n", 0, begin) + 1


def copy(folder, name):
    """A new profile that begins as the proposal."""
    path = os.path.join(folder, name)
    done = call("profile", "new", path, "--from", "proposal-1.0")
    assert done.returncode == 0, done.stderr
    return path


def test_list_and_show(tap):
    rows = listed("profile", "list")
    tap.ok([row["profile"] for row in rows] == ["proposal-1.0"] and len(rows[0]["digest"]) == 64,
           "profile list has the built-in profile", rows)
    shown = listed("profile", "show", "proposal-1.0")[0]
    tap.ok([row["type"] for row in shown["types"]][:2] == ["EMI", "EMA"] and len(shown["reports"]) == 10 and
           shown["namespace"] == "urn:ecos-gateway:migration:1" and shown["digest"] == rows[0]["digest"],
           "profile show tells types, reports, namespace and digest", shown)
    columns = listed("profile", "show", "proposal-1.0", "EMI-D")
    tap.ok([row["column"] for row in columns] == schemas()["EMI-D"][1:] and
           columns[1] == {"position": 2, "column": "DeviceID", "fact": "device.id", "required": True,
                          "element": "DeviceID", "passed": None}, "profile show EMI-D lists its columns", columns[:2])
    columns = listed("profile", "show", "proposal-1.0", "MAPR")
    tap.ok([row["column"] for row in columns] == schemas()["MAPR"], "profile show MAPR lists those of a report",
           columns)
    names = set().union(*rows, shown, *shown["types"], *shown["reports"], *columns)
    tap.ok(not names - manual_members(), "ecosgate(1) names the members", names - manual_members())
    for arguments, status, said in (
            (("show", "proposl-1.0"), 2, "did you mean proposal-1.0?"),
            (("show", "other"), 2, "'ecosgate profile list' lists the profiles"),
            (("show", "/nowhere"), 2, "/nowhere is no folder of a profile"),
            (("show", "proposal-1.0", "ECOSMIG-007"), 1, "did you mean ECOSMIG-00"),
            (("show", "proposal-1.0", "nothing"), 1, "expected a name such as EMI-D")):
        done = call("profile", *arguments)
        tap.ok(done.returncode == status and said in done.stderr and not done.stdout,
               f"profile {' '.join(arguments)}: {said}", done.returncode, done.stderr)


def test_new(tap, folder):
    path = copy(folder, "annex-2.0")
    found = listed("profile", "show", path)[0]
    tap.ok(found["profile"] == "annex-2.0" and found["folder"] == path, "profile new names the profile as its folder",
           found)
    done = call("profile", "new", path, "--from", "proposal-1.0")
    tap.ok(done.returncode == 2 and "exists already and was not changed" in done.stderr, "it refuses one that exists",
           done.stderr)
    done = call("profile", "new", os.path.join(folder, "other"))
    tap.ok(done.returncode == 2 and "--from is missing" in done.stderr, "it needs --from", done.stderr)
    with open(os.path.join(path, "xml.json"), "a", encoding="utf-8") as file:
        file.write("}")
    done = call("profile", "new", os.path.join(folder, "third"), "--from", path)
    tap.ok(done.returncode == 2 and "xml.json:" in done.stderr and not os.path.exists(os.path.join(folder, "third")),
           "a profile with faults is not copied", done.stderr)


def test_check(tap, folder):
    done = call("profile", "check", "proposal-1.0")
    tap.ok(done.returncode == 0 and done.stdout == "sound: proposal-1.0, 12 types, 10 reports, 29 samples\n",
           "the proposal is sound, and so are the samples made of it", done.stdout, done.stderr)
    path = copy(folder, "faulty-1.0")
    wanted = [("records/EMI-D.json", '"fact": "device.id"', '"fact": "device.idd"', "did you mean device.id?"),
              ("reports/MAPR.json", '"fact": "device.status"', '"fact": "result.outcome"', "cannot carry the fact"),
              ("profile.json", '"from": null', '"from": "tomorrow"', "expected a time"),
              ("records/EMW-D.json", '"form": "Hex4"', '"form": "Hex5"', 'forms.json has no form "Hex5"')]
    lines = [(name, change(os.path.join(path, name), old, new), said) for name, old, new, said in wanted]
    faults = listed("profile", "check", path)
    summary = faults.pop()
    for name, line, said in lines:
        tap.ok(any(row["file"] == name and line - 2 <= row["line"] <= line and said in row["text"] for row in faults),
               f"a fault has file and line: {name}: {said}", line, faults)
    tap.ok(summary["faults"] == len(faults) and not (set(faults[0]) | set(summary)) - manual_members(),
           "the last object counts the faults", summary)
    done = call("profile", "check", path)
    tap.ok(done.returncode == 1 and done.stdout.endswith(f"\n{len(faults)} faults\n") and
           f"{lines[0][0]}:{lines[0][1]}: " in done.stdout, "a profile with faults: exit status 1", done.stdout)
    done = call("profile", "check", os.path.join(folder, "nothing"))
    tap.ok(done.returncode == 2 and not done.stdout, "one that is not there: exit status 2", done.stderr)


def test_configured(tap, folder):
    """Profiles of the configuration have names."""
    home = Home()
    path = copy(home.dir, "annex-2.0")
    home.set("party MCC profile=annex-2.0;proposal-1.0")
    rows = home.json("profile", "list")
    tap.ok([(row["profile"], row["folder"]) for row in rows] == [("proposal-1.0", None), ("annex-2.0", path)],
           "profile list has those of the configuration", rows)
    shown = home.json("profile", "show", "annex-2.0")
    tap.ok(shown[0]["profile"] == "annex-2.0", "profile show knows their names", shown)
    done = home.command("profile", "check", "anex-2.0")
    tap.ok(done.returncode == 2 and b"did you mean annex-2.0?" in done.stderr, "a name that is nearly one", done.stderr)

    change(os.path.join(path, "records", "EMI-D.json"), '"name": "DeviceID"', '"name": "MeterEUI"')
    into = os.path.join(folder, "annex samples")
    call("profile", "check", path, "--samples", into)
    with open(glob.glob(os.path.join(into, "EMA_*.csv"))[0], encoding="utf-8") as file:
        text = file.read()
    tap.ok(",MeterEUI,00-DB-12," in text and "DeviceID" not in text, "samples speak of the profile's columns", text)
    sample = glob.glob(os.path.join(into, "EMI_*.xml"))
    tap.ok([row["verdict"] for row in listed("check", *sample, "--profile", path)] == ["AC"],
           "check --profile reads a file by that profile")
    found = listed("check", *sample)[0]
    tap.ok(found["verdict"] == "RJ" and found["findings"][0]["code"] == "B203", "without it the file is another's",
           found)
    found = home.json("check", *sample, "--profile", "annex-2.0")[0]
    tap.ok(found["verdict"] == "AC" and "B103" not in found["not_judged"],
           "with -c by its name, too, with the rules of parties", found)
    found = home.json("check", *sample, "--profile", "proposal-1.0")[0]
    tap.ok("B203" in found["counts"], "it counts more than the profile of the party", found)
    done = call("check", *sample, "--profile", "annnex-2.0")
    tap.ok(done.returncode == 2 and "there is no profile" in done.stderr, "a profile that there is not", done.stderr)


def test_samples(tap, folder):
    into = os.path.join(folder, "samples")
    done = call("profile", "check", "proposal-1.0", "--samples", into)
    files = sorted(glob.glob(os.path.join(into, "*")))
    tap.ok(done.returncode == 0 and len(files) == 29, "--samples writes the samples", files, done.stderr)
    inbound = [path for path in files if re.match("EMI|EMT|EMC|INV|COS|NMM|PTY", os.path.basename(path))]
    verdicts = {row["file"]: row["verdict"] for row in listed("check", *inbound)}
    tap.ok(len(verdicts) == 10 and set(verdicts.values()) == {"AC"}, "check accepts those of files that arrive",
           verdicts)
    done = subprocess.run(["xmllint", "--noout", "--schema",
                           os.path.join(SOURCE, "formats", "schema", "ecos-migration-1.xsd"),
                           *[path for path in files if path.endswith(".xml")]], capture_output=True, text=True,
                          check=False)
    tap.ok(done.returncode == 0, "xmllint finds all XML samples valid by the published XSD", done.stderr)
    done = call("profile", "check", "proposal-1.0", "--samples", into)
    tap.ok(done.returncode == 2 and "exists already" in done.stderr, "--samples changes no folder that exists",
           done.stderr)


def test_contrast(tap, folder):
    """A profile that differs in everything that may differ is sound, and its samples are files of that profile only."""
    done = call("profile", "check", CONTRAST)
    tap.ok(done.returncode == 0 and done.stdout == "sound: contrast-2.0, 12 types, 10 reports, 29 samples\n",
           "the second profile is sound", done.stdout, done.stderr)
    samples = os.path.join(folder, "contrast")
    call("profile", "check", CONTRAST, "--samples", samples)
    arrives = re.compile(r"ASSIGN-|\w+~REPORT~|STATE\.|STOCK-|SWITCH_|[\d.]+\.MODELS|PARTIES-")
    inbound = [path for path in sorted(glob.glob(os.path.join(samples, "*"))) if arrives.match(os.path.basename(path))]
    verdicts = [row["verdict"] for row in listed("check", "--profile", CONTRAST, *inbound)]
    tap.ok(verdicts == ["AC"] * 10, "check --profile accepts each of its files", inbound, verdicts)
    done = call("check", "--profile", CONTRAST, samples)
    left_out = done.stderr.count("left out: its name is one that a gateway writes")  # reports for all say which gateway
    tap.ok(left_out == 17 and "12 files: 10 AC, 0 WN, 0 PA, 2 RJ" in done.stdout,
           "in a folder it leaves out what a gateway writes by that profile", done.stderr[-1500:], done.stdout[-300:])
    verdicts = [row["verdict"] for row in listed("check", *inbound)]
    tap.ok(verdicts == ["RJ"] * 10, "without it none is accepted", verdicts)
    rows = listed("profile", "diff", "proposal-1.0", CONTRAST)
    records = {row["where"].split()[0] for row in rows if " " in row["where"]}
    tap.ok(len(rows) > 300 and len(records) == 35, "profile diff shows that it differs in each record", len(rows),
           records)


def edit(path, change_it):
    """Changes the JSON of a file by a function of it."""
    with open(path, encoding="utf-8") as file:
        content = json.load(file)
    change_it(content)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=1)


def test_header_in_one_form(tap, folder):
    """A header in one of the two forms of a type: in CSV or in XML alone."""
    csv_only, xml_only = copy(folder, "headcsv-1.0"), copy(folder, "headxml-1.0")
    edit(os.path.join(csv_only, "xml.json"), lambda xml: xml["types"]["EMI"].update(header=None, count=None))
    record = os.path.join(xml_only, "records", "EMI-D.json")
    edit(record, lambda schema: schema.update(dialect={"frame": "title"}, fields=schema["fields"][1:]))
    os.unlink(os.path.join(xml_only, "records", "EMI-T.json"))
    for path, form, begins, says in ((csv_only, "csv", "H,EMI,1.0,", "the H record of CSV alone"),
                                     (xml_only, "csv", "RecordNumber,DeviceID,", "the Header of XML alone")):
        into = path + " samples"
        done = call("profile", "check", path, "--samples", into)
        tap.ok(done.returncode == 0 and done.stdout.startswith("sound: "), f"sound: a header in {says}", done.stdout)
        files = sorted(glob.glob(os.path.join(into, "EMI_*")))
        rows = listed("check", "--profile", path, *files)
        tap.ok([row["verdict"] for row in rows] == ["AC", "AC"], "check accepts both forms", rows)
        with open(next(name for name in files if name.endswith(form)), encoding="utf-8") as file:
            text = file.read()
        with open(next(name for name in files if name.endswith("xml")), encoding="utf-8") as file:
            other = file.read()
        tap.ok(text.startswith(begins) and ("<Header>" in other) == (path == xml_only),
               f"one of them has it: {says}", text[:60], other[:200])
    rows = listed("profile", "show", xml_only, "EMI-D")
    tap.ok(rows and rows[0]["column"] == "RecordNumber", "profile show knows EMI-D without a letter", rows)
    done = call("profile", "show", xml_only, "EMI-")
    tap.ok(done.returncode == 1 and not done.stdout, "and no record EMI-", done.stdout)
    wheres = {row["where"] for row in listed("profile", "diff", "proposal-1.0", xml_only)}
    tap.ok(not any(where.startswith(("EMI-D ", "EMI-H ", "EMI- ")) for where in wheres),
           "profile diff compares EMI-D and EMI-H with those of the proposal", wheres)


def test_required_unknown(tap, folder):
    """A column without a fact that must be there: the samples have it."""
    path = copy(folder, "crew-1.0")
    edit(os.path.join(path, "records", "EMI-D.json"),
         lambda schema: schema["fields"].insert(3, {"name": "Crew", "constraints": {"required": True}}))
    done = call("profile", "check", path)
    tap.ok(done.returncode == 0, "a column without a fact may be required", done.stdout)


def mutations(path, folder):
    """Copies of an XML file, each with one change of its structure."""
    root = ET.parse(path).getroot()
    ET.register_namespace("", root.tag[1:].split("}")[0])
    parents = [node for node in root.iter() if len(node)]
    for p, parent in enumerate(parents):
        for i in range(len(parent)):
            for what in ("removed", "doubled", "moved", "renamed", "nested"):
                tree = copy_tree.deepcopy(root)
                node = [node for node in tree.iter() if len(node)][p]
                child = node[i]
                if what == "removed":
                    node.remove(child)
                elif what == "doubled":
                    node.insert(i, copy_tree.deepcopy(child))
                elif what == "moved":
                    node.remove(child)
                    node.insert(0 if i else len(node), child)
                elif what == "renamed":
                    child.tag += "X"
                else:
                    child.append(copy_tree.deepcopy(child))
                made = os.path.join(folder, f"{p}-{i}-{what}", os.path.basename(path))
                os.makedirs(os.path.dirname(made), exist_ok=True)
                ET.ElementTree(tree).write(made, encoding="UTF-8", xml_declaration=True)
                yield made


def test_differential(tap, folder, profile):
    """The exported XSD accepts the structure that the reader of that profile accepts, and no other."""
    name = os.path.basename(profile)
    into, samples = os.path.join(folder, f"published {name}"), os.path.join(folder, f"differential {name}")
    call("profile", "export", into, profile)
    call("profile", "check", profile, "--samples", samples)
    read = [row["file"] for row in listed("check", "--profile", profile, samples) if row["form"] == "xml" and
            row["type"] in ("EMI", "EMT", "EMC")]
    files = [made for path in read for made in mutations(path, os.path.join(samples, "mutations", path[-7:-4]))]
    found = {row["file"]: row["counts"] for row in listed("check", "--profile", profile, *read, *files)}
    done = subprocess.run(["xmllint", "--noout", "--schema", glob.glob(os.path.join(into, "*.xsd"))[0], *read, *files],
                          capture_output=True, text=True, check=False)
    valid = {line[:-len(" validates")] for line in done.stderr.splitlines() if line.endswith(" validates")}
    differ = [path for path in read + files if (path in valid) == bool({"B202", "B203", "B306"} & set(found[path]))]
    tap.ok(len(read) == 3 and len(files) > 250 and not differ,
           f"{name}: reader and exported XSD agree about {len(files)} changed files", differ[:3], len(read))
    tap.ok(set(read) <= valid and 10 < len(valid) < len(files), f"{name}: some of them are valid, most are not",
           len(valid))


def test_demo(tap, folder):
    """The way of gateway/PROFILES.md: two partners of one gateway on two profiles."""
    done = subprocess.run(["sh", os.path.join(SAMPLES, "demo_profiles.sh"), os.path.join(folder, "demo")],
                          capture_output=True, text=True, check=False, env={**os.environ, "ECOSGATE": GATE})
    tap.ok(done.returncode == 0, "samples/demo_profiles.sh goes its way to the end", done.stdout[-2000:], done.stderr)
    for text in ("did you mean device.model?", "sound: annex-2.0, 12 types, 10 reports, 29 samples",
                 "job 00000001: ASSIGN-MCC-0001-20230703T060000Z.csv: AC",
                 "EMW_TCOS_90-B3-D5-1F-30-00-00-04_20230703_120000_000001.csv",
                 "D,1,00-DB-12-34-56-78-90-A0,MCC.B20230703-0001.1,MIGRATED,,1,2023-07-03T13:10:00Z,",
                 "CLOSURE-MCC-0001-20230703T060000Z.1.csv", "profile          annex-2.0",
                 "sound: 5 jobs, 1 Device in = 1 accepted + 0 rejected + 0 deferred"):
        tap.ok(text in done.stdout, f"it shows: {text}", done.stdout[-3000:])


def test_own_schema(tap, folder):
    """The partner's XSD lies in the folder, and includes another one."""
    path = copy(folder, "schema-1.0")
    with open(os.path.join(SOURCE, "formats", "schema", "ecos-migration-1.xsd"), encoding="utf-8") as file:
        text = file.read()
    begin, end = text.index("  <xs:simpleType name=\"Eui64\""), text.index("  <xs:complexType")
    head = text[:text.index("  <xs:annotation>")]
    with open(os.path.join(path, "types.xsd"), "w", encoding="utf-8") as file:
        file.write(head + text[begin:end] + "</xs:schema>\n")
    own = os.path.join(path, "annex.xsd")
    with open(own, "w", encoding="utf-8") as file:
        file.write(head + '  <xs:include schemaLocation="types.xsd"/>\n' + text[end:])
    change(os.path.join(path, "xml.json"), '"schema": null', '"schema": "annex.xsd"')
    done = call("profile", "check", path)
    tap.ok(done.returncode == 0, "samples are valid by the partner's own XSD, which includes another file", done.stdout)
    change(own, '<xs:element name="Attempt">', '<xs:element name="Attempts">')
    done = call("profile", "check", path)
    tap.ok(done.returncode == 1 and re.search(r"^sample EMI_MCC_\S+\.xml:\d+: by the schema annex\.xsd: .*Attempt",
                                              done.stdout, re.M), "one that wants another element: a fault",
           done.stdout)
    with open(own, encoding="utf-8") as file:
        text = file.read()
    change(own, "</xs:schema>", "</xs:schem>")
    done = call("profile", "check", path)
    tap.ok(done.returncode == 1 and not done.stderr and
           re.search(r"^annex\.xsd: the schema annex\.xsd, line \d\d+: .* and schem$", done.stdout, re.M),
           "one that is no XML: what is wrong, and where", done.stdout, done.stderr)
    with open(own, "w", encoding="utf-8") as file:
        file.write(text.replace('type="Eui64"', 'type="\u009b31m"', 1))
    done = call("profile", "check", path)
    tap.ok(done.returncode == 1 and "\u009b" not in done.stdout and "\\xC2\\x9B31m" in done.stdout,
           "its texts are shown escaped", done.stdout)
    with open(own, "w", encoding="utf-8") as file:
        file.write(text)
    change(own, "types.xsd", "/etc/hostname")
    done = call("profile", "check", path)
    tap.ok(done.returncode == 1 and "the schema annex.xsd, line" in done.stdout,
           "a schema reads no file outside the folder", done.stdout)


def test_diff(tap, folder):
    path = copy(folder, "other-1.0")
    tap.ok([row["what"] for row in listed("profile", "diff", "proposal-1.0", path)] == ["profile"],
           "a copy differs in its name only")
    record = os.path.join(path, "records", "EMI-D.json")
    change(record, '"name": "DeviceID"', '"name": "MeterId"')
    change(record, '"required": true,\n        "pattern"', '"required": false,\n        "pattern"')
    with open(record, encoding="utf-8") as file:
        schema = json.load(file)
    fields = schema["fields"]
    fields.insert(3, fields.pop(5))  # DeviceModel
    fields.append({"name": "Colour", "type": "string"})
    with open(record, "w", encoding="utf-8") as file:
        json.dump(schema, file)
    change(os.path.join(path, "xml.json"), '"MigrationInstruction"', '"Instruction"')
    rows = {(row["where"], row["what"]): (row["first"], row["second"])
            for row in listed("profile", "diff", "proposal-1.0", path)}
    for key, values in ((("EMI-D device.id", "column"), ("DeviceID", "MeterId")),
                        (("EMI-D record.number", "required"), ("yes", "no")),
                        (("EMI-D column Colour", "column"), (None, "Colour")),
                        (("xml.json", "types.EMI.root"), ("MigrationInstruction", "Instruction"))):
        tap.ok(rows.get(key) == values, f"profile diff: {key[0]}: {key[1]}", rows)
    tap.ok(("EMI-D device.model", "behind") in rows and ("EMI-D work.attempt", "behind") not in rows,
           "a column that moved is one, others are none", rows)
    edit(os.path.join(path, "profile.json"), lambda profile: profile["dialect"].update(lineTerminator="\n"))
    lines = call("profile", "diff", "proposal-1.0", path).stdout.splitlines()
    shown = [line.split() for line in lines if "dialect.lineTerminator" in line]
    tap.ok(shown == [["profile.json", "dialect.lineTerminator", "\\x0D\\x0A", "\\x0A"]],
           "the table shows line ends as text", shown, len(lines))
    done = call("profile", "diff", path, path)
    tap.ok((done.returncode, done.stdout) == (0, "no difference\n"), "a profile does not differ from itself",
           done.stdout)


def without(schema):
    for field in schema["fields"]:
        for own in ("fact", "form", "xml"):
            field.pop(own, None)
    schema.pop("dialect", None)  # published.py
    return schema


def test_export(tap, folder):
    into = os.path.join(folder, "export")
    done = call("profile", "export", into)
    tap.ok(done.returncode == 0, "profile export", done.stderr)
    for name, published in (("ecos-migration-1.xsd", ("formats", "schema", "ecos-migration-1.xsd")),
                            ("COLUMNS.md", ("formats", "COLUMNS.md"))):
        with open(os.path.join(into, name), encoding="utf-8") as file:
            made = file.read()
        with open(os.path.join(SOURCE, *published), encoding="utf-8") as file:
            tap.ok(made == file.read(), f"{'/'.join(published)} is what profile export writes; copy it from there")
    wrong = []
    for path in PROPOSAL:
        with open(path, encoding="utf-8") as file, \
                open(os.path.join(into, os.path.basename(path)), encoding="utf-8") as made:
            if without(json.load(file)) != without(json.load(made)):
                wrong.append(path)
    tap.ok(not wrong and len(PROPOSAL) > 40, "each Table Schema is exported without what only the gateway needs", wrong)
    done = call("profile", "export", into)
    tap.ok(done.returncode == 2 and "exists already" in done.stderr, "a folder that exists is not changed", done.stderr)


def test_files_md(tap):
    """The lists of columns and the tables of fields in FILES.md name columns that there are."""
    found = schemas()
    with open(os.path.join(SOURCE, "formats", "FILES.md"), encoding="utf-8") as file:
        text = file.read()
    lead = re.search(r"The leading columns \*\*LEAD\*\*: ([^.]*)\.", text).group(1)
    for name in sorted(name for name in found if "-H" not in name and name.isupper() and f"**{name}**," in text):
        listed_columns = re.search(rf"\*\*{name}\*\*,.*?Columns: ([^.]*)\.", text, re.DOTALL)
        if listed_columns:
            wanted = listed_columns.group(1).replace("LEAD", lead)
            tap.ok(re.split(r",\s+", wanted) == found[name], f"FILES.md lists the columns of {name}", wanted,
                   found[name])
    columns = {column for fields in found.values() for column in fields}
    tables = re.findall(r"^\| (?:field|item|column) \| .*\n\| --- .*\n((?:\|.*\n)+)", text, re.MULTILINE)
    named = {name for row in "".join(tables).splitlines() for name in row.split("|")[1].strip().split(", ")}
    tap.ok(len(tables) > 4 and not named - columns - {""}, "each field of a table in FILES.md is a column",
           named - columns)


with Tap() as tap, tempfile.TemporaryDirectory() as top:
    test_facts(tap)
    test_list_and_show(tap)
    test_new(tap, top)
    test_check(tap, top)
    test_samples(tap, top)
    test_configured(tap, top)
    test_contrast(tap, top)
    test_demo(tap, top)
    for profile in ("proposal-1.0", CONTRAST):
        test_differential(tap, top, profile)
    test_header_in_one_form(tap, top)
    test_required_unknown(tap, top)
    test_own_schema(tap, top)
    test_diff(tap, top)
    test_export(tap, top)
    test_files_md(tap)
