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


def test_no_types(tap, peer):
    for types in ("hidden", "none"):
        home = over_sftp(peer, NO_INC, drops=("mcc",))
        inbox = home.inbox("mcc")
        give(home, 1, 2)
        send(home, "empty.csv", b"")
        os.mkdir(os.path.join(inbox, "folder.csv"))
        os.mkfifo(os.path.join(inbox, "pipe.csv"))
        with open(os.path.join(home.top, "secret"), "wb") as file:
            file.write(instruction(3, (3,)))
        os.symlink(os.path.join(home.top, "secret"), os.path.join(inbox, name_of(3)))
        peer.set(types=types)
        told = {row["name"]: (row["decision"], row["reason"]) for row in home.json("pickup", "mcc")}
        doctor = [row for row in home.json("doctor", "mcc") if row.get("probe") == "list"]
        done = home.run()
        title = f"types {types}"
        tap.ok(job_names(home) == [name_of(1), name_of(2)] and set(verdicts(home).values()) == {"AC"},
               f"{title}: files are taken", job_names(home), done.stderr)
        opened = {os.path.basename(line[1]) for line in peer.since() if line[0] == "open"}
        tap.ok(opened.isdisjoint({"empty.csv", "folder.csv", "pipe.csv", name_of(3)}) and name_of(1) in opened,
               f"{title}: what may be a pipe, a link or a folder is never opened", opened)
        tap.ok([told[name][0] for name in ("folder.csv", name_of(3))] == ["leave", "leave"],
               f"{title}: folders and links are known", told)
        tap.ok(all(told[name][0] == "fault" and "does not tell" in told[name][1] for name in ("empty.csv", "pipe.csv")),
               f"{title}: pickup says that the server does not tell what an empty entry is", told)
        tap.ok([row["result"] for row in doctor] == ["bad"] and "2 of" in doctor[0]["text"],
               f"{title}: so does doctor", doctor)


LOCAL = (test_temporary,)
REMOTE = (test_listed_twice, test_no_types)


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
