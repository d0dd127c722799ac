"""Checks CSV files by Table Schemas, such as `ecosgate profile export` writes. No code of the gateway.

    tables = Tables(folder)
    faults = tables.faults("EMI", data)      or a report: tables.faults("MAPR", data)

Debian has no validator of Table Schemas. This one knows what ours use of the standard: types string and integer;
required, enum, pattern, maxLength, minLength, minimum, maximum; missingValues; of the dialect delimiter and quoteChar.
Beside that it knows the dialect's "frame" and a report's "footer" (gateway/PROFILES.md).
"""
import csv
import glob
import io
import json
import os
import re


class Tables:
    def __init__(self, *folders):
        self.schemas = {}
        for path in [path for folder in folders for path in glob.glob(os.path.join(folder, "*.json"))]:
            with open(path, encoding="utf-8") as file:
                self.schemas[os.path.basename(path)[:-5]] = json.load(file)

    def names(self, kind, letter):
        return [field["name"] for field in self.schemas[f"{kind}-{letter}"]["fields"]]

    def required(self, kind, letter):
        return {field["name"] for field in self.schemas[f"{kind}-{letter}"]["fields"] if self.is_required(field)}

    @staticmethod
    def is_required(field):
        return field.get("constraints", {}).get("required")

    def rows_of(self, kind):
        """The schema of the rows of a type or report."""
        return self.schemas.get(kind) or self.schemas.get(f"{kind}-D") or self.schemas[f"{kind}-E"]

    def dialect(self, kind):
        return self.rows_of(kind).get("dialect", {})

    @staticmethod
    def cell_fault(field, value):
        limits = field.get("constraints", {})
        if value == "":
            return "is required" if limits.get("required") else None
        if field["type"] == "integer":
            if not re.fullmatch("[+-]?[0-9]+", value):
                return "is no integer"
            if not limits.get("minimum", int(value)) <= int(value) <= limits.get("maximum", int(value)):
                return "is out of range"
        if not limits.get("minLength", 0) <= len(value) <= limits.get("maxLength", len(value)):
            return "is too long or too short"
        if "enum" in limits and value not in limits["enum"]:
            return "is not in the list"
        if "pattern" in limits and not re.fullmatch(limits["pattern"], value):
            return "does not fit the pattern"
        return None

    def parsed(self, kind, text):
        dialect = self.dialect(kind)
        return list(csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=dialect.get("delimiter", ","),
                               quotechar=dialect.get("quoteChar", '"')))

    def faults(self, kind, data):
        try:
            rows = self.parsed(kind, data.decode("utf-8"))
        except (UnicodeDecodeError, csv.Error) as fault:
            return [str(fault)]
        frame = self.dialect(kind).get("frame", "records")
        if frame == "records":
            return [fault for number, row in enumerate(rows, 1) for fault in self.record_faults(kind, number, row)]
        first, found = 1, self.footer_faults(kind, rows)
        fields = self.rows_of(kind)["fields"]
        if frame == "title":
            fields, faults = self.titled(fields, rows.pop(0) if rows else [])
            first, found = 2, found + faults
        if found:
            return found
        return [fault for number, row in enumerate(rows, first) for fault in self.row_faults(fields, number, row)]

    def footer_faults(self, kind, rows):
        """Takes the last line of a report from the rows."""
        footer = self.rows_of(kind).get("footer")
        if footer is None:
            return []
        titles = self.dialect(kind).get("frame") == "title"
        count = len(rows) - 1 - titles
        wanted = self.parsed(kind, footer.replace("{rows}", str(count)))[0]
        return [] if count >= 0 and rows.pop() == wanted else [f"the last line is not {wanted}"]

    def titled(self, fields, titles):
        """The fields in the order of the title row."""
        known = {field["name"]: field for field in fields}
        faults = [f"there is no column {title}" for title in titles if title not in known]
        faults += [f"the column {name} is missing" for name, field in known.items()
                   if self.is_required(field) and name not in titles]
        if len(set(titles)) != len(titles):
            faults.append("two columns have one title")
        return [known[title] for title in titles if title in known], faults

    def record_faults(self, kind, number, row):
        """Of a record that begins with its letter, which the schema's first field has as its only value."""
        for name, schema in self.schemas.items():
            letter = schema["fields"][0].get("constraints", {}).get("enum")
            if row and letter == row[:1] and re.fullmatch(f"{kind}-[A-Z]", name):
                return self.row_faults(schema["fields"], number, row)
        return [f"row {number}: no such record"]

    def row_faults(self, fields, number, row):
        if len(row) != len(fields):
            return [f"row {number}: {len(row)} fields for {len(fields)}"]
        return [f"row {number}: {field['name']} {fault}" for field, value in zip(fields, row)
                if (fault := self.cell_fault(field, value))]
