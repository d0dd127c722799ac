#!/usr/bin/env python3
"""The management page and the live page in a real browser: charts are drawn, figures are those of the rows, and both
can be read on a phone, in light and in dark (TAP; skipped without chromium)."""
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib

from home import SANITIZED, Home, Tap
from parties import Parties, at

MAKE_PAGE = os.path.join(os.environ.get("top_builddir", "."), "tests", "e2e", "make_page")
BROWSER = shutil.which("chromium")
WEEK = 7 * 86400
MONDAY = 1688342400  # 2023-07-03
ROWS = [("ESME", "North", 1000, 400, 60, 40, 100, 500, "D101"), ("ESME", "Central", 500, 200, 10, 0, 0, 300, "D102"),
        ("GSME", "North", 600, 420, 0, 30, 20, 160, "D117"), ("GSME", "", 4, 0, 0, 0, 0, 4, ""),
        ("GPF", "South", 250, 10, 5, 5, 0, 240, "D101"), ("<i>=1+1", "a & \"b\"", 3, 1, 0, 1, 0, 2, "D103")]
SUMS = [sum(row[column] for row in ROWS) for column in range(2, 8)]
WEEKS = [(MONDAY - n * WEEK, SUMS[0], SUMS[1] - 100 * n, SUMS[5] + 100 * n) for n in range(5, -1, -1)]
END_DATE = MONDAY + 20 * WEEK
# The colours of the page's style sheet.
COLOURS = {"good": (0x1b, 0x78, 0x37), "once": (0xd9, 0x82, 0x2b), "many": (0xb2, 0x18, 0x2b),
           "never": (0x54, 0x27, 0x88), "left": (0x21, 0x66, 0xac), "scope": (0x5a, 0x5a, 0x5a)}
# A script for a copy of the page: it writes down what the browser has made of the page.
MEASURE = """<script>
const box = e => { const r = e.getBoundingClientRect(); return [r.x, r.y, r.width, r.height]; };
const all = (e, what) => [...e.querySelectorAll(what)];
const found = {
  tables: Object.fromEntries(all(document, 'table').map(
    t => [t.id, all(t, 'tbody tr').map(r => all(r, 'th,td').map(c => c.textContent))])),
  pictures: Object.fromEntries(all(document, 'svg').map(s => [s.id, {
    box: box(s), title: s.querySelector('title').textContent, description: s.querySelector('desc').textContent,
    named: s.getAttribute('aria-labelledby').split(' ').every(id => document.getElementById(id) !== null),
    rects: all(s, 'rect').map(r => ({box: box(r), style: r.getAttribute('class'), fill: getComputedStyle(r).fill})),
    texts: all(s, 'text').map(t => ({box: box(t), text: t.textContent})),
    lines: all(s, 'polyline').map(l => ({box: box(l), stroke: getComputedStyle(l).stroke,
      fill: getComputedStyle(l).fill, points: l.points.length}))
  }])),
  forecast: document.getElementById('forecast-text').textContent,
  wide: document.documentElement.scrollWidth <= window.innerWidth,
  elements: all(document, 'i, img, iframe, link, object').length
};
const place = document.createElement('pre');
place.id = 'found';
place.textContent = JSON.stringify(found);
document.body.append(place);
</script>"""


def page_of(rows, weeks, end_date):
    lines = [f"figures\tTCOS\tTEST\t{MONDAY - WEEK}\t{MONDAY}\t{end_date}\t0"]
    lines += ["row\t" + "\t".join(map(str, row)) for row in rows]
    lines += ["week\t" + "\t".join(map(str, week)) for week in weeks]
    return subprocess.run([MAKE_PAGE], input="\n".join(lines).encode(), capture_output=True, check=True).stdout.decode()


def browse(folder, path, *what):
    done = subprocess.run([BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                           "--disable-dev-shm-usage", "--force-device-scale-factor=1", "--window-size=1300,3600",
                           f"--user-data-dir={folder}/profile", "--host-resolver-rules=MAP * ~NOTFOUND", *what,
                           f"file://{path}"],
                          capture_output=True, timeout=300, check=False, env={**os.environ, "HOME": folder})
    return done.stdout.decode(errors="replace")


def measured(folder, page):
    """What the script in the copy wrote down."""
    copy = os.path.join(folder, "copy.html")
    with open(copy, "w", encoding="utf-8") as file:
        file.write(re.sub(r"<meta http-equiv.*?>", "", page).replace("</body>", MEASURE + "</body>"))
    found = re.search(r'<pre id="found">(.*?)</pre>', browse(folder, copy, "--dump-dom"), re.DOTALL)
    text = found.group(1).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return json.loads(text)


def pixels(path):
    """Colours of a PNG of 8-bit RGB or RGBA: how many pixels have each."""
    with open(path, "rb") as file:
        data = file.read()
    width, height, depth, kind = struct.unpack(">IIBB", data[16:26])
    assert depth == 8 and kind in (2, 6), (depth, kind)
    at, packed = 8, b""
    while at < len(data):
        (size,) = struct.unpack(">I", data[at:at + 4])
        if data[at + 4:at + 8] == b"IDAT":
            packed += data[at + 8:at + 8 + size]
        at += size + 12
    raw, step = zlib.decompress(packed), 4 if kind == 6 else 3
    counts, before = {}, bytearray(width * step)
    for y in range(height):
        start = y * (width * step + 1)
        line, how = bytearray(raw[start + 1:start + 1 + width * step]), raw[start]
        for x in range(width * step):
            left = line[x - step] if x >= step else 0
            up, corner = before[x], before[x - step] if x >= step else 0
            if how == 1:
                line[x] = (line[x] + left) & 255
            elif how == 2:
                line[x] = (line[x] + up) & 255
            elif how == 3:
                line[x] = (line[x] + (left + up) // 2) & 255
            elif how == 4:
                guess = left + up - corner
                near = min((abs(guess - left), 0, left), (abs(guess - up), 1, up), (abs(guess - corner), 2, corner))
                line[x] = (line[x] + near[2]) & 255
        before = line
        for x in range(0, width * step, step):
            colour = tuple(line[x:x + 3])
            counts[colour] = counts.get(colour, 0) + 1
    return counts


def inside(inner, outer):
    return (inner[0] >= outer[0] - 1 and inner[1] >= outer[1] - 1 and inner[0] + inner[2] <= outer[0] + outer[2] + 1 and
            inner[1] + inner[3] <= outer[1] + outer[3] + 1)


def grouped(column):
    groups = {}
    for row in ROWS:
        sums = groups.setdefault(row[column] or "not known", [0] * 6)
        for figure in range(6):
            sums[figure] += row[2 + figure]
    return groups


def test_figures(tap, found):
    tables = found["tables"]
    rows = [[row[0], row[1] if row[1] != "not known" else ""] + [int(n) for n in row[2:8]] + [row[8]]
            for row in tables["rows-table"]]
    tap.ok(rows == [list(row) for row in ROWS], "every row is there, as it was given", rows)
    summary = [int(row[1]) for row in tables["summary-table"]]
    tap.ok(summary == SUMS, "the summary is their sum", summary)
    for column, name in ((0, "types"), (1, "regions")):
        sums = {row[0]: [int(n) for n in row[1:]] for row in tables[f"{name}-table"]}
        tap.ok(sums == grouped(column), f"{name}: sums of their rows", sums)
    tap.ok([[int(n) for n in row[1:]] for row in tables["progress-table"]] == [list(week[1:]) for week in WEEKS] and
           tables["progress-table"][-1][0] == "2023-07-03", "weeks: as they were given", tables["progress-table"])
    causes = [(row[0], int(row[1])) for row in tables["causes-table"]]
    tap.ok(causes == [("D101", 110), ("D117", 30), ("D102", 10), ("D103", 1)],
           "causes: the failed Devices of the rows in which they are the most frequent code, most first", causes)
    expected = (f"{SUMS[5]} remain", "At 100 a week", "2023-11-20", "2023-09-25", "in time")
    tap.ok(all(text in found["forecast"] for text in expected), "the forecast says pace, end and end date",
           found["forecast"])


def test_pictures(tap, found):
    pictures = found["pictures"]
    names = sorted(pictures)
    tap.ok(names == ["causes-chart", "forecast-chart", "progress-chart", "regions-chart", "types-chart"], "five charts",
           names)
    for name, picture in pictures.items():
        tap.ok(picture["box"][2] > 300 and picture["box"][3] > 80, f"{name} has a size", picture["box"])
        tap.ok(picture["title"] and picture["description"] and picture["named"],
               f"{name} has a title and a description")
        strays = [thing for thing in picture["rects"] + picture["texts"] + picture["lines"]
                  if not inside(thing["box"], picture["box"])]
        tap.ok(not strays, f"{name}: nothing hangs over its edge", *strays[:5])
    for name, column in (("types-chart", 0), ("regions-chart", 1)):
        values = [figure for sums in grouped(column).values() for figure in sums]
        widths = [rect["box"][2] for rect in pictures[name]["rects"]]
        unit = max(widths) / max(values)
        tap.ok(len(widths) == len(values) and unit > 0.05 and
               all(abs(width - value * unit) < 1 for width, value in zip(widths, values)),
               f"{name}: bars are as long as their figures", widths, values)
        numbers = [text["text"] for text in pictures[name]["texts"] if text["text"].isdigit()]
        tap.ok(numbers == [str(value) for value in values], f"{name}: each bar bears its figure", numbers)
    lines = pictures["progress-chart"]["lines"] + pictures["forecast-chart"]["lines"]
    drawn = all(line["stroke"] not in ("none", "") and line["fill"] == "none" and line["box"][2] > 50 for line in lines)
    tap.ok(drawn and [line["points"] for line in lines] == [6, 6, 6, 2],
           "lines are drawn: two of progress, what remained, what will remain", lines)
    tap.ok(pictures["progress-chart"]["lines"][1]["box"][3] > 20, "progress goes up")
    tap.ok(found["wide"], "nothing needs scrolling sideways")
    tap.ok(found["elements"] == 0, "texts of others become no elements, and nothing is loaded")


def test_seen(tap, folder, page):
    path = os.path.join(folder, "page.html")
    with open(path, "w", encoding="utf-8") as file:
        file.write(page)
    browse(folder, path, f"--screenshot={folder}/page.png")
    counts = pixels(os.path.join(folder, "page.png"))
    for name, colour in COLOURS.items():
        tap.ok(counts.get(colour, 0) > 100, f"what is called {name} can be seen", counts.get(colour, 0))
    browse(folder, path, "--no-pdf-header-footer", f"--print-to-pdf={folder}/page.pdf")
    with open(os.path.join(folder, "page.pdf"), "rb") as file:
        printed = file.read()
    tap.ok(printed.startswith(b"%PDF") and len(printed) > 10000, "it can be printed", len(printed))


def test_empty(tap, folder):
    found = measured(folder, page_of([], [], 0))
    tap.ok("Nothing remains" in found["forecast"] and found["tables"]["rows-table"] == [],
           "a page without rows is a page", found)


# The page within a frame as wide as a phone: whether anything needs scrolling sideways, and what was drawn.
PHONE = """<iframe id="phone" style="width:375px;height:900px;border:0" srcdoc="%s"></iframe><script>
document.getElementById('phone').onload = e => {
  const inner = e.target.contentDocument, all = what => [...inner.querySelectorAll(what)];
  const place = document.createElement('pre');
  place.id = 'found';
  place.textContent = JSON.stringify({
    wide: inner.documentElement.scrollWidth, tables: all('table').map(t => t.id),
    cut: all('th').filter(t => t.offsetWidth > 0 && t.offsetWidth < 12).concat(all('svg text').filter(t =>
      t.getBBox().x < 0 || t.getBBox().x + t.getBBox().width > t.ownerSVGElement.viewBox.baseVal.width))
      .map(t => t.textContent),
    bars: all('.bar b').map(b => [b.getBoundingClientRect().width, b.parentNode.getBoundingClientRect().width])});
  document.body.append(place);
};
</script>"""


def test_phone(tap, folder, name, page):
    framed = re.sub(r"<meta http-equiv.*?>", "", page).replace("&", "&amp;").replace('"', "&quot;")
    path = os.path.join(folder, "phone.html")
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"<!DOCTYPE html><html><body>{PHONE % framed}</body></html>")
    found = json.loads(re.search(r'<pre id="found">(.*?)</pre>', browse(folder, path, "--dump-dom"),
                                 re.DOTALL).group(1))
    tap.ok(found["wide"] <= 375 and found["tables"] and not [text for text in found["cut"] if text],
           f"{name}: on a phone nothing needs scrolling sideways, and no word is cut", found)
    tap.ok(found["bars"] and all(0 < width <= of + 1 for width, of in found["bars"]), f"{name}: its bars are drawn",
           found["bars"])


def luminance(colour):
    parts = [int(colour[i:i + 2] if len(colour) == 7 else colour[(i + 1) // 2] * 2, 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_contrast(tap, page):
    """Of text 4.5, as WCAG 2 wants it; of bars 3."""
    schemes = [dict(re.findall(r"--(\w+):(#\w+)", part)) for part in re.findall(r":root\{(.*?)\}", page)]
    tap.ok(len(schemes) == 2, "there is a light scheme and a dark one", schemes)
    for scheme, name in zip(schemes, ("light", "dark")):
        paper = luminance(scheme["paper"])
        for text, least in (("ink", 7), ("many", 4.5), ("warn", 4.5), ("strong", 4.5), ("good", 3), ("left", 3),
                            ("never", 3), ("scope", 3)):
            high, low = sorted((paper, luminance(scheme[text])), reverse=True)
            tap.ok((high + 0.05) / (low + 0.05) >= least, f"{name}: {text} can be told from the paper",
                   scheme[text], (high + 0.05) / (low + 0.05))


def live_pages():
    """With and without incidents."""
    home = Home("page folder=page")
    os.mkdir(home.path("page"))
    parties = Parties(home)
    parties.instruct(list(range(1, 9)))
    pages = []
    for minute in (0, 1):
        home.run(now=at(minute))
        with open(home.path("page", "status.html"), encoding="utf-8") as file:
            pages.append(file.read())
        shutil.rmtree(home.path("drops", "suppliers", "in"), ignore_errors=True)
    return pages


if __name__ == "__main__":
    if BROWSER is None or SANITIZED:  # the browser is most of the work, and has no sanitizer
        print("1..0 # SKIP no chromium, or a sanitized program: test_mgmt_page and glance.py have its pages")
        sys.exit(0)
    with Tap() as report, tempfile.TemporaryDirectory() as place:
        whole = page_of(ROWS, WEEKS, END_DATE)
        found = measured(place, whole)
        test_figures(report, found)
        test_pictures(report, found)
        test_seen(report, place, whole)
        test_empty(report, place)
        test_phone(report, place, "management page", whole)
        for title, live in zip(("live page", "live page with incidents"), live_pages()):
            report.ok(("A102" in live) == (title != "live page"), f"{title}: incidents")
            test_phone(report, place, title, live)
        test_contrast(report, whole)
