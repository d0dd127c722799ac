#!/usr/bin/env python3
"""Derives the strict schemas for senders (formats/schema/strict/) from the published ones.

    strict.py            writes the files
    strict.py --check    prints the files that are not what they would be written as; exit 1 if there is one

The published schemas leave the values of a Device to the rules, which judge them one by one. The strict ones add the
forms of these values, from the one table below, so that a sender's own tools find a wrong one. What depends on another
column, another record or the gateway is in no schema: formats/FILES.md, 11.
"""
import glob
import json
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
RECORDS = os.path.join(HERE, "..", "profiles", "proposal-1.0", "records")
XSD = "ecos-migration-1.xsd"

# --- Forms: a list of texts, or a regular expression that XML Schema and Table Schema read alike --------------

YEAR = "(000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})"
LEAP = "([0-9]{2}(0[48]|[2468][048]|[13579][26])|(0[48]|[2468][048]|[13579][26])00)"
DATE = (f"({YEAR}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|"
        f"02-(0[1-9]|1[0-9]|2[0-8]))|{LEAP}-02-29)")
CLOCK = "T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"

FORMS = {
    "Eui64": "([0-9A-Fa-f]{2}-){7}[0-9A-Fa-f]{2}",
    "Hex4": "[0-9A-Fa-f]{4}",
    "Hex8": "[0-9A-Fa-f]{8}",
    "Mpxn": "([0-9]{13}|[0-9]{6,10})",
    "Supply": ["North", "Central", "South"],
    "Number": "[1-9][0-9]{0,8}",
    "WorkItem": r"[A-Z0-9]{2,8}\.[A-Z0-9-]{1,24}\.[1-9][0-9]{0,8}",
    "InScope": ["ESME", "GSME", "GPF"],
    "AnyType": "[A-Z0-9]{1,16}",
    "Result": ["SUCCESS", "FAILED", "TIMEOUT", "NOT_ATTEMPTED"],
    "Gbcs": "(0|[1-9][0-9]{0,2})",
    "Duis": "[A-Z0-9]{1,8}",
    "Time": f"{DATE}{CLOCK}Z",
    "Fraction": f"{DATE}{CLOCK}(\\.[0-9]{{1,3}})?Z",
    "Date": DATE,
    "Id": "[!-~]{1,64}",
    "YesNo": ["Y", "N"],
    "Action": ["SET", "REMOVE"],
    "Status": ["Pending", "Whitelisted", "InstalledNotCommissioned", "Commissioned", "Decommissioned", "Withdrawn",
               "Suspended", "Recovery", "Recovered"],
    "Credentials": ["TCOS", "ECOS"],
    "Pending": ["USC", "FW"],
    "Role": ["SUPPLIER", "MAP"],
    "Mpid": "[A-Z0-9]{4}",
    "FreeText": "[^\u0001-\u001f\u007f]{1,64}",
}

# --- The table: column → form. "any": its form is not judged. "!": required, though the frame may lack it -----

MODEL = "DeviceManufacturer=Hex4 DeviceModel=Hex8 FirmwareVersion=Hex8"
COLUMNS = {
    "EMI": f"DeviceID=Eui64 DeviceType=InScope {MODEL} MPxN=Mpxn CHFDeviceID=Eui64 CSPRegion=Supply Attempt=Number",
    "EMT": "WorkItemId=WorkItem DeviceID=Eui64 Result=Result GBCSStatus=Gbcs DUISCode=Duis AlertCode=Hex4 "
           "Try=Number! FirstTry=Fraction LastTry=Fraction OriginatorCounter=any ExistingSubjectId=any "
           "ExistingKeyId=any ReplacingSubjectId=Id ReplacingKeyId=Id",
    "EMC": "WorkItemId=WorkItem DeviceID=Eui64 Confirmed=YesNo ConfirmedAt=Fraction SubjectId=Id KeyId=Id Code=any",
    "INV": f"Action=Action DeviceID=Eui64 DeviceType=AnyType DeviceStatus=Status {MODEL} MPxN=Mpxn CHFDeviceID=Eui64 "
           "SupplierId=Eui64 MAPId=Eui64 CSPRegion=Supply InstalledDate=Date CommissionedDate=Date "
           "Credentials=Credentials Pending=Pending",
    "COS": "Action=Action MPxN=Mpxn LosingSupplierId=Eui64 GainingSupplierId=Eui64 SupplyStartDate=Date",
    "NMM": f"Action=Action DeviceType=AnyType {MODEL} NonMigratableFrom=Date NonMigratableTo=Date "
           "ReasonCode=FreeText FixedInFirmware=Hex8",
    "PTY": "Action=Action PartyId=Eui64 Role=Role MPID=Mpid Name=FreeText Drop=any",
}
HEADER = {"CreationDateTime": ("Time", False)}  # the XSD has it already: xs:dateTime knows the calendar
TYPES = {"EMI": "InstructedDevice", "EMT": "TriedDevice", "EMC": "ConfirmedDevice"}  # in the XSD

LAX = " Judged as data by the rules of category c."
STRICT = " Strict, for senders: the forms of values too."


def read(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as file:
        return file.read()


def columns_of(kind):
    """Column → its form and whether the strict schema requires it."""
    pairs = [pair.split("=") for pair in COLUMNS[kind].split()]
    return {column: (form.rstrip("!"), form.endswith("!")) for column, form in pairs}


def strict_field(field, form, required):
    limits = field["constraints"]
    field["description"] = field["description"].replace(LAX, "")
    limits["required"] = limits["required"] or required
    if form != "any":
        limits.pop("maxLength", None)
        limits.pop("pattern", None)
        limits["enum" if isinstance(FORMS[form], list) else "pattern"] = FORMS[form]


def table(kind, letter):
    schema = json.loads(read(os.path.join(RECORDS, f"{kind}-{letter}.json")))
    known = {"H": HEADER, "D": columns_of(kind), "T": {}}[letter]
    fields = {field["name"]: field for field in schema["fields"]}
    judged = {name for name, field in fields.items() if LAX in field["description"]}
    if not judged <= known.keys() <= fields.keys():
        sys.exit(f"strict.py: COLUMNS of {kind} and {kind}-{letter}.json differ in "
                 f"{sorted(judged - known.keys()) + sorted(known.keys() - fields.keys())}; give each column a form")
    for name, (form, required) in known.items():
        strict_field(fields[name], form, required)
    for field in schema["fields"]:
        for own in ("fact", "form", "xml"):
            field.pop(own, None)
    schema["name"] += "-strict"
    schema["description"] += STRICT
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def simple_type(form):
    value = FORMS[form]
    facets = [("enumeration", one) for one in value] if isinstance(value, list) else [("pattern", value)]
    lines = "".join(f'      <xs:{facet} value="{text}"/>\n' for facet, text in facets)
    return (f'  <xs:simpleType name="Strict{form}">\n    <xs:restriction base="DeviceText">\n{lines}'
            "    </xs:restriction>\n  </xs:simpleType>\n\n")


def strict_type(text, kind):
    """The XSD with the forms of one type of Device."""
    begin = text.index(f'<xs:complexType name="{TYPES[kind]}">')
    end = text.index("</xs:complexType>", begin)
    block = text[begin:end]
    for column, (form, required) in columns_of(kind).items():
        if form == "any":
            continue
        pattern = (rf'(<xs:element name="{column}")( minOccurs="0")?(>\s*<xs:simpleType>'
                   r'<xs:restriction base=")DeviceText"')
        block, n = re.subn(pattern, lambda m, f=form, r=required:
                           f'{m[1]}{"" if r or not m[2] else m[2]}{m[3]}Strict{f}"', block)
        if n != 1:
            sys.exit(f"strict.py: {TYPES[kind]} of {XSD} has no element {column} of the type DeviceText")
    return text[:begin] + block + text[end:]


def xsd():
    text = read(XSD)
    forms = sorted({form for kind in TYPES for form, _ in columns_of(kind).values() if form != "any"})
    judged = re.search(r"\s+The\s+values\s+of\s+a\s+Device\s.*?All\s+times\s+are\s+UTC\.", text, re.DOTALL)
    text = (f"{text[:judged.start()]}\n      Strict, for senders: the forms of a Device's values too, in files to the "
            f"gateway.\n      All times are UTC.{text[judged.end():]}")
    place = text.index("  <xs:complexType name=")
    text = text[:place] + "".join(simple_type(form) for form in forms) + text[place:]
    for kind in TYPES:
        text = strict_type(text, kind)
    return text


def main():
    made = {f"{kind}-{letter}.json": table(kind, letter) for kind in COLUMNS for letter in "HDT"}
    made[XSD] = xsd()
    folder = os.path.join(HERE, "strict")
    if sys.argv[1:] == ["--check"]:
        there = {os.path.basename(path): read(path) for path in glob.glob(os.path.join(folder, "*"))}
        wrong = sorted(name for name in made.keys() | there.keys() if made.get(name) != there.get(name))
        for name in wrong:
            print(f"formats/schema/strict/{name} is not what formats/schema/strict.py writes; run that")
        sys.exit(bool(wrong))
    os.makedirs(folder, exist_ok=True)
    for name, text in made.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(text)


if __name__ == "__main__":
    main()
