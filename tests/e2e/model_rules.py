"""The reference of the model test: the rules that need one record and nothing else (gateway/DEVICES.md,
formats/FILES.md)."""
import re

from model_time import time_of

TYPES = ("ESME", "GSME", "GPF")
MODEL = {"DeviceManufacturer": 4, "DeviceModel": 8, "FirmwareVersion": 8}  # hex digits
LASTING_D = ("D105", "D110", "D117", "D125", "D128", "D140")
PARTNERS_D = ("D105", "D128", "D140", "D150", "D151", "D152")  # DCC and the Service Providers resolve them
LASTING_DUIS = ("E1", "E2", "E3", "E4", "E5", "E11", "E12", "E13", "E17", "E19")
TOLERANCE = 300  # the default of future_tolerance
GBCS = {"5": "D105", "10": "D110", "17": "D117", "25": "D125", "30": "D130"}
ALERTS = {"8F1E": "D140", "8F30": "D140", "8F3D": "D140", "819D": "D141", "8F84": "D141"}
EUI64 = re.compile(r"[0-9A-Fa-f]{2}(-[0-9A-Fa-f]{2}){7}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z")


def by_itself(row):
    """The rules of category c that need nothing but the record: [(code, passes, then)], and codes that warn."""
    codes, warned = [], []
    if not EUI64.fullmatch(row["DeviceID"]):
        codes.append("C101")
    if row["DeviceType"] not in TYPES:
        codes.append("C104")
    codes += ["C117" for name in MODEL if not is_hex(row, name)]
    wanted = {"ESME": r"\d{13}", "GSME": r"\d{6,10}", "GPF": ""}.get(row["DeviceType"])
    if wanted is not None and not re.fullmatch(wanted, row["MPxN"]):
        codes.append("C113")
    elif wanted and not check_digits_fit(row["MPxN"]):
        warned.append("C113")
    if row["CHFDeviceID"] and not EUI64.fullmatch(row["CHFDeviceID"]) or \
            row["DeviceType"] == "GPF" and not row["CHFDeviceID"]:
        codes.append("C117")
    if row["CSPRegion"] not in ("North", "Central", "South", ""):
        codes.append("C117")
    if not re.fullmatch(r"0*[1-9]\d*", row["Attempt"]):
        codes.append("C117")
    return [(code, False, None) for code in sorted(set(codes))], warned


def check_digits_fit(mpxn):
    digits = [int(c) for c in mpxn]
    if len(digits) == 13:
        return sum(a * b for a, b in zip(digits, (3, 5, 7, 13, 17, 19, 23, 29, 31, 37, 41, 43))) % 11 % 10 == digits[12]
    n = len(digits) - 2
    return sum(digits[i] * (n - i) for i in range(n)) % 11 == int(mpxn[n:])


def is_hex(row, name):
    return re.fullmatch(f"[0-9A-Fa-f]{{{MODEL[name]}}}", row[name])


def model_of(row):
    return tuple(row[name].upper() for name in MODEL)


def is_non_migratable(row, entry, now):
    if row["DeviceType"] != entry["DeviceType"]:
        return False
    mine, theirs = model_of(row), model_of(entry)
    if mine[:2] != theirs[:2] or theirs[2] not in ("", mine[2]):
        return False
    return time_of(entry["NonMigratableFrom"]) <= now and \
        (not entry["NonMigratableTo"] or now < time_of(entry["NonMigratableTo"]))


def supply_point(mpxn):
    """A number: leading zeros do not count."""
    return mpxn.lstrip("0")


def elsewhere(row, known):
    """Which of hub, supply point and region differ from the inventory's. What is malformed is not compared."""
    malformed = {"MPxN": any(code == "C113" for code, _, _ in by_itself(row)[0]),
                 "CHFDeviceID": not EUI64.fullmatch(row["CHFDeviceID"]),
                 "CSPRegion": row["CSPRegion"] not in ("North", "Central", "South")}
    return [name for name, wrong in malformed.items() if not wrong and row[name] and known[name] and
            row[name].upper().lstrip("0") != known[name].upper().lstrip("0")]


def reference_key(kind, row):
    columns = {"INV": ("DeviceID",), "COS": ("MPxN", "SupplyStartDate"), "PTY": ("PartyId", "Role"),
               "NMM": ("DeviceType", "DeviceManufacturer", "DeviceModel", "FirmwareVersion", "NonMigratableFrom")}[kind]
    alike = {"DeviceID": str.upper, "MPxN": supply_point}
    key = tuple(alike.get(name, str)(row[name]) for name in columns)
    return key[0] if len(key) == 1 else key


def as_bytes(identity):
    """An id of credentials, whatever its notation."""
    digits = re.sub("[-:.]", "", identity).upper()
    return digits if re.fullmatch("([0-9A-F]{2})+", digits) else identity


def has_wrong_subject(kind, row, item, ecos_subject, subjects_before):
    """The SubjectId of the new credentials is another than that of ECoS, or the one before; or, where that of ECoS is
    not known, one that other Devices had before they migrated."""
    if kind == "EMT":
        good, now, before = row["Result"] == "SUCCESS", row["ReplacingSubjectId"], row["ExistingSubjectId"]
    else:
        good, now, before = row["Confirmed"] == "Y", row["SubjectId"], item.existing if item is not None else ""
    if not good or not now:
        return False
    if ecos_subject and as_bytes(now) != as_bytes(ecos_subject):
        return True
    if not ecos_subject and as_bytes(now) in subjects_before:
        return True
    return bool(before) and as_bytes(now) == as_bytes(before)


def faults_of(kind, row, item, ecos_subject, subjects_before):
    """What is wrong with a result or confirmation before it is asked what it means."""
    codes = set()
    if has_wrong_subject(kind, row, item, ecos_subject, subjects_before):
        codes.add("C121")
    if not EUI64.fullmatch(row["DeviceID"]):
        codes.add("C101")
    if item is None or EUI64.fullmatch(row["DeviceID"]) and item.device != row["DeviceID"].upper():
        codes.add("C118")
    if is_malformed_result(row) if kind == "EMT" else is_malformed_confirmation(row):
        codes.add("C120")
    return codes


def is_malformed_confirmation(row):
    return row["Confirmed"] not in ("Y", "N") or row["Confirmed"] == "Y" and not (row["SubjectId"] and
                                                                                  row["KeyId"]) or \
        row["ConfirmedAt"] and not TIME.fullmatch(row["ConfirmedAt"])


def is_malformed_result(row):
    success = row["Result"] == "SUCCESS"
    status = row["GBCSStatus"] not in ("", "0") or row["DUISCode"] not in ("", "I0") or row["AlertCode"] in ALERTS
    return row["Result"] not in ("SUCCESS", "FAILED", "TIMEOUT", "NOT_ATTEMPTED") or \
        success and (status or not (row["ReplacingSubjectId"] and row["ReplacingKeyId"])) or \
        not re.fullmatch(r"0*[1-9]\d*", row["Try"]) or not re.fullmatch(r"|0|[1-9]\d{0,2}", row["GBCSStatus"]) or \
        any(row[name] and not TIME.fullmatch(row[name]) for name in ("FirstTry", "LastTry"))


def second_of(text):
    """The second in which a time lies; 0: there is none."""
    return time_of(text[:19] + "Z") if TIME.fullmatch(text) else 0


def possible(text, now):
    return second_of(text) if second_of(text) <= now + TOLERANCE else 0


def last_try(row, now, ordered):
    """The time that counts, 0 for none; ordered: when the try was ordered first."""
    first, last = possible(row["FirstTry"], now), possible(row["LastTry"], now)
    return last if last >= max(first, ordered - TOLERANCE) else 0


def has_impossible_time(row, now, ordered):
    if "ConfirmedAt" in row:
        at = second_of(row["ConfirmedAt"])
        return at != 0 and not ordered - TOLERANCE <= at <= now + TOLERANCE
    return possible(row["FirstTry"], now) != second_of(row["FirstTry"]) or \
        second_of(row["LastTry"]) != last_try(row, now, ordered)


def code_of(row):
    """The code of a failed try: the first lasting one in the catalogue's order, else the first."""
    codes = []
    if row["AlertCode"] in ALERTS:
        codes.append(ALERTS[row["AlertCode"]])
    if row["GBCSStatus"] not in ("", "0"):
        codes.append(GBCS.get(row["GBCSStatus"], "D127"))
    if row["DUISCode"] not in ("", "I0"):
        codes.append("D128" if row["DUISCode"] in LASTING_DUIS else
                     {"E20": "D101", "E21": "D102"}.get(row["DUISCode"], "D127"))
    codes.sort(key=lambda code: (code not in LASTING_D, code))
    return codes[0] if codes else "D103" if row["Result"] == "TIMEOUT" else "D127"
