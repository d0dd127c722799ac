"""Signatures within XML (enveloped XML-DSig), made with openssl and a canonical form of Python's own.

    sign_within(document, signer)                      the document with <Signature> as the last child of its root
    sign_within(document, signer, digest_uri=SHA1)     the same with one thing otherwise
    Parts(…).sign(…)                                   all of it by hand
"""
import base64
import hashlib
import re
import xml.etree.ElementTree as ElementTree

from signer import openssl

DSIG = "http://www.w3.org/2000/09/xmldsig#"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED = f"{DSIG}enveloped-signature"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
SHA1 = f"{DSIG}sha1"
ECDSA = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
HALVES = (32, 48)  # bytes of r and of s: P-256, P-384


def canonical(text):
    return ElementTree.canonicalize(text).encode()


def transforms_of(*algorithms):
    return "".join(f'<Transform Algorithm="{algorithm}"></Transform>' for algorithm in algorithms)


def raw_of(der):
    """r and s of an ECDSA signature in DER, each as long as the curve has them."""
    first = der[3]
    r, s = (number.lstrip(b"\0") for number in (der[4:4 + first], der[6 + first:]))
    half = next(size for size in HALVES if size >= max(len(r), len(s)))
    return r.rjust(half, b"\0") + s.rjust(half, b"\0")


def certificates_of(*paths):
    return "".join(f"<X509Certificate>{base64.b64encode(openssl('x509', '-in', path, '-outform', 'DER')).decode()}"
                   "</X509Certificate>" for path in paths)


class Parts:
    """A signature of which each part can be changed before it is signed."""

    def __init__(self, document, signer):
        self.document, self.signer = document, signer
        self.digest = base64.b64encode(hashlib.sha256(canonical(document)).digest()).decode()
        self.c14n, self.method, self.digest_method, self.uri = EXCLUSIVE, ECDSA, SHA256, ' URI=""'
        self.transforms = transforms_of(ENVELOPED, EXCLUSIVE)
        self.references = None
        self.key_info = f"<X509Data>{certificates_of(signer.pem, *signer.chain)}</X509Data>"
        self.more = ""
        self.md = "-sha256"

    def reference(self):
        return (f'<Reference{self.uri}><Transforms>{self.transforms}</Transforms><DigestMethod '
                f'Algorithm="{self.digest_method}"></DigestMethod><DigestValue>{self.digest}</DigestValue></Reference>')

    def signature(self):
        references = self.reference() if self.references is None else self.references
        info = (f'<SignedInfo><CanonicalizationMethod Algorithm="{self.c14n}"></CanonicalizationMethod>'
                f'<SignatureMethod Algorithm="{self.method}"></SignatureMethod>{references}</SignedInfo>')
        signed = canonical(info.replace("<SignedInfo>", f'<SignedInfo xmlns="{DSIG}">', 1))
        made = openssl("dgst", self.md, "-sign", self.signer.key, content=signed)
        value = base64.b64encode(raw_of(made) if len(made) < 128 else made).decode()  # RSA: 256 bytes, of any value
        return (f'<Signature xmlns="{DSIG}">{info}<SignatureValue>{value}</SignatureValue>'
                f"<KeyInfo>{self.key_info}</KeyInfo>{self.more}</Signature>")

    def within(self):
        """The document with the signature before the end tag of its root."""
        return insert(self.document, self.signature())


def insert(document, signature):
    return re.sub(r"</(\w+)>\s*$", lambda end: f"{signature}</{end.group(1)}>", document)


def sign_within(document, signer, **changes):
    parts = Parts(document, signer)
    for name, value in changes.items():
        setattr(parts, name, value)
    return parts.within()
