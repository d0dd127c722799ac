#!/usr/bin/env python3
"""Plays the two partners that answer work orders (EMW): the TCoS Service Provider, who tries to replace the Devices'
credentials and sends results (EMT), and the ECoS Service Provider, who confirms the replacement (EMC).

It reads every work order in the drop that it has not answered yet, and writes one EMT and one EMC for it into the
partners' drops. It shares no code with the gateway, so as not to repeat its mistakes. The same seed gives the same
outcome to the same try of the same Device, so that a Device can fail on its first try and succeed on its second.
"""
import argparse
import collections
import configparser
import csv
import datetime
import hashlib
import io
import json
import os
import sys
import xml.etree.ElementTree as ElementTree

NAMESPACE = "urn:ecos-gateway:migration:1"
ORDER = ("RecordNumber", "WorkItemId", "DeviceID", "DeviceType", "DeviceManufacturer", "DeviceModel", "FirmwareVersion",
         "CHFDeviceID", "Try", "SessionStart", "SessionEnd")
RESULT = ("RecordNumber", "WorkItemId", "DeviceID", "Result", "GBCSStatus", "DUISCode", "AlertCode", "Try", "FirstTry",
          "LastTry", "OriginatorCounter", "ExistingSubjectId", "ExistingKeyId", "ReplacingSubjectId", "ReplacingKeyId")
CONFIRMATION = ("RecordNumber", "WorkItemId", "DeviceID", "Confirmed", "ConfirmedAt", "SubjectId", "KeyId", "Code")
HEADER = ("SenderId", "RecipientId", "FileSequence", "CreationDateTime", "Environment", "BatchId")
TCOS, ECOS = "90-B3-D5-1F-30-01-00-00", "90-B3-D5-1F-30-02-00-00"  # SubjectIds before and after
NOT_ATTEMPTED = "NOT_ATTEMPTED"
# The fields of a result whose try ends with this code
ERRORS = {
    "D101": {"Result": "FAILED", "DUISCode": "E20"},
    "D102": {"Result": "FAILED", "DUISCode": "E21"},
    "D103": {"Result": "TIMEOUT"},
    "D105": {"Result": "FAILED", "GBCSStatus": "5", "DUISCode": "I0"},
    "D110": {"Result": "FAILED", "GBCSStatus": "10", "DUISCode": "I0"},
    "D117": {"Result": "FAILED", "GBCSStatus": "17", "DUISCode": "I0"},
    "D125": {"Result": "FAILED", "GBCSStatus": "25", "DUISCode": "I0"},
    "D127": {"Result": "FAILED", "GBCSStatus": "127", "DUISCode": "I0"},
    "D130": {"Result": "FAILED", "GBCSStatus": "30", "DUISCode": "I0"},
    "D140": {"Result": "FAILED", "AlertCode": "8F1E"},
    "D141": {"Result": "FAILED", "AlertCode": "819D"},
    NOT_ATTEMPTED: {"Result": NOT_ATTEMPTED},
}
MOST_COMMON = "D101"


class Unable(Exception):
    """The caller has to correct something; the text says what."""


# ---- the outcome of a try ----

def chance(*what):
    """A number from 0 to 1 that depends on the arguments alone."""
    digest = hashlib.sha256("|".join(map(str, what)).encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2 ** 64


def key_id(*what):
    return hashlib.sha256("|".join(map(str, what)).encode()).hexdigest()[:16].upper()


class Fates:
    def __init__(self, options):
        self.seed = options.seed
        self.shares = [("silence", options.silence), *options.error]
        rest = 1 - sum(share for _, share in self.shares)
        success = rest if options.success is None else options.success
        if success > rest + 1e-9 or rest < -1e-9:
            raise Unable("the shares of --success, --error and --silence come to more than 1")
        self.shares += [(MOST_COMMON, rest - success)]
        # The gateway orders such a try again under the same number: without the work order's name the outcome would
        # be the same for ever.
        self.unattempted = sum(share for fate, share in self.shares if fate == NOT_ATTEMPTED)
        self.shares = [(fate, share) for fate, share in self.shares if fate != NOT_ATTEMPTED]
        self.mismatch, self.unconfirmed = options.mismatch, options.unconfirmed
        if self.mismatch + self.unconfirmed > 1:
            raise Unable("the shares of --mismatch and --unconfirmed come to more than 1")

    def of_try(self, order):
        """A code of ERRORS, "silence" or "SUCCESS"."""
        if self.unattempted > chance(self.seed, order["DeviceID"], order["Try"], order["EMW"], NOT_ATTEMPTED):
            return NOT_ATTEMPTED
        left = chance(self.seed, order["DeviceID"], order["Try"], "result") * (1 - self.unattempted)
        for fate, share in self.shares:
            if left < share:
                return fate
            left -= share
        return "SUCCESS"

    def of_confirmation(self, order):
        """"same", "other" (the wrong key) or "none"."""
        left = chance(self.seed, order["DeviceID"], order["Try"], "confirmation")
        return "other" if left < self.mismatch else "none" if left < self.mismatch + self.unconfirmed else "same"

    def new_key(self, order):
        return key_id(self.seed, order["DeviceID"], order["Try"], "new key")


# ---- the home ----

class Partner:
    """The party that sends one type of file, and the folders of its drop."""

    def __init__(self, configuration, kind, drops):
        groups = [name for name in configuration.sections() if name.startswith("party ")
                  and kind in configuration[name].get("types", "").split(";")]
        if not groups:
            raise Unable(f"no party may send {kind}: add it to the types of a [party …] group")
        self.org = groups[0].split()[1]
        self.eui64 = configuration[groups[0]]["eui64"]
        drop = configuration[groups[0]]["drop"]
        self.inbox = folder_of(configuration, drop, "in", drops)
        self.outbox = folder_of(configuration, drop, "out", drops)


def folder_of(configuration, drop, way, drops):
    group = configuration[f"drop {drop}"]
    if group.get("transport", "local") == "local":
        return os.path.join(drops[0], group[way])
    return os.path.join(drops[1] or os.path.join(drops[0], "drops"), drop, way)


class Simulation:
    def __init__(self, options):
        self.options = options
        path = os.path.join(options.home, "ecosgate.conf")
        configuration = configparser.ConfigParser(interpolation=None, delimiters=("=",), comment_prefixes=("#",))
        try:
            if not configuration.read(path, encoding="utf-8"):
                raise Unable(f"{path} is not there: give the folder that `ecosgate init` made")
            self.gateway = configuration["gateway"]
            drops = (options.home, options.drops)
            self.partners = {kind: Partner(configuration, kind, drops) for kind in ("EMT", "EMC")}
        except (configparser.Error, KeyError) as error:
            raise Unable(f"{path}: {error}") from error
        self.memory_path = os.path.join(options.home, "simulator.json")
        self.memory = self.remember()

    def remember(self):
        try:
            with open(self.memory_path, encoding="utf-8") as file:
                return json.load(file)
        except FileNotFoundError:
            return {kind: {"answered": [], "sequence": self.options.sequence} for kind in ("EMT", "EMC")}

    def save_memory(self):
        with open(self.memory_path + ".part", "w", encoding="utf-8") as file:
            json.dump(self.memory, file, indent=1)
        os.replace(self.memory_path + ".part", self.memory_path)

    def work_orders(self, kind):
        """Names of the work orders that this side has not answered, in the order of their numbers."""
        folder = self.partners["EMT"].outbox
        names = [name for name in os.listdir(folder) if name.startswith("EMW_") and name.endswith((".csv", ".xml"))]
        if not self.options.again:
            names = [name for name in names if name not in self.memory[kind]["answered"]]
        return sorted(names, key=lambda name: name.rsplit("_", 1)[1])

    def read_order(self, name):
        with open(os.path.join(self.partners["EMT"].outbox, name), "rb") as file:
            data = file.read()
        return order_from_xml(name, data) if name.endswith(".xml") else order_from_csv(name, data)

    def send(self, kind, rows):
        """Writes a file under a temporary name, then renames it; returns the name."""
        partner, memory, options = self.partners[kind], self.memory[kind], self.options
        number = memory["sequence"]
        stamp = text_of(options.now)
        header = (partner.eui64, self.gateway["eui64"], str(number), stamp, self.gateway.get("environment", "TEST"),
                  f"SIM-{kind}-{number:06}")
        name = f"{kind}_{partner.org}_{partner.eui64}_{stamp[:10].replace('-', '')}_{stamp[11:19].replace(':', '')}_" \
               f"{number:06}.{options.form}"
        hidden = os.path.join(partner.inbox, f".{name}.part")
        with open(hidden, "wb") as file:
            file.write((as_xml if options.form == "xml" else as_csv)(kind, header, rows))
        os.rename(hidden, os.path.join(partner.inbox, name))
        memory["sequence"] = number + 1
        return name


# ---- files ----

def order_from_csv(name, data):
    records = list(csv.reader(io.StringIO(data.decode(), newline="")))
    rows = [dict(zip(ORDER, record[1:])) for record in records if record[:1] == ["D"]]
    if not records or records[0][:2] != ["H", "EMW"] or records[-1] != ["T", str(len(rows))]:
        raise Unable(f"{name} is no whole work order")
    return records[0][6], rows


def order_from_xml(name, data):
    try:
        root = ElementTree.fromstring(data)
    except ElementTree.ParseError as error:
        raise Unable(f"{name}: {error}") from error
    inside = {"": NAMESPACE}
    rows = [{**dict.fromkeys(ORDER, ""), **{child.tag.rsplit("}", 1)[-1]: child.text or "" for child in device}}
            for device in root.iterfind("Devices/Device", inside)]
    if root.tag != f"{{{NAMESPACE}}}WorkOrder" or root.findtext("Header/DeviceCount", "", inside) != str(len(rows)):
        raise Unable(f"{name} is no whole work order")
    return root.findtext("Header/CreationDateTime", "", inside), rows


def columns_of(kind):
    return RESULT if kind == "EMT" else CONFIRMATION


def as_csv(kind, header, rows):
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["H", kind, "1.0", *header, ""])
    writer.writerows(["D", *(row.get(name, "") for name in columns_of(kind))] for row in rows)
    writer.writerow(["T", len(rows)])
    return out.getvalue().encode()


def as_xml(kind, header, rows):
    root = ElementTree.Element("MigrationResult" if kind == "EMT" else "MigrationConfirmation", xmlns=NAMESPACE,
                               schemaVersion="1.0")
    head = ElementTree.SubElement(root, "Header")
    for name, value in [*zip(HEADER, header), ("DeviceCount", str(len(rows)))]:
        ElementTree.SubElement(head, name).text = value
    devices = ElementTree.SubElement(root, "Devices")
    for row in rows:
        device = ElementTree.SubElement(devices, "Device")
        for name in columns_of(kind):
            if row.get(name):
                ElementTree.SubElement(device, name).text = row[name]
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True) + b"\n"


# ---- the two sides ----

def result_of(order, fates, begun, now):
    """The row of an EMT and its outcome; no row for a try that is never answered."""
    fate = fates.of_try(order)
    if fate == "silence":
        return None, fate
    row = {"WorkItemId": order["WorkItemId"], "DeviceID": order["DeviceID"], "Try": order["Try"]}
    if fate != NOT_ATTEMPTED:
        row.update(FirstTry=begun, LastTry=max(begun, text_of(now)), OriginatorCounter=str(int(now.timestamp()) * 1000),
                   ExistingSubjectId=TCOS, ExistingKeyId=key_id(fates.seed, order["DeviceID"], "old key"))
    if fate == "SUCCESS":
        row.update(Result=fate, GBCSStatus="0", DUISCode="I0", ReplacingSubjectId=ECOS,
                   ReplacingKeyId=fates.new_key(order))
        return row, fate
    return {**row, **ERRORS[fate]}, fate


def confirmation_of(order, fates, _begun, now):
    """The row of an EMC and its outcome; no row for a Device whose credentials were not replaced."""
    if fates.of_try(order) != "SUCCESS":
        return None, "not replaced"
    fate = fates.of_confirmation(order)
    if fate == "none":
        return None, "unconfirmed"
    key = fates.new_key(order) if fate == "same" else key_id(fates.seed, order["DeviceID"], "wrong key")
    row = {"WorkItemId": order["WorkItemId"], "DeviceID": order["DeviceID"], "Confirmed": "Y",
           "ConfirmedAt": text_of(now), "SubjectId": ECOS, "KeyId": key}
    return row, "Y" if fate == "same" else "Y with another key"


def answer(simulation, kind, fates, say):
    """Answers the work orders that one side has not answered yet; returns their number."""
    names = simulation.work_orders(kind)
    for name in names:
        begun, orders = simulation.read_order(name)
        rows, told = [], collections.Counter()
        for order in orders:
            order["EMW"] = name
            row, what = (result_of if kind == "EMT" else confirmation_of)(order, fates, begun, simulation.options.now)
            told[what] += 1
            if row is not None:
                rows.append({"RecordNumber": str(len(rows) + 1), **row})
        sent = simulation.send(kind, rows) if rows else f"no {kind}"
        simulation.memory[kind]["answered"] += [name] if name not in simulation.memory[kind]["answered"] else []
        simulation.save_memory()
        say(f"{sent}\n    answers {name}: " + ", ".join(f"{what} {n}" for what, n in sorted(told.items())))
    return len(names)


# ---- the command ----

def text_of(at):
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def time(text):
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc)


def share(text):
    value = float(text)
    if not 0 <= value <= 1:
        raise ValueError
    return value


def error_share(text):
    code, _, number = text.partition("=")
    if code not in ERRORS:
        raise argparse.ArgumentTypeError(f"'{code}' is none of {', '.join(ERRORS)}")
    try:
        return code, share(number)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"'{text}': expected CODE=SHARE, a share from 0 to 1") from error


def read_options(arguments):
    parser = argparse.ArgumentParser(
        prog="simulate.py", formatter_class=argparse.RawDescriptionHelpFormatter, description=__doc__,
        epilog="codes for --error: " + ", ".join(ERRORS) + "\n\n"
               "A morning in which every tenth Device does not answer, and the next tries five minutes later:\n"
               "  simulate.py demo --error D101=0.1\n"
               "Results now, confirmations later:\n"
               "  simulate.py demo --side tcos; …; simulate.py demo --side ecos\n")
    parser.add_argument("home", metavar="HOME", help="the gateway's home, with ecosgate.conf in it")
    parser.add_argument("--seed", metavar="N", default="1", help="other outcomes for another seed (%(default)s)")
    parser.add_argument("--success", metavar="SHARE", type=share,
                        help=f"tries that succeed, 0 to 1 (all but errors and silence); the rest: {MOST_COMMON}")
    parser.add_argument("--error", metavar="CODE=SHARE", type=error_share, action="append", default=[],
                        help="tries that end with this code; can be repeated")
    parser.add_argument("--silence", metavar="SHARE", type=share, default=0, help="tries that are never answered (0)")
    parser.add_argument("--mismatch", metavar="SHARE", type=share, default=0,
                        help="successes that are confirmed with another key (0)")
    parser.add_argument("--unconfirmed", metavar="SHARE", type=share, default=0,
                        help="successes that are not confirmed (0)")
    parser.add_argument("--side", choices=("tcos", "ecos", "both"), default="both",
                        help="which partner answers; each remembers its answered work orders (%(default)s)")
    parser.add_argument("--again", action="store_true",
                        help="answer all work orders once more, as a partner does who repeats or corrects its answers")
    parser.add_argument("--form", choices=("csv", "xml"), default="csv", help="form of what is written (%(default)s)")
    parser.add_argument("--now", metavar="TIME", type=time, default=datetime.datetime.now(datetime.timezone.utc),
                        help="act as at this time, such as 2023-07-03T12:10:00Z (the clock's)")
    parser.add_argument("--sequence", metavar="N", type=int, default=1,
                        help="number of the first file, when none is remembered in HOME/simulator.json (%(default)s)")
    parser.add_argument("--drops", metavar="DIR",
                        help="where the folders of SFTP drops are, as DIR/NAME/in and /out (HOME/drops)")
    parser.add_argument("--quiet", action="store_true", help="print nothing about the answers")
    return parser.parse_args(arguments)


def main(arguments):
    options = read_options(arguments)
    say = (lambda text: None) if options.quiet else print
    try:
        simulation = Simulation(options)
        fates = Fates(options)
        sides = {"tcos": ("EMT",), "ecos": ("EMC",), "both": ("EMT", "EMC")}[options.side]
        if not sum([answer(simulation, kind, fates, say) for kind in sides]):
            say("no work order that was not answered before")
    except (Unable, OSError, ValueError) as error:
        print(f"simulate.py: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
