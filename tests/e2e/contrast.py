#!/usr/bin/env python3
"""samples/profiles/contrast-2.0 differs from the proposal in everything that may differ (TAP).

What other tests show about that profile says something about foreign formats only as long as it has nothing of the
proposal's. So each property of a profile is compared here, and what is the same stands in SAME with its reason.
"""
import json
import os
import re

from home import SAMPLES, SOURCE, Tap

PROPOSAL = os.path.join(SOURCE, "formats", "profiles", "proposal-1.0")
CONTRAST = os.path.join(SAMPLES, "profiles", "contrast-2.0")

SAME = {
    "xml.json schema",  # both have none; profiles.py tries one
}


def load(folder, *path):
    try:
        with open(os.path.join(folder, *path), encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return {}


def records(folder):
    """The names of all Table Schemas."""
    return {f"{part}/{name}" for part in ("records", "reports") for name in os.listdir(os.path.join(folder, part))}


def leaves(value, path=()):
    """Each value that is no object, with the way to it."""
    if isinstance(value, dict) and value:
        for name, member in value.items():
            yield from leaves(member, (*path, name))
    else:
        yield " ".join(path), value


def dialects(folder):
    """The dialect of each type and report that has a CSV form, whole."""
    standard = {"delimiter": ",", "quoteChar": '"', "lineTerminator": "\r\n", "frame": "records",
                **load(folder, "profile.json").get("dialect", {})}
    standard.pop("header", None)
    for name in sorted(records(folder)):
        if re.search("-[DE].json", name) or name.startswith("reports"):
            found = {**standard, **load(folder, name).get("dialect", {})}
            if name.startswith("reports") and found["frame"] == "records":
                found["frame"] = "title"
            yield name, found


def columns(folder, record):
    """The fact of each column, what passes or is not known included, with its name, its element and whether it must be
    there."""
    fields = load(folder, record).get("fields", [])
    return {field.get("fact") or field.get("passed", "") + " of " + field["name"]:
            (field["name"], field.get("xml", field["name"]).split("/")[-1],
             field.get("constraints", {}).get("enum", [None])[0] if is_frame(field) else None) for field in fields}


def is_frame(field):
    return field.get("fact") in ("record.letter", "header.type", "header.layout")


def same_members():
    """Of the files that are no tables."""
    for name in ("profile.json", "xml.json", "names.json"):
        ours = dict(leaves(load(PROPOSAL, name)))
        for path, value in leaves(load(CONTRAST, name)):
            if path in ours and ours[path] == value:
                yield f"{name} {path}"


def same_columns():
    for record in sorted(records(PROPOSAL)):
        ours, theirs = columns(PROPOSAL, record), columns(CONTRAST, record)
        for fact in sorted(set(ours) & set(theirs)):
            for what, one, other in zip(("name", "element", "text"), ours[fact], theirs[fact]):
                if one == other and one is not None:
                    yield f"{record} {fact} {what}"
        common = [fact for fact in ours if fact in theirs]
        if theirs and len(common) > 2 and common == [fact for fact in theirs if fact in ours]:
            yield f"{record} order"


def values():
    """{fact: its values} and the codes, from the lists that the program is made with."""
    with open(os.path.join(SOURCE, "formats", "fact_values.def"), encoding="utf-8") as file:
        text = file.read()
    with open(os.path.join(SOURCE, "formats", "facts.def"), encoding="utf-8") as file:
        names = dict(re.findall(r'^FACT\((\w+), "([^"]+)"', file.read(), re.M))
    lists = {names[fact]: re.findall('"([^"]+)"', listed)
             for fact, listed in re.findall(r"^VALUES\((\w+), ([^)]*)\)", text, re.M)}
    return lists, re.findall('"([A-D][0-9]+)"', re.search(r"^ALL_CODES\(([^)]*)\)", text, re.M).group(1))


def same_words():
    lists, codes = values()
    lists["device.type"] = ["ESME", "GSME", "GPF"]
    words = load(CONTRAST, "codes.json")
    for fact, known in lists.items():
        for value in known:
            word = words["values"].get(fact, {}).get(value, value)
            if value in (word if isinstance(word, list) else [word]):
                yield f"codes.json {fact} {value}"
    for code in codes:
        if words["codes"].get(code, {}).get("code", code) == code:
            yield f"codes.json {code}"


def same_dialects():
    ours = dict(dialects(PROPOSAL))
    for name, dialect in dialects(CONTRAST):
        for member, value in dialect.items():
            if member != "frame" and ours[name][member] == value:
                yield f"{name} {member}"


def test_nothing_is_the_same(tap):
    found = [*same_members(), *same_columns(), *same_words(), *same_dialects()]
    tap.ok(set(found) == SAME, "names, columns, elements, words and dialects are other ones than the proposal's",
           "the same:", *sorted(set(found) - SAME), "differ by now:", *sorted(SAME - set(found)))
    _, codes = values()
    tap.ok(len(codes) > 80 and len(records(CONTRAST)) > 40, "that was compared for all codes and tables", len(codes))


def test_each_way(tap):
    """Of each property that has a few forms the two profiles have all."""
    both = [dialect for folder in (PROPOSAL, CONTRAST) for _, dialect in dialects(folder)]
    inbound = [dialect["frame"] for name, dialect in dialects(CONTRAST) if re.search("(EMI|INV|COS|NMM|PTY)-D", name)]
    tap.ok(set(inbound) == {"records", "title", "rows"}, "files that arrive have each frame", inbound)
    for member, wanted in (("delimiter", set(",;|^\t")), ("quoteChar", set("\"'")), ("lineTerminator", {"\n", "\r\n"})):
        found = {dialect[member] for dialect in both}
        tap.ok(found >= wanted, f"each {member} is there", found)
    reports = [load(CONTRAST, name).get("footer") for name in records(CONTRAST) if name.startswith("reports")]
    tap.ok(None in reports and len(set(reports)) > 1, "reports have a last line, or none", reports)
    fields = [field for name in records(CONTRAST) for field in load(CONTRAST, name)["fields"]]
    tap.ok(any("/" in field.get("xml", "") for field in fields) and any("passed" in field for field in fields) and
           any("fact" not in field and "passed" not in field for field in fields),
           "elements stand in others, columns are not known, and are passed on")


def test_what_is_left_out(tap):
    """Columns that may be missing are missing, and parts of names."""
    missing = [fact for record in records(PROPOSAL) for fact in columns(PROPOSAL, record)
               if columns(CONTRAST, record) and fact not in columns(CONTRAST, record)]
    tap.ok(len(missing) > 15, "columns are missing", missing)
    inbound = ("EMI", "EMT", "EMC", "INV", "COS", "NMM", "PTY")
    names = load(CONTRAST, "names.json")["names"]
    for part, ways in (("org", ("{org",)), ("eui64", ("{eui64",)), ("sequence", ("{sequence",)), ("form", ("{form",)),
                       ("time", ("{time", "{instant")), ("date", ("{date", "{instant"))):
        has = [any(way in names[kind] for way in ways) for kind in inbound]
        tap.ok(any(has) and not all(has), f"a name has the part {part}, another one has not", has)


if __name__ == "__main__":
    with Tap() as tap_of_all:
        test_nothing_is_the_same(tap_of_all)
        test_each_way(tap_of_all)
        test_what_is_left_out(tap_of_all)
