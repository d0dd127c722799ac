#!/usr/bin/env python3
"""Profiles, the formats of files as data: the commands that show and check them (TAP)."""
import glob
import json
import os
import re
import subprocess

from home import GATE, PATIENCE, SOURCE, Tap, manual_members

FACT = re.compile(r'^FACT\(\w+, "([^"]+)", (\w+), "([^"]+)"\)$', re.M)


def call(*arguments):
    return subprocess.run([GATE, *arguments], capture_output=True, text=True, check=False, timeout=PATIENCE)


def listed(*arguments):
    return [json.loads(line) for line in call("--json", *arguments).stdout.splitlines()]


def schemas():
    """Of each published Table Schema the names of its fields."""
    found = {}
    for path in glob.glob(os.path.join(SOURCE, "formats", "profiles", "proposal-1.0", "r*", "*.json")):
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
    tap.ok(text[0].split() == ["fact", "type", "meaning"] and len(text) == len(facts) + 1 and
           any(line.split()[:2] == ["device.id", "eui64"] for line in text), "the table for people has a line for each",
           text[:3])


with Tap() as tap:
    test_facts(tap)
