#!/usr/bin/env python3
"""The published schemas against the readers, both ways: what one accepts the other accepts (TAP).

Files are the samples and seeded mutations of good ones. `check` says what the readers and rules find, xmllint what the
XSD allows, and Tables below what the Table Schemas allow. What a schema cannot say stands in BEYOND.
"""
import csv
import glob
import gzip
import io
import json
import os
import random
import re
import shutil
import subprocess
import tempfile
import xml.etree.ElementTree as ET

from home import GATE, NOW, SAMPLES, SOURCE, Home, Tap, generate

SCHEMAS = os.path.join(SOURCE, "formats", "schema")
XSD = os.path.join(SCHEMAS, "ecos-migration-1.xsd")
NAMESPACE = "urn:ecos-gateway:migration:1"
MUTATIONS = 400  # of either form
SEED = 20230703

OTHER_ROOT = re.compile("found (WorkOrder|FileAcknowledgement|DeviceResponse)$")

# Codes that a schema cannot express, with a pattern of the finding's text or field where only part of one is meant.
BEYOND = [
    ("B101|B102|B103|B104", "", "about the name"),
    ("B105|B106|B107|B108|B112|B210", "", "about other files"),
    ("B206", "^(?!expected EMI, found)", "compares the content with the name; a CSV's Type is expressed"),
    ("B207", "", "about this gateway"),
    ("B208", "^declared", "a schema cannot count"),
    ("B305", "^expected [0-9]+$", "order of numbers; what is no number is expressed, see must()"),
    ("B211", "name of an earlier file", "the grammar of names; its length is expressed"),
    ("B211", "seconds ahead", "about the clock"),
    ("B205", "byte order mark|declared|UTF-16", "XML allows other encodings"),
    ("B205", "NUL", "xmllint may take one behind the root for the end"),
    ("B204", "document type declaration", "not part of what a schema sees"),
    ("B111", "bytes|Devices|records", "limits of size"),
    ("B203", "attribute (type|nil)", "the attributes xsi:type and xsi:nil are the validator's own"),
    ("B208|B211|B305", "^$", "CSV: a sign or leading zeros in front of a number, see must()"),
    ("B202", OTHER_ROOT.pattern, "the XSD has several roots, each as good"),
    ("B301|B302|B304", "", "CSV: the order of records and their notation, not their fields"),
    ("C...", "", "values of Devices are data; empty required fields are expressed in CSV"),
]
# After these the rest of a file may not have been judged, or was judged as another type by the XSD.
ENDS = {"B109", "B110", "B201", "B204", "B205", "B301", "B302", "B304"}


def is_number(text):
    return re.fullmatch("[1-9][0-9]{0,8}", text or "") is not None


def must(finding, form, required=()):
    """A schema has to refuse the file because of this finding."""
    code = finding["code"]
    if form == "csv":
        if code == "B305":
            return not re.fullmatch("[+]?0*[1-9][0-9]{0,8}", finding["value"] or "")
        if code == "B208" and finding["text"].startswith("expected"):
            return not re.fullmatch("[+]?0*[0-9]{1,9}", finding["value"] or "")
        if code == "B211" and finding["field"] == "FileSequence":
            return not re.fullmatch("[+]?0*[1-9][0-9]{0,5}", finding["value"] or "")
        if code == "B211" and finding["field"] == "CreationDateTime":
            return not re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z",
                                    finding["value"] or "")  # a date that is none fits the pattern
        if code[0] == "C":
            return finding["value"] == "" and finding["field"] in required
        if code in ("B110", "B306"):
            return False  # a table without rows is one
    elif code == "B305":
        return not is_number(finding["value"])
    for codes, pattern, _ in BEYOND:
        if re.fullmatch(codes, code) and re.search(pattern, finding["text"]):
            return False
    return True


def check(paths):
    """What `check` prints, by path."""
    found = {}
    for i in range(0, len(paths), 100):
        done = subprocess.run([GATE, "--now", NOW, "--json", "check", *paths[i:i + 100]], capture_output=True, check=False)
        for line in done.stdout.decode().splitlines():
            fact = json.loads(line)
            found[fact["file"]] = fact
    return found


def valid_by_xsd(paths):
    """The paths that xmllint accepts, and what it said about the others."""
    valid, said = set(), {}
    for i in range(0, len(paths), 100):
        done = subprocess.run(["xmllint", "--nonet", "--noout", "--schema", XSD, *paths[i:i + 100]], capture_output=True,
                              check=False)
        for line in done.stderr.decode(errors="replace").splitlines():
            path = line.split(" ", 1)[0].split(":", 1)[0]
            if line.endswith(" validates"):
                valid.add(path)
            said.setdefault(path, []).append(line[len(path):])
    return valid, said


# --- Table Schemas -------------------------------------------------------------------------------

class Tables:
    """What of Table Schema the published files use: types string and integer; required, enum, pattern, maxLength,
    minimum, maximum; missingValues."""

    def __init__(self):
        self.schemas = {}
        for path in glob.glob(os.path.join(SCHEMAS, "*.json")):
            with open(path, encoding="utf-8") as file:
                self.schemas[os.path.basename(path)[:-5]] = json.load(file)

    def names(self, kind, letter):
        return [field["name"] for field in self.schemas[f"{kind}-{letter}"]["fields"]]

    def required(self, kind, letter):
        return {f["name"] for f in self.schemas[f"{kind}-{letter}"]["fields"] if f["constraints"].get("required")}

    @staticmethod
    def cell_fault(field, value):
        limits = field["constraints"]
        if value == "":
            return "is required" if limits.get("required") else None
        if field["type"] == "integer":
            if not re.fullmatch("[+-]?[0-9]+", value):
                return "is no integer"
            if not limits.get("minimum", int(value)) <= int(value) <= limits.get("maximum", int(value)):
                return "is out of range"
        if len(value) > limits.get("maxLength", len(value)):
            return "is too long"
        if "enum" in limits and value not in limits["enum"]:
            return "is not in the list"
        if "pattern" in limits and not re.fullmatch(limits["pattern"], value):
            return "does not fit the pattern"
        return None

    def faults(self, kind, data):
        try:
            rows = list(csv.reader(io.StringIO(data.decode("utf-8"), newline=""), strict=True))
        except (UnicodeDecodeError, csv.Error) as fault:
            return [str(fault)]
        return [fault for number, row in enumerate(rows, 1) for fault in self.row_faults(kind, number, row)]

    def row_faults(self, kind, number, row):
        schema = self.schemas.get(f"{kind}-{row[0]}") if row and re.fullmatch("[A-Z]", row[0]) else None
        if schema is None:
            return [f"row {number}: no such record"]
        if len(row) != len(schema["fields"]):
            return [f"row {number}: {len(row)} fields for {len(schema['fields'])}"]
        return [f"row {number}: {field['name']} {fault}" for field, value in zip(schema["fields"], row)
                if (fault := self.cell_fault(field, value))]


# --- Mutations -----------------------------------------------------------------------------------

TEXTS = ["", " ", "x", "0", "1", "01", "-1", "+1", "1.0", " 1 ", "\t2\n", "1 2", "999999", "1000000", "0999999",
         "999999999", "1000000000", "A" * 24, "A" * 25, "A" * 64, "A" * 65, "\u00e9" * 64, "\u00e9" * 65, "x" * 128,
         "x" * 129, "  " + "A" * 64, "90-B3-D5-1F-30-0E-C0-01", "90-b3-d5-1f-30-0e-c0-01", "90-B3-D5-1F-30-0E-C0",
         "90:B3:D5:1F:30:0E:C0:01", "90-B3-D5-1F-30-0E-C0-0G", "TEST", "LIVE", "test", " TEST ", "TESTING",
         "2023-07-03T06:00:00Z", "2023-02-30T06:00:00Z", "2024-02-29T06:00:00Z", "2023-07-03T24:00:00Z",
         "2023-07-03T06:00:60Z", "2023-07-03 06:00:00Z", "2023-07-03T06:00:00", "2023-07-03T06:00:00+00:00",
         "2023-07-03T06:00:00.0Z", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "B20230703-0001", "b20230703",
         "B_1", "-", "EMI_MCC_90-B3-D5-1F-30-0E-C0-01_20230703_060000_000001.xml", "\u0661", "\u2003", "\u00a01"]


class XmlMutator:
    def __init__(self, rng, text):
        self.rng, self.text = rng, text
        ET.register_namespace("", NAMESPACE)
        ET.register_namespace("xsi", "http://www.w3.org/2001/XMLSchema-instance")

    def pairs(self, root):
        return [(parent, child) for parent in root.iter() for child in parent]

    def delete(self, root):
        parent, child = self.rng.choice(self.pairs(root))
        parent.remove(child)

    def duplicate(self, root):
        parent, child = self.rng.choice(self.pairs(root))
        copy = ET.fromstring(ET.tostring(child))
        parent.insert(self.rng.randint(0, len(parent)), copy)

    def swap(self, root):
        parent = self.rng.choice([parent for parent in root.iter() if len(parent) > 1])
        i, k = self.rng.sample(range(len(parent)), 2)
        parent[i], parent[k] = parent[k], parent[i]

    def rename(self, root):
        _, child = self.rng.choice(self.pairs(root))
        names = [e.tag for e in root.iter()] + [child.tag.lower(), child.tag.upper(), "{urn:other}x", child.tag + "s",
                                                child.tag.replace(NAMESPACE, "urn:other"), child.tag.split("}")[1]]
        child.tag = self.rng.choice(names)

    def rename_root(self, root):
        root.tag = self.rng.choice(["{%s}WorkOrder" % NAMESPACE, "MigrationInstruction", root.tag + "x",
                                    root.tag.replace(NAMESPACE, "urn:other"), "{%s}Device" % NAMESPACE])

    def move(self, root):
        parent, child = self.rng.choice(self.pairs(root))
        parent.remove(child)
        self.rng.choice(list(root.iter())).append(child)

    def leaf(self, root):
        leaves = [e for e in root.iter() if not len(e)]
        return self.rng.choice(leaves or [root])

    def set_text(self, root):
        self.leaf(root).text = self.rng.choice(TEXTS)

    def set_header(self, root):
        header = root.find("{%s}Header" % NAMESPACE)
        if header is not None and len(header):
            self.rng.choice(list(header)).text = self.rng.choice(TEXTS)

    def set_number(self, root):
        numbers = list(root.iter("{%s}RecordNumber" % NAMESPACE))
        if numbers:
            self.rng.choice(numbers).text = self.rng.choice(TEXTS[:20])

    def add_text(self, root):
        element = self.rng.choice([e for e in root.iter() if len(e)])
        self.rng.choice([element, element[0]]).tail = self.rng.choice(["x", " ", "\u00a0", "0"])

    def add_attribute(self, root):
        name = self.rng.choice(["a", "schemaVersion", "{%s}a" % NAMESPACE, "{http://www.w3.org/XML/1998/namespace}lang",
                                "{http://www.w3.org/2001/XMLSchema-instance}schemaLocation",
                                "{http://www.w3.org/2001/XMLSchema-instance}noNamespaceSchemaLocation"])
        self.rng.choice(list(root.iter())).set(name, self.rng.choice(["1.0", "x", "urn:x nowhere.xsd"]))

    def set_version(self, root):
        version = self.rng.choice([None, "", "1", "1.1", "01.0", "2.0", "1.0"])
        root.attrib.pop("schemaVersion", None)
        if version is not None:
            root.set("schemaVersion", version)

    def empty(self, root):
        element = self.rng.choice([e for e in root.iter() if len(e)])
        for child in list(element):
            element.remove(child)
        element.text = self.rng.choice([None, " ", "x"])

    def insert(self, root):
        element = self.rng.choice(list(root.iter()))
        new = ET.Element(self.rng.choice(["{%s}New" % NAMESPACE, "New", "{%s}Device" % NAMESPACE]))
        element.insert(self.rng.randint(0, len(element)), new)

    def of_bytes(self, data):
        """Below the level of elements."""
        rng, at = self.rng, self.rng.randrange(len(data))
        choice = rng.randrange(9)
        if choice == 0:
            return data[:at]
        if choice == 1:
            return data[:at] + bytes([rng.randrange(256)]) + data[at + 1:]
        if choice == 2:
            extra = [b"\0", b"\xff", b"&", b"<", b"]]>", b"&amp;", b"&#65;", b"&#0;", b"&x;", b"<!-- -->", b"<?x y?>",
                     b"<![CDATA[A]]>", b"\xc3\xa9", b"--", b"<!-- -- -->", b"\x01", b"\xef\xbf\xbf"]
            return data[:at] + rng.choice(extra) + data[at:]
        if choice == 3:
            tag = rng.choice(list(re.finditer(rb">", data))).end()
            # Not <![CDATA[]]>: between elements xmllint refuses it, though it is no text by the XSD's rules.
            return data[:tag] + rng.choice([b"<!-- c -->", b"<?x y?>", b"&#32;", b"<![CDATA[x]]>"]) + data[tag:]
        if choice == 4:
            return b"\xef\xbb\xbf" + data
        if choice == 5:
            return data.replace(b"UTF-8", rng.choice([b"utf-8", b"US-ASCII", b"ISO-8859-1", b"nonsense"]), 1)
        if choice == 6:
            return data.replace(b"?>", b"?>" + rng.choice([b"<!DOCTYPE MigrationInstruction>", b"<!-- x -->", b"\n\n"]), 1)
        if choice == 7:
            return data + rng.choice([b"\n", b"x", b"<x/>", b"<!-- x -->", b"\0", b"<"])
        return data.replace(b"\n", b"\r\n")

    def make(self):
        changes = [self.delete, self.duplicate, self.swap, self.rename, self.rename_root, self.move, self.set_text,
                   self.set_header, self.set_header, self.set_header, self.set_number, self.add_text, self.add_attribute,
                   self.set_version, self.empty, self.insert]
        if self.rng.random() < 0.25:
            return "bytes", self.of_bytes(self.text)
        root = ET.fromstring(self.text)
        done = []
        for _ in range(1 if self.rng.random() < 0.8 else 2):
            change = self.rng.choice(changes)
            try:
                change(root)
            except IndexError:  # the first change left nothing to choose from
                break
            done.append(change.__name__)
        return "+".join(done), b'<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="utf-8",
                                                                                     xml_declaration=False)


class CsvMutator:
    def __init__(self, rng, text):
        self.rng, self.rows = rng, list(csv.reader(io.StringIO(text.decode(), newline="")))

    def change(self, rows):
        rng = self.rng
        row = rng.choice(rows[:1] * 3 + rows)
        at = rng.randrange(len(row))
        kind = rng.choice(["set", "set", "set", "set", "number", "drop field", "add field", "swap fields", "drop row",
                           "copy row", "swap rows", "letter", "empty"])
        if kind == "set":
            row[at] = rng.choice(TEXTS)
        elif kind == "number":
            rng.choice(rows)[1] = rng.choice(TEXTS[:20])
        elif kind == "drop field":
            del row[at]
        elif kind == "add field":
            row.insert(at, rng.choice(TEXTS))
        elif kind == "swap fields":
            other = rng.randrange(len(row))
            row[at], row[other] = row[other], row[at]
        elif kind == "drop row":
            rows.remove(row)
        elif kind == "copy row":
            rows.insert(rng.randint(0, len(rows)), list(row))
        elif kind == "swap rows":
            i, k = rng.sample(range(len(rows)), 2)
            rows[i], rows[k] = rows[k], rows[i]
        elif kind == "letter":
            row[0] = rng.choice(["X", "", "d", "DD", "E", "F", " D"])
        else:
            row[at] = ""
        return kind

    def make(self):
        rows = [list(row) for row in self.rows]
        done = []
        for _ in range(1 if self.rng.random() < 0.8 else 2):
            try:
                done.append(self.change(rows))
            except (IndexError, ValueError):  # a row without fields, or one row only
                break
        out = io.StringIO(newline="")
        csv.writer(out).writerows(row for row in rows)
        return "+".join(done), out.getvalue().encode()


def unpacked_samples(folder, form):
    """Copies of all samples of a form as the bytes that are read, under names of their own."""
    paths = []
    for path in sorted(glob.glob(os.path.join(SAMPLES, "**", f"*.{form}*"), recursive=True)):
        if "/expected/" in path or path.endswith(".zip"):
            continue
        with open(path, "rb") as file:
            data = file.read()
        if path.endswith(".gz"):
            try:
                data = gzip.decompress(data)
            except (OSError, EOFError):
                continue
        copy = os.path.join(folder, os.path.relpath(path, SAMPLES).replace("/", "."), os.path.basename(path))
        os.makedirs(os.path.dirname(copy))
        copy = copy[:-3] if copy.endswith(".gz") else copy
        with open(copy, "wb") as file:
            file.write(data)
        paths.append((path, copy))
    return paths


def mutants(folder, mutator, form):
    paths = []
    for number in range(1, MUTATIONS + 1):
        what, data = mutator.make()
        path = os.path.join(folder, f"EMI_MCC_90-B3-D5-1F-30-0E-C0-01_20230703_060000_{number:06d}.{form}")
        with open(path, "wb") as file:
            file.write(data)
        paths.append((f"mutation {number} ({what})", path))
    return paths


def ended_early(fact):
    return ENDS & set(fact["counts"]) or any(OTHER_ROOT.search(f["text"]) for f in fact["findings"] if f["code"] == "B202")


def compare(tap, form, files, facts, refused, required=()):
    """refused: path → why the schema refuses it. One result per direction, all differences listed."""
    lenient, strict, skipped = [], [], 0
    for what, path in files:
        fact = facts.get(path)
        if fact is None:
            strict.append(f"{what}: check said nothing, {path}")
            continue
        musts = [f for f in fact["findings"] if must(f, form, required)]
        told = [f"{f['code']} {f['field']} '{f['value']}' {f['text']}" for f in fact["findings"]][:6]
        if musts and path not in refused:
            lenient.append(f"{what}: {told} {path}")
        if not musts and path in refused:
            if ended_early(fact):
                skipped += 1
            else:
                strict.append(f"{what}: {refused[path][:3]} {told} {path}")
    tap.ok(not lenient, f"{form}: what the readers refuse the schema refuses", *lenient)
    tap.ok(not strict, f"{form}: what the schema refuses the readers refuse", *strict)
    return skipped


def test_xml(tap, folder):
    os.mkdir(os.path.join(folder, "xml"))
    base = generate(folder, "--form", "xml", "--devices", "4", "--resubmission",
                    "EMI_MCC_90-B3-D5-1F-30-0E-C0-01_20230701_060000_000009.xml")
    with open(base, "rb") as file:
        mutator = XmlMutator(random.Random(SEED), file.read())
    files = [("unchanged", base), *mutants(os.path.join(folder, "xml"), mutator, "xml"),
             *unpacked_samples(folder, "xml")]
    paths = [path for _, path in files]
    valid, said = valid_by_xsd(paths)
    refused = {path: said.get(path, ["nothing"]) for path in paths if path not in valid}
    tap.ok(base in valid, "xml: the generator's file is valid", said.get(base))
    tap.ok(len(valid) > 50 and len(refused) > 150, f"xml: {len(valid)} valid and {len(refused)} others")
    skipped = compare(tap, "xml", files, check(paths), refused)
    tap.ok(skipped < len(files) / 10, f"xml: {skipped} files were not read to their end")


def test_csv(tap, folder, tables):
    os.mkdir(os.path.join(folder, "csv"))
    base = generate(folder, "--form", "csv", "--devices", "4")
    with open(base, "rb") as file:
        mutator = CsvMutator(random.Random(SEED), file.read())
    files = [("unchanged", base), *mutants(os.path.join(folder, "csv"), mutator, "csv"),
             *unpacked_samples(folder, "csv")]
    refused = {}
    for _, path in files:
        with open(path, "rb") as file:
            faults = tables.faults("EMI", file.read())
        if faults:
            refused[path] = faults
    tap.ok(base not in refused, "csv: the generator's file is valid", refused.get(base))
    tap.ok(len(files) - len(refused) > 50 and len(refused) > 150, f"csv: {len(refused)} of {len(files)} are refused")
    skipped = compare(tap, "csv", files, check([path for _, path in files]), refused, tables.required("EMI", "D"))
    tap.ok(skipped < len(files) / 3, f"csv: {skipped} files are faulty in their frame")


def children_fit(path, tables):
    """Elements of an answer in XML stand in the order of the Table Schema's fields."""
    root = ET.parse(path).getroot()
    kind = os.path.basename(path)[:3]
    faults = []
    for element in root.iter():
        letter = {"Device": "D", "File": "F", "Finding": "E", "Header": "H"}.get(element.tag.split("}")[1])
        if letter is None:
            continue
        names = tables.names(kind, letter) + (["DeviceCount", "RowCount"] if letter == "H" else [])
        found = [child.tag.split("}")[1] for child in element]
        try:
            places = [names.index(name) for name in found]
        except ValueError as fault:
            faults.append(f"{element.tag}: {fault}")
            continue
        if places != sorted(set(places)):
            faults.append(f"{element.tag}: {found}")
    return faults


def test_answers(tap, folder, tables):
    """Whatever comes in, what goes out fits the schemas."""
    home = Home("gateway mpxn_check_digits=reject")
    for form in ("xml", "csv"):
        for path in sorted(glob.glob(os.path.join(folder, form, "*")))[:150]:
            name = os.path.basename(path)
            if form == "csv":
                name = name.replace("_060000_000", "_060000_001")
            shutil.copy(path, os.path.join(home.inbox("mcc"), name))
    for sequence, form in enumerate(("xml", "csv"), 5000):
        home.drop("mcc", generate(folder, "--form", form, "--devices", "1500", "--bad", "90", "--sequence",
                                  str(sequence), "--seed", str(sequence)))
    shutil.copy(os.path.join(folder, "xml", sorted(os.listdir(os.path.join(folder, "xml")))[0]),
                os.path.join(home.inbox("mcc"), "caf\u00e9 \u202e\n.csv"))
    done = home.run()
    tap.ok(done.returncode == 1, "a pass over mutations ends with 1", done.stderr.decode()[-2000:])
    home.set("gateway work_order_form=xml")
    home.drop("mcc", generate(folder, "--form", "xml", "--devices", "5", "--sequence", "6000", "--seed", "6000"))
    home.run()
    answers = [path for drop in ("mcc", "tcos") for path in glob.glob(home.path("drops", drop, "out", "*"))]
    answers += [path for path in glob.glob(os.path.join(SAMPLES, "**", "out", "*"), recursive=True)]
    in_xml = sorted(path for path in answers if path.endswith(".xml"))
    in_csv = sorted(path for path in answers if path.endswith(".csv"))
    valid, said = valid_by_xsd(in_xml)
    bad = [f"{path}: {said.get(path)[:3]}" for path in in_xml if path not in valid]
    tap.ok(not bad and len(in_xml) > 150, f"all {len(in_xml)} answers in XML are valid by the XSD", *bad[:20])
    bad = [f"{path}: {faults}" for path in in_xml if (faults := children_fit(path, tables))]
    tap.ok(not bad, "their elements are the fields of the Table Schemas, in order", *bad[:20])
    bad = []
    for path in in_csv:
        with open(path, "rb") as file:
            data = file.read()
        faults = tables.faults(os.path.basename(path)[:3], data)
        if faults or not data.endswith(b"\r\n") or data.count(b"\r\n") != data.count(b"\n"):
            bad.append(f"{path}: {faults[:3]}")
    tap.ok(not bad and len(in_csv) > 150, f"all {len(in_csv)} answers in CSV are valid by the Table Schemas", *bad[:20])
    tap.ok(any("EMW" in path for path in in_xml) and any("EMW" in path for path in in_csv), "work orders in both forms")


if __name__ == "__main__":
    with Tap() as report:
        if shutil.which("xmllint") is None:
            print("ok 1 - # SKIP no xmllint")
            report.count = 1
        else:
            with tempfile.TemporaryDirectory(prefix="ecosgate-schema.") as top:
                known = Tables()
                test_xml(report, top)
                test_csv(report, top, known)
                test_answers(report, top, known)
