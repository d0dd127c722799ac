#!/usr/bin/env python3
"""What is drawn at a terminal: the tries of a Device (TAP)."""
import fcntl
import os
import pty
import re
import struct
import termios

from home import GATE, Home, Tap
from parties import Parties, at, confirmed, device, said

COLOUR = re.compile("\033\\[[0-9;]*m")


def at_terminal(home, *arguments, columns=80, now, **env):
    """What a command prints at a terminal that is so wide."""
    pid, terminal = pty.fork()
    if pid == 0:
        fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        os.execvpe(GATE, [GATE, "-c", home.conf, "--now", now, *arguments],
                   {**{k: v for k, v in os.environ.items() if k != "NO_COLOR"}, "TERM": "xterm", **env})
    shown = b""
    while True:
        try:
            more = os.read(terminal, 4096)
        except OSError:  # the other side has ended
            break
        shown += more
        if not more:
            break
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode().replace("\r\n", "\n")


def tries_in(shown):
    """The lines of the picture."""
    return shown.split("\ntries from ")[1].split("\n\n")[0].split("\n") if "\ntries from " in shown else []


def tried(home, *, migrated):
    parties = Parties(home)
    parties.instruct([1])
    home.run()
    parties.result(said(1, "FAILED", duis="E20"))
    home.run(now=at(2))
    home.run(now=at(7))
    parties.result(said(1, attempt=2))
    home.run(now=at(17))
    if migrated:
        parties.confirm(confirmed(1))
        home.run(now=at(22))


def test_going_on(tap, home):
    status, shown = at_terminal(home, "device", "show", device(1), now=at(27), NO_COLOR="1")
    found = tries_in(shown)
    tap.ok(status == 0 and found[0] == "2023-07-03T12:00:00Z to 2023-07-03T12:27:00Z (━ ordered, ┄ the sides have not "
           "agreed)", "the scale begins with the first order and ends now", found)
    bars = [line[4:60] for line in found[1:]]
    tap.ok([line[:4] for line in found[1:]] == ["  1 ", "  2 "] and bars[0].rstrip() == "━━━━✗" and
           re.fullmatch(" {14}━+┄+▸", bars[1]) and len(bars[1]) == 56, "two tries, one after the other", found)
    tap.ok(found[1].split()[2:] == ["D101", "2", "min"] and found[2].split()[2:] == ["now", "20", "min"],
           "behind each its code and how long it took", found)
    tap.ok("\033" not in shown, "NO_COLOR: no colour")
    for columns in (40, 120):
        widest = max(map(len, tries_in(at_terminal(home, "device", "show", device(1), now=at(27), columns=columns,
                                                   NO_COLOR="1")[1])[1:]))
        tap.ok(columns - 10 < widest <= columns, f"it is as wide as a terminal of {columns} columns", widest)


def test_colour(tap, home):
    shown = at_terminal(home, "device", "show", device(1), now=at(27))[1]
    tap.ok("\033[31m" in shown and COLOUR.sub("", shown) ==
           at_terminal(home, "device", "show", device(1), now=at(27), NO_COLOR="1")[1], "colour adds nothing else",
           shown)
    shown = at_terminal(home, "device", "show", device(1), now=at(27), TERM="dumb")[1]
    tap.ok("\033" not in shown and "━" in shown, "a terminal without colour gets none")


def test_plain(tap, home):
    shown = home.command("device", "show", device(1), now=at(27)).stdout.decode()
    tap.ok("━" not in shown and "tries from" not in shown and "history" in shown, "no terminal: no picture", shown)
    status, shown = at_terminal(home, "--json", "device", "show", device(1), now=at(27))
    tap.ok(status == 0 and "━" not in shown and shown.startswith("{"), "JSON has none either", shown)


def test_ended(tap):
    home = Home()
    tried(home, migrated=True)
    found = tries_in(at_terminal(home, "device", "show", device(1), now=at(600), NO_COLOR="1")[1])
    tap.ok(found[0].startswith("2023-07-03T12:00:00Z to 2023-07-03T12:22:00Z") and found[2].rstrip().endswith("15 min")
           and "✓" in found[2] and "✗" in found[1], "a session that has ended ends the scale", found)
    parties = Parties(home)
    parties.numbers["EMI"] = 1
    parties.instruct([2], batch="B-2")
    home.set("gateway dispatch_hours=18-20")
    home.run(now=at(30))
    shown = at_terminal(home, "device", "show", device(2), now=at(31))[1]
    tap.ok(tries_in(shown) == [] and "READY" in shown, "without an order there is nothing to draw", shown)


if __name__ == "__main__":
    with Tap() as report:
        place = Home()
        tried(place, migrated=False)
        test_going_on(report, place)
        test_colour(report, place)
        test_plain(report, place)
        test_ended(report)
