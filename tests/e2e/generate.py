#!/usr/bin/env python3
"""The sample generator: its files fit the published schemas and each other (TAP)."""
import csv
import hashlib
import os
import shutil
import subprocess
import tempfile
import xml.etree.ElementTree as ET

from home import GENERATE, Tap, generate
from mutate import NAMESPACE
from schema import published_tables, valid_by_xsd

TYPES = ["EMI", "EMT", "EMC", "INV", "COS", "NMM", "PTY"]
IN_XML = TYPES[:3]
# Bytes of instructions as they have always been: measurements and other tests build on them.
KNOWN = {
    ("--form", "xml", "--devices", "1000"): "f1e85cc4b26200bde262fb9ace9debc5aaf170128508c00d1c74c2225dd5ca00",
    ("--form", "csv", "--devices", "1000"): "11f5bc9f2d2f2a35cbd6be70bf7246e4df8830766254618f4934002a9214e5fe",
    ("--form", "csv", "--devices", "1000", "--bad", "50", "--seed", "7", "--sequence", "12", "--resubmission", "x"):
        "32f349b3e0b72651b38c8d838776c03132c8cbcc7e6e9f93b66cd0532ac04174",
}


def rows(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


class Made:
    """One file in CSV: its records as dictionaries by the Table Schema's names."""

    def __init__(self, tables, folder, kind, *arguments):
        self.path = generate(folder, "--type", kind, "--form", "csv", *arguments)
        table = rows(self.path)
        self.header = dict(zip(tables.names(kind, "H"), table[0]))
        self.records = [dict(zip(tables.names(kind, "D"), row)) for row in table[1:-1]]


def test_instruction(tap, folder):
    for arguments, digest in KNOWN.items():
        with open(generate(folder, *arguments), "rb") as file:
            found = hashlib.sha256(file.read()).hexdigest()
        tap.ok(found == digest, f"{' '.join(arguments)}: the same bytes as ever", found)


def test_schemas(tap, folder, tables):
    for kind in TYPES:
        for options in ([], ["--failed", "50", "--delta", "--suppliers", "3", "--seed", "5"]):
            path = generate(folder, "--type", kind, "--form", "csv", "--devices", "150", *options)
            with open(path, "rb") as file:
                data = file.read()
            faults = tables.faults(kind, data)
            tap.ok(not faults and data.endswith(b"\r\n"), f"{kind} {' '.join(options)}: valid by its Table Schemas",
                   *faults[:5])
            table = rows(path)
            numbers = [row[1] for row in table[1:-1]]
            tap.ok(table[-1] == ["T", str(len(numbers))] and numbers == [str(n + 1) for n in range(len(numbers))],
                   f"{kind}: counted and numbered")
    if shutil.which("xmllint") is None:
        return
    paths = [generate(folder, "--type", kind, "--form", "xml", "--devices", "50", "--failed", "50") for kind in IN_XML]
    valid, said = valid_by_xsd(paths)
    tap.ok(valid == set(paths), "in XML: valid by the XSD", *said.values())


def test_forms(tap, folder, tables):
    for kind in IN_XML:
        made = Made(tables, folder, kind, "--devices", "40", "--failed", "30")
        root = ET.parse(generate(folder, "--type", kind, "--form", "xml", "--devices", "40", "--failed",
                                 "30")).getroot()
        in_xml = [{child.tag.split("}")[1]: child.text for child in device}
                  for device in root.iter("{%s}Device" % NAMESPACE)]
        in_csv = [{name: value for name, value in record.items() if value and name != "RecordType"}
                  for record in made.records]
        tap.ok(in_xml == in_csv and len(in_xml) == 40, f"{kind}: the same records in either form")


def test_inventory(tap, folder, tables):
    options = ["--devices", "2000", "--seed", "3"]
    instruction = Made(tables, folder, "EMI", *options)
    inventory = Made(tables, folder, "INV", *options, "--suppliers", "7")
    same = ["DeviceID", "DeviceType", "DeviceManufacturer", "DeviceModel", "FirmwareVersion", "MPxN", "CSPRegion"]
    other = [n for n, (one, two) in enumerate(zip(instruction.records, inventory.records))
             if any(one[name] != two[name] for name in same) or one["CHFDeviceID"] not in ("", two["CHFDeviceID"])]
    tap.ok(not other and len(inventory.records) == 2000, "an inventory has the Devices of the instruction of its seed",
           other[:5])
    meters = [record for record in inventory.records if record["DeviceType"] != "GPF"]
    proxies = [record for record in inventory.records if record["DeviceType"] == "GPF"]
    hubs = {record["CHFDeviceID"] for record in meters}
    served = [record for record in proxies if record["CHFDeviceID"] in hubs]
    tap.ok(len(served) > 0.9 * len(proxies) > 0, f"{len(served)} of {len(proxies)} GPFs have a meter at their hub")
    tap.ok(len({record["SupplierId"] for record in meters}) == 7 and
           all(record["SupplierId"] and record["MAPId"] for record in meters),
           "each meter has one of 7 Suppliers, and a MAP")
    tap.ok(not any(record["SupplierId"] or record["MPxN"] for record in proxies), "a GPF has none of its own")
    events = Made(tables, folder, "COS", *options[2:], "--devices", "900", "--suppliers", "7", "--start",
                  "2023-07-09").records
    supplier = {record["MPxN"]: record["SupplierId"] for record in meters}
    tap.ok(all(supplier[event["MPxN"]] == event["LosingSupplierId"] != event["GainingSupplierId"]
               for event in events) and
           {event["SupplyStartDate"] for event in events} == {"2023-07-09"},
           "a meter's event takes it from its Supplier")
    parties = Made(tables, folder, "PTY", "--suppliers", "7").records
    tap.ok({p["PartyId"] for p in parties if p["Role"] == "SUPPLIER"} == {r["SupplierId"] for r in meters} and
           {p["PartyId"] for p in parties if p["Role"] == "MAP"} == {r["MAPId"] for r in meters},
           "all of them are parties")
    models = Made(tables, folder, "NMM", "--devices", "192").records
    columns = ["DeviceType", "DeviceManufacturer", "DeviceModel", "FirmwareVersion"]
    listed = {tuple(record[name] for name in columns) for record in models}
    tap.ok(len(listed) == 192 and all(tuple(r[n] for n in columns) in listed for r in inventory.records),
           "192 models are all that there are")


def test_results(tap, folder, tables):
    options = ["--devices", "300", "--seed", "4"]
    instruction = Made(tables, folder, "EMI", *options)
    about = [*options, "--batch", instruction.header["BatchId"]]
    results, confirmations = Made(tables, folder, "EMT", *about), Made(tables, folder, "EMC", *about)
    items = [(f"MCC.{instruction.header['BatchId']}.{r['RecordNumber']}", r["DeviceID"]) for r in instruction.records]
    for made in (results, confirmations):
        tap.ok([(r["WorkItemId"], r["DeviceID"]) for r in made.records] == items,
               f"{made.header['Type']}: work items and Devices of the instruction")
        tap.ok(made.header["BatchId"] not in (instruction.header["BatchId"], ""),
               f"and a BatchId of its own: {made.header['BatchId']}")
    ids = [(r["ReplacingSubjectId"], r["ReplacingKeyId"]) for r in results.records]
    tap.ok(ids == [(r["SubjectId"], r["KeyId"]) for r in confirmations.records] and all(all(pair) for pair in ids) and
           {r["Result"] for r in results.records} == {"SUCCESS"} and
           {r["Confirmed"] for r in confirmations.records} == {"Y"},
           "all successful, both sides say the same")
    results = Made(tables, folder, "EMT", *about, "--failed", "40", "--try", "3").records
    confirmations = Made(tables, folder, "EMC", *about, "--failed", "40").records
    good = [r["Result"] == "SUCCESS" for r in results]
    tap.ok(60 < good.count(False) < 180 and good == [r["Confirmed"] == "Y" for r in confirmations] and
           {r["Try"] for r in results} == {"3"}, f"{good.count(False)} of 300 failed, the same for both sides")
    tap.ok({r["Result"] for r in results} == {"SUCCESS", "FAILED", "TIMEOUT"}, "failed in several ways")


def test_options(tap, folder, tables):
    made = Made(tables, folder, "INV", "--delta", "--own-batch", "X-1", "--sequence", "8", "--resubmission", "y")
    tap.ok(made.header["Mode"] == "DELTA" and made.header["BatchId"] == "X-1" and made.header["FileSequence"] == "8" and
           made.header["ResubmissionOf"] == "y", "the header is as asked for", made.header)
    tap.ok(os.path.basename(made.path) == "INV_DCC_90-B3-D5-1F-30-00-00-02_20230703_060000_000008.csv", "the name too",
           made.path)
    tap.ok(Made(tables, folder, "PTY").header["Mode"] == "FULL", "FULL where nothing is said")
    for arguments in (["--type", "INV", "--form", "xml"], ["--type", "EMD"], ["--type", "EMT"],
                      ["--type", "NMM", "--devices", "193"],
                      ["--type", "PTY", "--suppliers", "0"], ["--type", "PTY", "--suppliers", "1001"],
                      ["--type", "EMC", "--form", "csv", "--failed", "101"]):
        done = subprocess.run([GENERATE, "-o", folder, *arguments], capture_output=True, text=True, check=False)
        tap.ok(done.returncode == 2 and done.stderr.startswith("generate: --"), f"{' '.join(arguments)}: refused",
               done.stderr)


if __name__ == "__main__":
    with Tap() as report:
        with tempfile.TemporaryDirectory(prefix="ecosgate-generate.") as top:
            known = published_tables()
            test_instruction(report, top)
            test_schemas(report, top, known)
            test_forms(report, top, known)
            test_inventory(report, top, known)
            test_results(report, top, known)
            test_options(report, top, known)
