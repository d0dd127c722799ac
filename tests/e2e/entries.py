#!/usr/bin/env python3
"""Entries of drops (TAP): what counts as a file, and what becomes of an entry that cannot be taken."""
import os
import tempfile

from home import Home, Tap
from live import instruction, name_of, send
from peer import PYTHON, Peer
from sftp import job_names, over_sftp

NO_INC = "gateway incident_party=NONE"


def verdicts(home):
    return {job["name"]: job["verdict"] for job in home.json("spool", "list") if job["name"].startswith("EMI")}


def give(home, *numbers):
    """Good instructions, each with a Device of its own."""
    for number in numbers:
        send(home, name_of(number), instruction(number, (number,)))


# ---- what counts as a file ----

def test_temporary(tap):
    names = ["a.csv.3f2a.partial", "a.csv.CRDOWNLOAD", "a.csv.uploading", "a.csv.FilePart", "a.csv.writing",
             "a.csv.lck", ".a.csv.swp", "a.csv~"]
    home = Home(NO_INC)
    for name in names:
        send(home, name, instruction(1))
    home.run()
    left = sorted(os.listdir(home.inbox("mcc")))
    tap.ok(left == sorted(names), "names that senders give to unfinished files are left", left)
    home.set("drop mcc temporary=new-*")
    send(home, "new-" + name_of(1), instruction(1))
    send(home, ".ecosgate-claim", b"not a file of a sender")
    told = {row["name"]: row["decision"] for row in home.json("pickup", "mcc")}
    home.run()
    left = sorted(os.listdir(home.inbox("mcc")))
    tap.ok(left == [".ecosgate-claim", "new-" + name_of(1)], "temporary= decides, but for our own names", left)
    tap.ok(sorted(name for name in told if told[name] == "leave") == left, "pickup says the same before", told)
    waiting = [drop["waiting"] for drop in home.json("status")[0]["drops"] if drop["name"] == "mcc"]
    tap.ok(waiting == [0], "status counts no such file", waiting)


def test_listed_twice(tap, peer):
    home = over_sftp(peer, NO_INC, drops=("mcc",))
    give(home, 1, 2, 3)
    peer.set(twice="00000[13]")
    listed = [row["name"] for row in home.json("pickup", "mcc")]
    done = home.run()
    names = [name_of(1), name_of(2), name_of(3)]
    tap.ok(listed == names, "pickup shows a name once that the server lists twice", listed)
    tap.ok(job_names(home) == names and set(verdicts(home).values()) == {"AC"} and done.returncode == 0,
           "each file is taken once", verdicts(home), done.stderr)


LOCAL = (test_temporary,)
REMOTE = (test_listed_twice,)


def main():
    with Tap() as tap:
        chosen = os.environ.get("ONLY", "")
        for test in LOCAL:
            if chosen in test.__name__:
                test(tap)
        if PYTHON is None:
            print("# no Python here has paramiko: nothing is tried with a server")
            return
        with Peer(tempfile.gettempdir()) as peer:
            for test in REMOTE:
                peer.behave()
                if chosen in test.__name__:
                    test(tap, peer)


if __name__ == "__main__":
    main()
