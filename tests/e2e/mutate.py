"""Seeded mutations of a good file in either form, with one or two mistakes each.

    mutator = XmlMutator(random.Random(1), text, types) or CsvMutator(random.Random(1), text, delimiter=";")
    what, data = mutator.make()                         a random one: what was changed, and the bytes
    for what, data in mutator.each(): …                 each item of header and first record: left out, set to EDGES
"""
import csv
import io
import re
import xml.etree.ElementTree as ET

NAMESPACE = "urn:ecos-gateway:migration:1"
XSI = "http://www.w3.org/2001/XMLSchema-instance"

TEXTS = ["", " ", "x", "0", "1", "01", "-1", "+1", "1.0", " 1 ", "\t2\n", "1 2", "999999", "1000000", "0999999",
         "999999999", "1000000000", "A" * 24, "A" * 25, "A" * 64, "A" * 65, "\u00e9" * 64, "\u00e9" * 65, "x" * 128,
         "x" * 129, "  " + "A" * 64, "90-B3-D5-1F-30-0E-C0-01", "90-b3-d5-1f-30-0e-c0-01", "90-B3-D5-1F-30-0E-C0",
         "90:B3:D5:1F:30:0E:C0:01", "90-B3-D5-1F-30-0E-C0-0G", "TEST", "LIVE", "test", " TEST ", "TESTING",
         "2023-07-03T06:00:00Z", "2023-02-30T06:00:00Z", "2024-02-29T06:00:00Z", "2023-07-03T24:00:00Z",
         "2023-07-03T06:00:60Z", "2023-07-03 06:00:00Z", "2023-07-03T06:00:00", "2023-07-03T06:00:00+00:00",
         "2023-07-03T06:00:00.0Z", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "B20230703-0001", "b20230703",
         "B_1", "-", "EMI_MCC_90-B3-D5-1F-30-0E-C0-01_20230703_060000_000001.xml", "\u0661", "\u2003", "\u00a01",
         "FULL", "DELTA", "full",
         "SET", "REMOVE", "Y", "SUCCESS"]

EDGES = ["", "A" * 64, "A" * 65, "x" * 128, "x" * 129, "DELTA"]


VERSIONS = ["", "1", "1.1", "01.0", "2.0", "1.0", " 1.0", "1.0 ", "\t1.0\n", "\r 1.0", "1 .0", "\u00a01.0", "1.0x"]


class XmlMutator:
    def __init__(self, rng, text, types):
        """types: the name of an element → the schema's types for it, to be named by xsi:type."""
        self.rng, self.text, self.types = rng, text, types
        ET.register_namespace("", NAMESPACE)
        ET.register_namespace("xsi", XSI)

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
        root.tag = self.rng.choice(["{%s}WorkOrder" % NAMESPACE, root.tag.split("}")[1], root.tag + "x",
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
                                "{%s}schemaLocation" % XSI, "{%s}noNamespaceSchemaLocation" % XSI])
        self.rng.choice(list(root.iter())).set(name, self.rng.choice(["1.0", "x", "urn:x nowhere.xsd"]))

    def set_version(self, root):
        self.write_version(root, self.rng.choice([None, *VERSIONS]))

    @staticmethod
    def write_version(root, version):
        root.attrib.pop("schemaVersion", None)
        if version is not None:
            root.set("schemaVersion", version)

    def set_instance(self, root):
        """An attribute of XML Schema that says something of the element: its type, or that it has no value."""
        name = self.rng.choice(["type", "type", "type", "nil"])
        types = sorted(set().union(*self.types.values()))
        types += [f" {one} " for one in types] + ["", "xs:string", "Nowhere"]
        value = self.rng.choice(["true", "false", "1", ""] if name == "nil" else types)
        self.rng.choice(list(root.iter())).set("{%s}%s" % (XSI, name), value)

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
        """Changes bytes without regard to elements."""
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
            # No empty CDATA section: xmllint refuses it between elements, though by the XSD's rules it is no text.
            return data[:tag] + rng.choice([b"<!-- c -->", b"<?x y?>", b"&#32;", b"<![CDATA[x]]>"]) + data[tag:]
        if choice == 4:
            return b"\xef\xbb\xbf" + data
        if choice == 5:
            return data.replace(b"UTF-8", rng.choice([b"utf-8", b"US-ASCII", b"ISO-8859-1", b"nonsense"]), 1)
        if choice == 6:
            extra = rng.choice([b"<!DOCTYPE MigrationInstruction>", b"<!-- x -->", b"\n\n"])
            return data.replace(b"?>", b"?>" + extra, 1)
        if choice == 7:
            return data + rng.choice([b"\n", b"x", b"<x/>", b"<!-- x -->", b"\0", b"<"])
        return data.replace(b"\n", b"\r\n")

    @staticmethod
    def written(root):
        return b'<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="utf-8", xml_declaration=False)

    def each(self):
        for tag in ("Header", "Device"):
            count = len(next(ET.fromstring(self.text).iter("{%s}%s" % (NAMESPACE, tag))))
            for at in range(count):
                for text in [None, *EDGES]:
                    root = ET.fromstring(self.text)
                    parent = next(root.iter("{%s}%s" % (NAMESPACE, tag)))
                    name = parent[at].tag.split("}")[1]
                    if text is None:
                        del parent[at]
                    else:
                        parent[at].text = text
                    yield f"{name} {'left out' if text is None else text!r}", self.written(root)
        yield from self.each_attribute()

    def each_attribute(self):
        """Each version of the root; on each element of root, header and first record its own types."""
        for version in [None, *VERSIONS]:
            root = ET.fromstring(self.text)
            self.write_version(root, version)
            yield f"schemaVersion {version!r}", self.written(root)
        tags = [element.tag for element in ET.fromstring(self.text).iter()]
        for at, tag in enumerate(tags[:30]):
            for name in sorted(self.types[tag.split("}")[1]]):
                root = ET.fromstring(self.text)
                list(root.iter())[at].set("{%s}type" % XSI, name)
                yield f"xsi:type {name!r} on element {at}", self.written(root)

    def make(self):
        changes = [self.delete, self.duplicate, self.swap, self.rename, self.rename_root, self.move, self.set_text,
                   self.set_header, self.set_header, self.set_header, self.set_number, self.add_text,
                   self.add_attribute, self.set_version, self.set_instance, self.empty, self.insert]
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
        return "+".join(done), self.written(root)


class CsvMutator:
    def __init__(self, rng, text, **dialect):
        """dialect: arguments of csv.reader and csv.writer."""
        self.rng, self.dialect = rng, dialect
        self.rows = list(csv.reader(io.StringIO(text.decode(), newline=""), **dialect))

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

    def written(self, rows):
        out = io.StringIO(newline="")
        csv.writer(out, **self.dialect).writerows(rows)
        return out.getvalue().encode()

    def each(self):
        for number in range(min(2, len(self.rows))):
            for at in range(len(self.rows[number])):
                for text in [None, *EDGES]:
                    rows = [list(row) for row in self.rows]
                    rows[number][at:at + 1] = [] if text is None else [text]
                    change = "left out" if text is None else repr(text)
                    yield f"field {at + 1} of row {number + 1} {change}", self.written(rows)

    def make(self):
        rows = [list(row) for row in self.rows]
        done = []
        for _ in range(1 if self.rng.random() < 0.8 else 2):
            try:
                done.append(self.change(rows))
            except (IndexError, ValueError):  # a row without fields, or one row only
                break
        return "+".join(done), self.written(rows)
