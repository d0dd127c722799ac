#!/usr/bin/env python3
"""Signed files where signing meets the rest: SFTP, recover, withdrawal, Supplier folders, retention, expiry (TAP)."""
import glob
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import tempfile

from home import DISK, GATE, SOURCE, Home, Tap, answer, said_so_far, terminate, wait_until
from live import DEVICE, GATEWAY, NO_INC, instruction, name_of, send, sound
from reports import Estate
from signature import World, outgoing, own_key, proves, signed_home, signing_home
from sshd import Sshd

REASON = ("--reason", "a test")
LAST = "20230703120500Z"  # the end of a certificate; tests begin at 12:00
LATER = "2023-07-03T12:06:00Z"


def rows_of(home, statement):
    with sqlite3.connect(home.path("spool", "ledger.sqlite")) as ledger:
        found = ledger.execute(statement).fetchall()
    ledger.close()
    return found


def test_sftp(tap, world):
    """Both directions, a signature before its file and behind it."""
    key, certificate, signer = own_key(world, "sftp-own")
    with tempfile.TemporaryDirectory(dir=DISK) as folder, Sshd(folder) as server:
        home = signed_home(world, policy="accepted")
        home.set(f"gateway signing_{key}\ngateway signing_{certificate}\ndrop tcos sign=before")
        for drop in ("mcc", "tcos"):
            home.over_sftp(drop, server)
        content = instruction(1)
        send(home, name_of(1) + ".p7s", world.mcc.sign(content))
        home.run()
        tap.ok(os.listdir(home.inbox("mcc")) == [name_of(1) + ".p7s"], "over SFTP a signature waits for its file")
        send(home, name_of(1), content)
        done = home.run()
        ours = {drop: outgoing(home, drop) for drop in ("mcc", "tcos")}
        tap.ok(os.listdir(home.inbox("mcc")) == [] and len(home.json("spool", "show", "1")[0]["verdicts"]) == 1 and
               all(files and files == signed for files, signed in ours.values()),
               "the pair is taken, and each answer has its signature", ours, done.stderr)
        tap.ok(proves(home, world, "mcc", ours["mcc"][0], signer.pem) == [] and
               proves(home, world, "tcos", ours["tcos"][0], signer.pem) == [], "which openssl verifies")
        order = [row[0][:3] + row[0][-4:] for row in rows_of(home, "SELECT name FROM outgoing ORDER BY id")]
        tap.ok(order.index("EMW.p7s") < order.index("EMW.csv") and order.index("EMA.p7s") > order.index("EMA.csv"),
               "before its file with sign=before, behind it without", order)
        sound(tap, home, "over SFTP, both directions")


def test_recover(tap, world):
    """A work order whose signature was never made, for the certificate has ended, counts as delivered without one."""
    for step in ("group-committed:after", "signature-stored:before:3"):
        home, _ = signing_home(world, NO_INC, name="ending", end=LAST)
        send(home, name_of(1), instruction(1))
        home.run(env={"ECOSGATE_CRASH": step})
        kept = home.path("kept")
        shutil.copytree(home.path("spool"), kept)
        home.run()
        shutil.rmtree(home.path("spool"))
        shutil.copytree(kept, home.path("spool"))
        home.run(now=LATER)
        done = home.command("recover", *REASON, now=LATER)
        rows = dict(rows_of(home, "SELECT kind, state FROM outgoing WHERE kind LIKE 'EMW%'"))
        tap.ok(done.returncode == 0 and rows == {"EMW": 3}, f"{step}: a signature that was not made has no row", rows,
               done.stderr)
        told = home.command("spool", "verify", now=LATER)
        tap.ok(told.returncode == 0, f"{step}: and verify finds no contradiction", told.stdout)


def orders(home):
    """Devices of the work orders in the drop."""
    return [line.split(",")[3] for name in outgoing(home, "tcos")[0]
            for line in home.read_out("tcos", name).decode().splitlines() if line.startswith("D,")]


def test_withdrawal(tap, world):
    """From a work order that waits a Device is withdrawn: the signature is made anew, for the bytes that leave."""
    home, signer = signing_home(world, NO_INC, name="withdrawing")
    out = home.path("drops", "tcos", "out")
    os.rename(out, out + ".away")
    send(home, name_of(1), instruction(1, (1, 2)))
    home.run()
    before = rows_of(home, "SELECT sha256 FROM outgoing WHERE kind='EMW.p7s'")
    done = home.command("device", "withdraw", DEVICE % 1, *REASON)
    os.rename(out + ".away", out)
    home.run()
    after = rows_of(home, "SELECT sha256 FROM outgoing WHERE kind='EMW.p7s'")
    tap.ok(done.returncode == 0 and orders(home) == [DEVICE % 2] and before != after and
           proves(home, world, "tcos", outgoing(home, "tcos")[0], signer.pem) == [],
           "a Device leaves an order that waits, and the order is signed again", orders(home), done.stderr)
    sound(tap, home, "after a withdrawal")
    home, signer = signing_home(world, NO_INC, "drop tcos sign=before", name="before-own")
    obstacle = os.path.join(home.path("drops", "tcos", "out"), f"EMW_TCOS_{GATEWAY}_20230703_120000_000001.csv")
    os.mkdir(obstacle)
    send(home, name_of(1), instruction(1, (1, 2)))
    home.run()
    there = home.out("tcos")
    done = home.command("device", "withdraw", DEVICE % 1, *REASON)
    os.rmdir(obstacle)
    home.run()
    tap.ok(os.path.basename(obstacle) + ".p7s" in there and orders(home) == [DEVICE % 1, DEVICE % 2] and
           proves(home, world, "tcos", outgoing(home, "tcos")[0], signer.pem) == [],
           "sign=before: a signature that stands in the drop keeps its order as it is", there, orders(home),
           done.stdout, done.stderr)
    sound(tap, home, "after a withdrawal that came too late for the order")


def test_suppliers(tap, world):
    key, certificate, signer = own_key(world, "reports-own")
    home = Estate(f"gateway signing_{key}\ngateway signing_{certificate}")
    home.reference("2028-01-03T07:00:00Z")
    home.pass_at("2028-01-04T06:00:00Z")
    found, bad = 0, []
    for top, folders, names in os.walk(home.path("drops", "suppliers", "out")):
        files = [os.path.join(top, name) for name in names if not name.startswith(".") and not name.endswith(".p7s")]
        found += len(files) if not folders else 0
        bad += [path for path in files if path + ".p7s" not in {os.path.join(top, name) for name in names}]
        bad += proves(home, world, "suppliers", [os.path.relpath(path, home.path("drops", "suppliers", "out"))
                                                 for path in files], signer.pem)
    tap.ok(found > 2 and bad == [], "a Supplier's report has its signature in the Supplier's folder", found, bad)
    sound(tap, home, "with signed reports in folders of Suppliers")


RETENTION = "\n".join(f"retention {kind}=1;3" for kind in ("instructions", "work_orders", "outcomes", "other"))


def test_retention(tap, world):
    home, signer = signing_home(world, NO_INC, RETENTION, name="keeping")
    send(home, name_of(1), instruction(1, tuple(range(1, 61))))
    send(home, name_of(1, time="070000"), instruction(1, (99,), "07:00:00"))
    home.run()
    ema = answer(name_of(1, time="070000"))
    first = home.read_out("mcc", ema)
    for day in ("05", "06"):
        home.run(now=f"2023-07-{day}T13:00:00Z")
        told = home.command("spool", "verify", now=f"2023-07-{day}T13:00:00Z")
        tap.ok(told.returncode == 0, f"packed files and their signatures fit on day {day}", told.stdout)
    home.run(now="2023-07-08T13:00:00Z")
    removed = rows_of(home, "SELECT count(*) FROM outgoing WHERE removed IS NOT NULL AND kind='EMA.p7s'")
    told = home.command("spool", "verify", now="2023-07-08T13:00:00Z")
    tap.ok(removed[0][0] >= 1 and told.returncode == 0, "signatures are removed with their files", removed, told.stdout)
    for name in (ema, ema + ".p7s"):
        os.unlink(os.path.join(home.path("drops", "mcc", "out"), name))
    done = home.command("redeliver", ema, *REASON, now="2023-07-08T14:00:00Z")
    for _ in range(2):
        home.run(now="2023-07-08T14:00:00Z")
    tap.ok(done.returncode == 0 and home.read_out("mcc", ema) == first and
           proves(home, world, "mcc", [ema], signer.pem) == [],
           "redelivered after that, the file has its bytes, and a signature that is good", done.stderr, home.out("mcc"))
    sound(tap, home, "after removal and redelivery")


def test_expiry(tap, world):
    """The certificate that signs is named 30 days before its end."""
    home, _ = signing_home(world, name="month", end="20230802120000Z")

    def alarms(now):
        rows = [json.loads(line) for line in home.command("--json", "doctor", now=now).stdout.splitlines()]
        return [row["result"] for row in rows if row["probe"] == "certificates"]

    found = [alarms(now) for now in ("2023-07-03T11:59:59Z", "2023-07-03T12:00:00Z", "2023-08-02T12:00:01Z")]
    tap.ok(found == [[], ["note"], ["bad"]], "30 days before the end of a certificate doctor notes it, then it is bad",
           found)
    status = home.command("status", now="2023-07-03T12:00:00Z").stdout
    tap.ok(b"warning           [gateway] signing_certificate" in status, "status warns, too", status)


def make_token(world, key, name="token"):
    """A token of SoftHSM with the key and no other copy of it. What the gateway needs of the environment; the PIN."""
    top = world.path(name)
    os.makedirs(os.path.join(top, "tokens"))
    env, pin = {"SOFTHSM2_CONF": os.path.join(top, "conf")}, os.path.join(top, "pin")
    with open(env["SOFTHSM2_CONF"], "w", encoding="ascii") as file:
        file.write(f"directories.tokendir = {top}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n")
    with open(pin, "w", encoding="ascii") as file:
        file.write("1234")
    os.chmod(pin, 0o600)
    for words in (("--init-token", "--free", "--label", "gw", "--so-pin", "5678"),
                  ("--import", key, "--token", "gw", "--label", "signing", "--id", "01")):
        subprocess.run(["softhsm2-util", *words, "--pin", "1234"], check=True, capture_output=True,
                       env={**os.environ, **env})
    os.unlink(key)
    return env, pin


def test_token(tap, world):
    """The private key is in a token (PKCS#11), here that of SoftHSM."""
    if shutil.which("softhsm2-util") is None or not glob.glob("/usr/lib/*/engines-3/pkcs11.so"):
        print("# without softhsm2 and libengine-pkcs11-openssl: keys in tokens are not tried")
        return
    _, certificate, signer = own_key(world, "token-own")
    env, pin = make_token(world, signer.key)
    good = f"pkcs11:token=gw;object=signing;type=private?pin-source=file:{pin}"
    home = Home(f"{NO_INC}\ngateway signing_key={good}\ngateway signing_{certificate}")
    send(home, name_of(1), instruction(1))
    done = home.run(env=env)
    files, signed = outgoing(home, "mcc")
    tap.ok(done.returncode == 0 and len(files) == 2 and files == signed and
           proves(home, world, "mcc", files, signer.pem) == [], "a key in a token signs", done.stderr, files, signed)
    sound(tap, home, "signed by a token")
    rows = [json.loads(line) for line in home.command("--json", "doctor", env=env).stdout.splitlines()]
    told = [row for row in rows if row["probe"] == "signing"]
    tap.ok([row["result"] for row in told] == ["good"], "doctor finds it", told)
    wrong = world.path("wrong-pin")
    with open(wrong, "w", encoding="ascii") as file:
        file.write("4321")
    os.chmod(wrong, 0o600)
    other = own_key(world, "token-other")[1]
    for key, more, text in (
            (good.replace("token=", "tokne="), "", "no URI of a key in a token"),
            (good.replace("signing", "sign%zz"), "", "no URI of a key in a token"),
            (good.replace("private", "privat"), "", "no URI of a key in a token"),
            (good.replace(pin, wrong), "", "the PIN is wrong (PIN incorrect)"),
            (good.split("?")[0], "", "the token asks for a PIN"),
            (good.replace(pin, "/nowhere"), "", "no file that pin-source names"),
            (good.replace(f"file:{pin}", "pin"), "", "no absolute path"),
            (good.split("?")[0] + "?pin-value=1234", "", "pin-value"),
            (good, f"\ngateway signing_{other}", "is not the key of the certificate")):
        bad = Home(f"{NO_INC}\ngateway signing_key={key}\ngateway signing_{certificate}{more}")
        done = bad.run(env=env)
        tap.ok(done.returncode == 2 and text in done.stderr.decode() and b"1234" not in done.stderr,
               f"no start: {text}", done.stderr)
    os.chmod(pin, 0o640)
    done = home.run(env=env)
    tap.ok(done.returncode == 2 and b"chmod go=" in done.stderr, "nor with a PIN that others may read", done.stderr)
    os.chmod(pin, 0o600)


def test_token_kinds(tap, world):
    """An RSA key in a token, which makes values of another form."""
    if not os.path.exists(world.path("token")):
        return
    _, certificate, made = own_key(world, "token-rsa", kind="rsa2048")
    env, pin = make_token(world, made.key, "token-of-rsa")
    home = Home(f"{NO_INC}\ngateway signing_key=pkcs11:token=gw;object=signing?pin-source=file:{pin}\n"
                f"gateway signing_{certificate}")
    send(home, name_of(1), instruction(1))
    done = home.run(env=env)
    files, signed = outgoing(home, "mcc")
    tap.ok(done.returncode == 0 and len(files) == 2 and files == signed and
           proves(home, world, "mcc", files, made.pem) == [], "an RSA key in a token signs", done.stderr, files)
    sound(tap, home, "signed by an RSA key in a token")


def processes_that_sign(daemon):
    with open(f"/proc/{daemon.pid}/task/{daemon.pid}/children", encoding="ascii") as file:
        children = file.read().split()
    found = []
    for child in children:
        try:
            with open(f"/proc/{child}/comm", encoding="ascii") as file:
                found += [int(child)] if file.read().strip() == "ecosgate-sign" else []
        except FileNotFoundError:
            continue
    return found


def check_pin(tap, world, home, gate):
    """A PIN that was changed: a token locks after a few wrong ones, so it is tried once."""
    pin = world.path("token/pin")

    def passes(n):
        for _ in range(n):
            before = os.stat(home.path("spool", "heartbeat")).st_mtime_ns
            wait_until(lambda last=before: os.stat(home.path("spool", "heartbeat")).st_mtime_ns != last)

    def write(text):
        with open(pin, "w", encoding="ascii") as file:
            file.write(text)

    write("4321")
    send(home, name_of(5), instruction(5))
    told = wait_until(lambda: "the PIN is wrong" in said_so_far(gate))
    write("1234")
    passes(4)
    name = answer(name_of(5))
    tap.ok(told and name not in home.out("mcc"), "a PIN that the token has refused is not tried again",
           said_so_far(gate))
    gate.send_signal(signal.SIGHUP)
    tap.ok(wait_until(lambda: name in home.out("mcc") and name + ".p7s" in home.out("mcc")),
           "the right one is, after SIGHUP", said_so_far(gate))


class Silent:
    """A token whose library waits for ever: its objects are pipes that nobody writes."""

    def __init__(self, tokens):
        self.objects = glob.glob(os.path.join(tokens, "*", "*.object"))
        for path in self.objects:
            os.rename(path, path + ".kept")
            os.mkfifo(path)

    def end(self):
        for path in self.objects:
            os.rename(path + ".kept", path)


def token_of(world):
    """Where the tokens lie, the environment in which they are found, and the URI of the key."""
    return (world.path("token/tokens"),
            {"SOFTHSM2_CONF": world.path("token/conf"), "ECOSGATE_SIGNER_PATIENCE": "500"},
            f"pkcs11:token=gw;object=signing;type=private?pin-source=file:{world.path('token/pin')}")


def token_home(world, key):
    return Home(f"{NO_INC}\ngateway signing_key={key}\ngateway signing_certificate={world.path('token-own.all')}\n"
                "gateway poll_interval=1")


def answers(home, n):
    """The names of the answers to the file n in the sender's drop, and those that have a signature there."""
    return [[name for name in names if f"_{n:06d}_R1" in name] for names in outgoing(home, "mcc")]


def all_signed(home, n):
    return wait_until(lambda: len(answers(home, n)[1]) >= 2 and answers(home, n)[0] == answers(home, n)[1])


def incidents(home, *options):
    """Those of outgoing files that cannot be signed."""
    return [one for one in home.json("incident", "list", *options) if one["code"] == "A120"]


def test_token_late(tap, world):
    """A token that is not there yet when the gateway starts, as after a start of the machine, and at a reload."""
    if not os.path.exists(world.path("token")):
        return
    tokens, env, key = token_of(world)
    home = token_home(world, key)

    def told(*words):
        rows = [json.loads(line) for line in home.command("--json", *words, env=env).stdout.splitlines()]
        return [(row["result"], row["text"]) for row in rows if row["probe"] in ("signing", "config")]

    def bad_uri():
        return token_home(world, key.replace("token=", "tokne=")).run(env=env)

    os.rename(tokens, tokens + ".away")
    done = bad_uri()
    tap.ok(done.returncode == 2 and b"no URI of a key in a token" in done.stderr,
           "a malformed URI is an error while the token is away, too", done.stderr)
    found = [told("doctor")[-1], told("config", "check")[-1]]
    tap.ok(all(result == "bad" and text.startswith("the token does not answer") for result, text in found),
           "doctor and config check say that the token does not answer", found)
    send(home, name_of(1), instruction(1))
    with home.daemon(env=env) as gate:
        opened = wait_until(lambda: [(one["subject"], one["cleared"]) for one in incidents(home)] ==
                            [("signing", None)])
        before = said_so_far(gate)
        out = home.out("mcc")
        tap.ok(opened and gate.poll() is None and out == [] and "unstored: the token does not answer" in before and
               rows_of(home, "SELECT count(*) FROM outgoing WHERE kind='EMA' AND sha256 IS NOT NULL") == [(1,)],
               "the gateway starts and works without its token; files wait, and A120 is open", before, out)
        gate.send_signal(signal.SIGHUP)
        again = wait_until(lambda: said_so_far(gate).count("unstored: the token does not") == 2)
        tap.ok(again and "the configuration was read again" in said_so_far(gate), "it reads its configuration again",
               said_so_far(gate))
        os.rename(tokens + ".away", tokens)
        left = all_signed(home, 1)
        ended = wait_until(lambda: not incidents(home))
        tap.ok(left and ended and [one["cleared"] is not None for one in incidents(home, "--all")] == [True],
               "the token comes: they leave with their signatures, and A120 is closed", said_so_far(gate))
        silent = Silent(tokens)
        gate.send_signal(signal.SIGHUP)
        again = wait_until(lambda: "gave no answer" in said_so_far(gate))
        silent.end()
        send(home, name_of(2), instruction(2))
        tap.ok(again and all_signed(home, 2) and gate.poll() is None,
               "a reload while its library hangs is taken over, too", said_so_far(gate))
        terminate(gate)
    tap.ok(proves(home, world, "mcc", outgoing(home, "mcc")[0], world.path("token-own.pem")) == [],
           "openssl verifies all of it", outgoing(home, "mcc"))
    tap.ok([result for result, _ in told("doctor")] == ["good"], "and doctor finds the key", told("doctor"))
    sound(tap, home, "a token that came later than the gateway")


def test_token_away(tap, world):
    """A token that is away while the daemon runs: what is to be signed waits, and leaves signed once it is back."""
    if not os.path.exists(world.path("token")):
        return
    tokens, env, key = token_of(world)
    home = token_home(world, key)

    def waits(n, why, end):
        """Sends a file while the token is not there; `end` brings it back."""
        send(home, name_of(n), instruction(n))
        told = wait_until(lambda: why in said_so_far(gate))
        opened = wait_until(lambda: [(one["subject"], why in one["text"], one["cleared"]) for one in incidents(home)] ==
                            [("signing", True, None)])
        kept = answers(home, n)[0] == []
        end()
        return told, opened, kept, all_signed(home, n) and wait_until(lambda: not incidents(home))

    with home.daemon(env=env) as gate:
        send(home, name_of(1), instruction(1))
        first = all_signed(home, 1)
        os.rename(tokens, tokens + ".away")
        found = waits(2, "no token that can be reached has", lambda: os.rename(tokens + ".away", tokens))
        tap.ok(first and found == (True,) * 4, "a token that was away signs what has waited, without a restart",
               found, said_so_far(gate))
        silent = Silent(tokens)
        found = waits(3, "the token gave no answer", silent.end)
        tap.ok(found == (True,) * 4, "one that gave no answer does, too", found, said_so_far(gate))
        silent = Silent(tokens)

        def dies():
            for process in processes_that_sign(gate):
                os.kill(process, signal.SIGABRT)  # sanitizers catch SIGSEGV
            return "died of signal 6" in said_so_far(gate)

        send(home, name_of(4), instruction(4))
        died = wait_until(dies)
        silent.end()
        tap.ok(died and all_signed(home, 4), "and one whose library died", said_so_far(gate))
        with open(f"/proc/{gate.pid}/maps", encoding="utf-8") as file:
            mapped = file.read()
        tap.ok("libcrypto" in mapped and not any(word in mapped for word in ("pkcs11", "softhsm", "p11-kit")),
               "the token's library was never in the gateway's process", mapped)
        tap.ok(wait_until(lambda: processes_that_sign(gate) == []), "no process that signs is left")
        check_pin(tap, world, home, gate)
        terminate(gate)
    tap.ok(proves(home, world, "mcc", outgoing(home, "mcc")[0], world.path("token-own.pem")) == [],
           "openssl verifies all that was signed before and after", outgoing(home, "mcc"))
    sound(tap, home, "a token that was away")


def test_demo(tap, world):
    """Its authority is its own."""
    done = subprocess.run(["sh", os.path.join(SOURCE, "samples", "demo_signed.sh"), world.path("demo")],
                          capture_output=True, text=True, check=False, env={**os.environ, "ECOSGATE": GATE})
    tap.ok(done.returncode == 0 and "0002.csv: AC: 3 records" in done.stdout and "0007.csv: RJ B209" in done.stdout and
           "the signature is of other content" in done.stdout and
           "CMS Verification successful" in done.stderr, "samples/demo_signed.sh goes its way to the end", done.stdout,
           done.stderr)


def main():
    world = World()
    try:
        with Tap() as tap:
            for test in (test_sftp, test_recover, test_withdrawal, test_suppliers, test_retention, test_expiry,
                         test_demo, test_token, test_token_kinds, test_token_late, test_token_away):
                test(tap, world)
    finally:
        world.remove()


if __name__ == "__main__":
    main()
