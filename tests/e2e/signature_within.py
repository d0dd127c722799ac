#!/usr/bin/env python3
"""Signatures within files (enveloped XML-DSig): what is accepted, and every one that must be refused (TAP).

The signatures are made by openssl over a canonical form that Python makes (xmldsig.py).
"""
import base64
import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import time
import zipfile

from home import GATE, NOW, PATIENCE, SANITIZED, Home, Tap, answer
from live import DEVICE, GATEWAY, MCC, instruction, name_of, send, sound
from signature import BEFORE, OTHER_EKU, SUBJECT, USAGE, World, fault_of, refused_for, shown, signed_home
from signer import Authority, openssl
from xmldsig import (DSIG, ECDSA, ENVELOPED, EXCLUSIVE, SHA1, Parts, certificates_of, insert, sign_within,
                     transforms_of)

SPACE = "urn:ecos-gateway:migration:1"
INCLUSIVE = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
RSA_MD5 = "http://www.w3.org/2001/04/xmldsig-more#rsa-md5"
HUGE = 70 << 20  # bytes: above what a signature within may have
LIMIT = 30 if SANITIZED else 10


def document(sequence, devices=(1,)):
    """An instruction in XML."""
    rows = "".join(f"<Device><RecordNumber>{number}</RecordNumber><DeviceID>{DEVICE % device}</DeviceID>"
                   "<DeviceType>ESME</DeviceType><DeviceManufacturer>AB01</DeviceManufacturer>"
                   "<DeviceModel>010A030B</DeviceModel><FirmwareVersion>0002012F</FirmwareVersion>"
                   "<MPxN>1012345678903</MPxN><CSPRegion>North</CSPRegion><Attempt>1</Attempt></Device>"
                   for number, device in enumerate(devices, 1))
    return (f'<MigrationInstruction xmlns="{SPACE}" schemaVersion="1.0"><Header><SenderId>{MCC}</SenderId>'
            f"<RecipientId>{GATEWAY}</RecipientId><FileSequence>{sequence}</FileSequence>"
            "<CreationDateTime>2023-07-03T06:00:00Z</CreationDateTime><Environment>TEST</Environment>"
            f"<BatchId>B-{sequence}</BatchId><DeviceCount>{len(devices)}</DeviceCount></Header>"
            f"<Devices>{rows}</Devices></MigrationInstruction>")


def xml_name(sequence, pack=""):
    return name_of(sequence, "xml" + pack)


def within_home(world, *settings, policy="required"):
    return signed_home(world, "signature_form=xmldsig", *settings, policy=policy)


def codes_of(home, name):
    """Outcome and codes of the newest verdict."""
    verdict = shown(home, name)["verdicts"][-1]
    return verdict["outcome"], list(verdict["counts"])


def send_text(home, name, text):
    send(home, name, text.encode())


# ---- the day ----

def test_good(tap, world):
    home = within_home(world)
    send_text(home, xml_name(1), sign_within(document(1), world.mcc))
    done = home.run()
    tap.ok(codes_of(home, xml_name(1)) == ("AC", []) and len(home.out("tcos")) == 1,
           "a file in XML with its signature within is accepted at once, and ordered", done.stderr)
    job = shown(home, xml_name(1))
    verdict = job["verdicts"][0]
    tap.ok(verdict["signature"] == "good" and MCC in verdict["signer"] and
           len(verdict["signer_chain"].split()) == 2 and "signature.p7s" not in [f["name"] for f in job["files"]],
           "spool show tells signer and chain; there is no further file", job)
    made = home.command("evidence", job["id"], "--out", home.path("evidence.tar"))
    unpacked = home.path("auditor")
    os.mkdir(unpacked)
    subprocess.run(["tar", "-xf", home.path("evidence.tar"), "-C", unpacked, "--strip-components=1"], check=True)
    proved = subprocess.run(["sh", "verify"], cwd=unpacked, capture_output=True, check=False)
    with open(os.path.join(unpacked, "chain"), encoding="utf-8") as chain:
        lines = [line for line in chain if '["signature",' in line]
    tap.ok(made.returncode == 0 and proved.returncode == 0 and len(lines) == 1 and "null,null" in lines[0] and
           verdict["signer_chain"] in lines[0], "evidence has verdict, signer and chain, and proves them",
           made.stderr, proved.stdout, lines)
    changed = sign_within(document(2), world.mcc).replace("AB01", "AB02")
    send_text(home, xml_name(2), changed)
    home.run()
    tap.ok("other content" in str(fault_of(home, xml_name(2))) and len(home.out("tcos")) == 1 and
           shown(home, xml_name(2))["verdicts"][0]["records"] == 0,
           "one that was changed orders nothing, and is not read")
    send_text(home, xml_name(2), sign_within(document(2, (2,)), world.mcc))
    home.run()
    verdict = shown(home, xml_name(2))["verdicts"][-1]
    tap.ok(verdict["outcome"] in ("AC", "WN") and "B106" not in verdict["counts"] and "B108" not in verdict["counts"],
           "the same name with a good signature is accepted: its number was not used up", verdict)
    sound(tap, home, "with a signature within")
    kept = home.path("kept")
    shutil.copytree(home.path("spool"), kept)
    send_text(home, xml_name(3), sign_within(document(3, (3,)), world.mcc))
    home.run()
    shutil.rmtree(home.path("spool"))
    shutil.copytree(kept, home.path("spool"))
    done = home.command("recover", "--reason", "a test")
    tap.ok(done.returncode == 0 and shown(home, xml_name(1))["verdicts"][0]["signature"] == "good",
           "recover from an older copy knows it still", done.stderr)
    sound(tap, home, "after recover")


def test_packed(tap, world):
    home = within_home(world)
    text = sign_within(document(1), world.mcc).encode()
    send(home, xml_name(1, ".gz"), gzip.compress(text))
    path = home.path("made.zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr(xml_name(2), sign_within(document(2, (2,)), world.mcc))
    with open(path, "rb") as file:
        send(home, xml_name(2, ".zip"), file.read())
    send(home, xml_name(3, ".gz"), gzip.compress(sign_within(document(3, (3,)), world.mcc).encode())[:-20])
    home.run()
    tap.ok([codes_of(home, name) for name in (xml_name(1, ".gz"), xml_name(2, ".zip"))] == [("AC", [])] * 2,
           "packed files hold their signature in the packed text")
    told = fault_of(home, xml_name(3, ".gz"))
    tap.ok(codes_of(home, xml_name(3, ".gz")) == ("RJ", ["B209"]) and "end" in str(told),
           "a packing that is cut: B209 says so", told)


def test_policies(tap, world):
    home = within_home(world)
    send_text(home, xml_name(1), document(1))
    send(home, xml_name(2), b"<x>" + b"y" * 99)
    content = instruction(3, (3,))
    send(home, name_of(3), content)
    home.run()
    tap.ok("no signature was found within" in str(fault_of(home, xml_name(1))) and
           "ends before its root" in str(fault_of(home, xml_name(2))),
           "required: without one a file is refused at once",
           fault_of(home, xml_name(1)), fault_of(home, xml_name(2)))
    tap.ok(home.out("tcos") == [] and name_of(3) in os.listdir(home.inbox("mcc")),
           "but a file in CSV waits for the one beside it")
    send(home, name_of(3) + ".p7s", world.mcc.sign(content))
    home.run()
    tap.ok(codes_of(home, name_of(3)) == ("AC", []), "and is taken with it", codes_of(home, name_of(3)))
    home = within_home(world, policy="accepted")
    send_text(home, xml_name(1), document(1))
    send(home, xml_name(2), b"<x>")
    send_text(home, xml_name(3), sign_within(document(3, (3,)), world.mcc))
    send_text(home, xml_name(4), sign_within(document(4, (4,)), world.mcc).replace("AB01", "AB02"))
    home.run()
    tap.ok(codes_of(home, xml_name(1)) == ("AC", []) and codes_of(home, xml_name(3))[0] in ("AC", "WN") and
           "other content" in str(fault_of(home, xml_name(4))) and "B209" not in codes_of(home, xml_name(2))[1],
           "accepted: a file without one is judged by its content; one that is there must be good",
           [codes_of(home, xml_name(n)) for n in range(1, 5)])
    home = signed_home(world)
    text = sign_within(document(1), world.mcc).encode()
    send(home, xml_name(1), text)
    send(home, xml_name(1) + ".p7s", world.mcc.sign(text))
    home.run()
    told = str(home.read_out("mcc", answer(xml_name(1))))
    tap.ok(codes_of(home, xml_name(1)) == ("RJ", ["B203"]) and "signature_form" in told,
           "a sender whose signatures stand beside his files may have none within, and B203 says why", told)


# ---- what must be refused ----

def changed_value(text, element):
    """Another first character in the base64 of an element."""
    at = text.index(f"<{element}>") + len(element) + 2
    return text[:at] + ("B" if text[at] != "B" else "C") + text[at + 1:]


def wrapped(text, forged):
    """The classic: what was signed is moved to where nobody reads it, and another document stands around it."""
    signature = re.search(r"<Signature .*</Signature>", text, re.S).group()
    inner = text.replace(signature, "")
    return insert(forged, signature.replace("</Signature>", f"<Object>{inner}</Object></Signature>"))


def bad_forms(world, text):
    """(what, document, text of the fault)"""
    mcc, good = world.mcc, sign_within(text, world.mcc)
    signature = Parts(text, mcc).signature()
    reference = Parts(text, mcc).reference()
    rsa = world.root.signer("rsa-within", SUBJECT, kind="rsa2048")
    yield "no signature", text, "no signature was found"
    yield "a changed Device", good.replace("AB01", "AB02"), "other content"
    yield "a further Device", good.replace("</Devices>", "<Device></Device></Devices>"), "other content"
    yield "a changed comment in a text", good.replace("AB01", "AB<!--0-->1"), "other content"
    yield "a changed digest", changed_value(good, "DigestValue"), "other content"
    yield "a changed value", changed_value(good, "SignatureValue"), "key did not make it"
    yield "another's digest", sign_within(text, mcc, digest=base64.b64encode(bytes(32)).decode()), "other content"
    yield "a value that is cut", re.sub("<SignatureValue>....", "<SignatureValue>", good), "signature"
    yield "an empty value", re.sub("<SignatureValue>[^<]*", "<SignatureValue>", good), "SignatureValue is empty"
    yield "a comment in a value", good.replace("<SignatureValue>", "<SignatureValue><!--x-->"), "SignatureValue is"
    yield "a comment in a digest", good.replace("<DigestValue>", "<DigestValue><!--x-->"), "DigestValue is"
    behind = good.replace("<DigestValue>", "<DigestValue>AAAA<!--x-->")
    yield "another digest behind a comment", behind, "DigestValue is"
    yield "two signatures", insert(insert(text, signature), signature), "more than one"
    yield "a signature within the signature", sign_within(text, mcc, more=signature), "within the signature"
    yield "one that is not last", text.replace("<Header>", signature + "<Header>"), "not the last"
    yield "one in a Device", text.replace("</Device>", signature + "</Device>", 1), "depth 4"
    yield "one as the root", signature, "depth 1"
    yield "wrapping in Object", wrapped(good, document(1, (9,))), "other content"
    yield "an Object", sign_within(text, mcc, more="<Object>x</Object>"), "SignedInfo, SignatureValue and KeyInfo"
    yield "no KeyInfo", re.sub("<KeyInfo>.*</KeyInfo>", "", good), "SignedInfo, SignatureValue and KeyInfo"
    yield "no Reference", sign_within(text, mcc, references=""), "one Reference"
    yield "two References", sign_within(text, mcc, references=reference * 2), "one Reference"
    yield "a Manifest's type", sign_within(text, mcc, uri=f' URI="" Type="{DSIG}Manifest"'), "no URI alone"
    for uri in ("#x", "other.xml", "http://127.0.0.1/x", "file:///etc/passwd", "#xpointer(/)"):
        yield f"a Reference of {uri}", sign_within(text, mcc, uri=f' URI="{uri}"'), uri
    yield "a Reference without URI", sign_within(text, mcc, uri=""), "no URI"
    xslt = "http://www.w3.org/TR/1999/REC-xslt-19991116"
    for what, transforms in (("no transform", ""), ("no canonical form", transforms_of(ENVELOPED)),
                             ("no enveloped", transforms_of(EXCLUSIVE)),
                             ("wrong order", transforms_of(EXCLUSIVE, ENVELOPED)),
                             ("a third", transforms_of(ENVELOPED, EXCLUSIVE, EXCLUSIVE)),
                             ("inclusive", transforms_of(ENVELOPED, INCLUSIVE)),
                             ("comments", transforms_of(ENVELOPED, EXCLUSIVE + "WithComments")),
                             ("XSLT", transforms_of(xslt, EXCLUSIVE)),
                             ("base64", transforms_of(ENVELOPED, f"{DSIG}base64")),
                             ("XPath", f'<Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><XPath>'
                                       "self::nothing</XPath></Transform>" + transforms_of(EXCLUSIVE)),
                             ("parameters", transforms_of(ENVELOPED) + f'<Transform Algorithm="{EXCLUSIVE}">'
                                            f'<InclusiveNamespaces xmlns="{EXCLUSIVE}" PrefixList="x">'
                                            "</InclusiveNamespaces></Transform>")):
        yield f"transforms: {what}", sign_within(text, mcc, transforms=transforms), "ransform"
    sha1 = base64.b64encode(hashlib.sha1(text.encode()).digest()).decode()
    ecdsa_sha1 = ECDSA.replace("256", "1")
    yield "SHA-1", sign_within(text, mcc, digest_method=SHA1, digest=sha1), "DigestMethod is"
    yield "ECDSA with SHA-1", sign_within(text, mcc, method=ecdsa_sha1, md="-sha1"), "SignatureMethod is"
    yield "RSA with MD5", sign_within(text, rsa, method=RSA_MD5, md="-md5"), "SignatureMethod is"
    yield "HMAC", sign_within(text, mcc, method=f"{DSIG}hmac-sha1"), "SignatureMethod is"
    yield "inclusive C14N of SignedInfo", sign_within(text, mcc, c14n=INCLUSIVE), "CanonicalizationMethod is"
    yield "an RSA key", sign_within(text, rsa), "P-256"
    other = world.root.signer("p384-within", SUBJECT, kind="P-384")
    yield "a key on another curve", sign_within(text, other), "P-256"
    certificate = certificates_of(mcc.pem)
    for what, info, fault in (
            ("KeyName", "<KeyName>mcc</KeyName>", "names its key"),
            ("KeyValue", "<KeyValue><ECKeyValue></ECKeyValue></KeyValue>", "names its key"),
            ("RetrievalMethod", '<RetrievalMethod URI="file:///etc/passwd"></RetrievalMethod>', "names its key"),
            ("a certificate and KeyName", f"<KeyName>x</KeyName><X509Data>{certificate}</X509Data>", "names its key"),
            ("two X509Data", f"<X509Data>{certificate}</X509Data>" * 2, "names its key"),
            ("no certificate", "<X509Data></X509Data>", "does not hold its signer"),
            ("a subject alone", "<X509Data><X509SubjectName>CN=x</X509SubjectName></X509Data>", "does not hold"),
            ("a revocation list", f"<X509Data>{certificate}<X509CRL>AA==</X509CRL></X509Data>", "X509Data has other"),
            ("no base64", "<X509Data><X509Certificate>!!!</X509Certificate></X509Data>", "X509Certificate is none"),
            ("more behind it", f"<X509Data>{certificate.replace('</X', 'AAAA</X')}</X509Data>", "X509Certificate is"),
            ("17 certificates", f"<X509Data>{certificate * 17}</X509Data>", "more than 16"),
            ("another's certificate first", f"<X509Data>{certificates_of(rsa.pem, mcc.pem)}</X509Data>", "P-256")):
        yield f"KeyInfo: {what}", sign_within(text, mcc, key_info=info), fault
    yield "a DTD", '<!DOCTYPE x [<!ENTITY e "AB01">]>' + good.replace("AB01", "&e;"), "document type"
    yield "a DTD outside", '<!DOCTYPE x SYSTEM "file:///etc/passwd">' + good, "document type"
    yield "an unknown entity", good.replace("AB01", "&e;"), "well-formed"
    yield "a cut signature", good[:-200], "ends before its root"
    yield "deep nesting", good.replace("</Devices>", "<x>" * 99 + "</x>" * 99 + "</Devices>"), "at most 32 elements"
    yield "many attributes", good.replace("<Header>", "<Header " + " ".join(f'a{n}="x"' for n in range(99)) + ">"), "32"
    yield "a long tag", good.replace("<Header>", "<Header a=\"" + "x" * 300000 + "\">"), "128 KiB"
    yield "a relative namespace", good.replace("</Devices>", '<a xmlns="u"></a></Devices>'), "namespace"
    yield "UTF-16", good.encode("utf-16"), "UTF-8"
    yield "another encoding", b'<?xml version="1.0" encoding="IBM037"?>' + good.encode("cp037"), "well-formed"
    yield "empty", "", "an empty file"
    yield "too large", good.replace("</Devices>", f"<!--{'x' * 60000}-->" * (HUGE // 60000) + "</Devices>"), "too large"
    yield "too many nodes", good.replace("</Devices>", "<a/>" * 5000001 + "</Devices>"), "too large"


def bad_signers(world):
    """(who, signer, text of the fault)"""
    root = world.root
    yield "an unknown authority", Authority(world.dir, "strange").signer("strange-mcc", SUBJECT), "no path"
    yield "expired", root.signer("within-old", SUBJECT, end=BEFORE), "expired"
    yield "not yet valid", root.signer("within-new", SUBJECT, start="20230704000000Z"), "not valid yet"
    yield "another party", root.signer("within-tcsp", "/O=Test/serialNumber=90-B3-D5-1F-30-0E-C0-02"), "another party"
    yield "no party", root.signer("within-nobody", "/O=Test/CN=x"), "names no party"
    yield "not for signing", root.signer("within-usage", SUBJECT, "keyUsage = critical,keyAgreement"), "key usage"


def good_ones(world, text):
    mcc = world.mcc
    good = sign_within(text, mcc)
    yield "as it is", good
    yield "with an XML declaration, lines and a comment around", \
        '<?xml version="1.0" encoding="UTF-8"?>\n' + good + "\n"
    yield "a comment in a text, which is no part of it", good.replace("AB01", "AB<!--x-->01")
    yield "an authority between", sign_within(text, world.root.authority("between").signer("within-sub", SUBJECT))
    yield "issuer and serial number beside the certificate", sign_within(
        text, mcc, key_info="<X509Data><X509IssuerSerial><X509IssuerName>CN=x</X509IssuerName><X509SerialNumber>1"
        f"</X509SerialNumber></X509IssuerSerial>{certificates_of(mcc.pem)}</X509Data>")


def check_all(folder, world, texts):
    """check --trust of each: rows, seconds, the end of the program."""
    os.makedirs(folder, exist_ok=True)
    names = [xml_name(n) for n in range(1, len(texts) + 1)]
    for name, text in zip(names, texts):
        with open(os.path.join(folder, name), "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())
    begun = time.monotonic()
    done = subprocess.run([GATE, "--now", NOW, "--json", "check", "--trust", world.ca, folder], capture_output=True,
                          check=False, timeout=PATIENCE)
    found = {os.path.basename(row["file"]): row for row in map(json.loads, done.stdout.splitlines())}
    return [found.get(name) for name in names], time.monotonic() - begun, done


def test_vectors(tap, world):
    text = document(1)
    cases = list(bad_forms(world, text))
    cases += [(who, sign_within(text, signer), fault) for who, signer, fault in bad_signers(world)]
    found, took, done = check_all(world.path("within"), world, [text for _, text, _ in cases])
    for (what, _, fault), row in zip(cases, found):
        told = refused_for(row) if row is not None else None
        tap.ok(told is not None and fault in told, f"refused: {what}", told, row, done.stderr[:300])
    print(f"# {len(cases)} files in {took:.1f} s")
    shutil.rmtree(world.path("within"))  # two are large
    cases = list(good_ones(world, text))
    found, _, done = check_all(world.path("within-good"), world, [text for _, text in cases])
    for (what, _), row in zip(cases, found):
        tap.ok(row is not None and set(row["counts"]) <= {"B206"},  # the names count up, the content does not
               f"good: {what}", row, done.stderr[:300])


def test_mutations(tap, world):
    """Bytes of the signature changed, one in each file; and the file cut."""
    good = sign_within(document(1), world.mcc)
    begin = good.index("<Signature")
    certificate = good.index("<KeyInfo>")
    flipped = [good[:n] + chr(ord(good[n]) ^ 1) + good[n + 1:] for n in range(begin, certificate, 7)]
    cut = [good[:n] for n in range(1, len(good), 97)]
    found, took, done = check_all(world.path("within-flipped"), world, flipped + cut)
    kept = [n for n, row in enumerate(found) if row is None or row["verdict"] != "RJ"]
    tap.ok(kept == [] and took < LIMIT, f"{len(found)} changed and cut ones are refused within {LIMIT} s", took,
           [(flipped + cut)[n] for n in kept][:3], done.stderr[:300])


def test_settings(tap, world):
    """Extended key usage, revocation and tolerance hold as for a signature beside a file."""
    root, text = world.root, document(1)

    def fault(home, signer, now=NOW):
        path = os.path.join(home.top, xml_name(1))
        with open(path, "w", encoding="utf-8") as file:
            file.write(sign_within(text, signer))
        found = home.command("--now", now, "--json", "check", path).stdout
        return [f["text"] for f in json.loads(found)["findings"] if f["code"] == "B209"]

    home = within_home(world, "signer_eku=1.3.6.1.5.5.7.3.4")
    wrong = root.signer("within-server", SUBJECT, f"{USAGE}\n{OTHER_EKU}")
    tap.ok("lacks the extended key usage" in str(fault(home, wrong)) and fault(home, world.mcc) == [],
           "the extended key usage decides", fault(home, wrong))
    revoked = root.signer("within-revoked", SUBJECT)
    root.revoke(revoked)
    root.crl(world.path("within.crl"))
    home = within_home(world, f"signer_crl={world.path('within.crl')}")
    tap.ok("is revoked" in str(fault(home, revoked)) and fault(home, world.mcc) == [], "so does the revocation list",
           fault(home, revoked))
    edge = root.signer("within-edge", SUBJECT, end="20230703115900Z")
    home = within_home(world)
    tap.ok(fault(home, edge) == [] and "expired" in str(fault(home, edge, "2023-07-03T12:04:01Z")),
           "and the tolerance of clocks", fault(home, edge))


def test_interoperation(tap, world):
    """xmlsec1: another maker of canonical forms and prefixes."""
    mcc = world.mcc
    template = (f'<ds:Signature xmlns:ds="{DSIG}"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="{EXCLUSIVE}"/>'
                f'<ds:SignatureMethod Algorithm="{ECDSA}"/><ds:Reference URI=""><ds:Transforms><ds:Transform '
                f'Algorithm="{ENVELOPED}"/><ds:Transform Algorithm="{EXCLUSIVE}"/></ds:Transforms><ds:DigestMethod '
                'Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><ds:DigestValue/></ds:Reference></ds:SignedInfo>'
                "<ds:SignatureValue/><ds:KeyInfo><ds:X509Data/></ds:KeyInfo></ds:Signature>")
    path, made = world.path("template.xml"), world.path("made.xml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(insert(document(1).replace("><", ">\n  <!-- a comment --><"), template))
    done = subprocess.run(["xmlsec1", "--sign", "--privkey-pem", f"{mcc.key},{mcc.pem}", "--output", made, path],
                          capture_output=True, check=False)
    with open(made, encoding="utf-8") as file:
        found, _, _ = check_all(world.path("interoperation"), world, [file.read()])
    tap.ok(found[0] is not None and found[0]["verdict"] == "AC", "xmlsec1 signs: accepted", found, done.stderr)


def test_doctor(tap, world):
    """doctor finds out whether the library is there, where a party wants it."""
    home, folder = within_home(world), world.path("broken")
    os.makedirs(folder)
    with open(os.path.join(folder, "libxmlsec1-openssl.so.1"), "wb") as file:
        file.write(b"no library")

    def found(**env):
        done = home.command("--json", "doctor", env=env, prefix=("env",))  # a start: the loader reads the environment
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        return [(row["result"], row["text"]) for row in rows if row["probe"] == "signatures"]

    for cells in ("used", "no"):
        home.set(f"gateway cells={cells}")
        tap.ok([one for one, _ in found()] == ["good"], f"cells={cells}: doctor says that they can be verified")
        missing = found(LD_LIBRARY_PATH=folder)
        tap.ok(missing[0][0] == "bad" and "install libxmlsec1-openssl" in missing[0][1],
               f"cells={cells}: and what is missing", missing)
    home.set("party MCC signature_form=cms")
    tap.ok(found(LD_LIBRARY_PATH=folder) == [], "nothing where no party wants it")


def main():
    with Tap() as tap:
        world = World()
        try:
            test_good(tap, world)
            test_packed(tap, world)
            test_policies(tap, world)
            test_vectors(tap, world)
            test_mutations(tap, world)
            test_settings(tap, world)
            test_interoperation(tap, world)
            test_doctor(tap, world)
        finally:
            world.remove()


if __name__ == "__main__":
    main()
