"""A throwaway certification authority and signatures, made with openssl.

    root = Authority(folder, "root")                          its own key; valid for the years around the tests
    sub = root.authority("sub", ",pathlen:0")                 an authority below it
    mcc = root.signer("mcc", "/serialNumber=90-B3-…")         a key and a certificate
    mcc.sign(content, "-md", "sha384")                        the signature, DER
    root.revoke(mcc); root.crl(path)
    sign_outgoing(home)                                       a home whose files leave with signatures
"""
import os
import subprocess

START, END = "20200101000000Z", "20400101000000Z"
CONFIG = """\
[ca]
default_ca = here
[here]
database = {dir}/{name}.index
serial = {dir}/{name}.serial
new_certs_dir = {dir}
certificate = {dir}/{name}.pem
private_key = {dir}/{name}.key
default_md = {md}
default_crl_days = 30
unique_subject = no
policy = any
[any]
commonName = optional
serialNumber = optional
organizationName = optional
[extensions]
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
{extensions}
"""


def openssl(*arguments, content=None):
    done = subprocess.run(["openssl", *arguments], input=content, capture_output=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {arguments}: {done.stderr.decode()}")
    return done.stdout


def make_key(path, kind):
    if kind.startswith("rsa"):
        openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", f"rsa_keygen_bits:{kind[3:]}", "-out", path)
    else:
        curve = "P-256" if kind == "ec" else kind
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{curve}", "-out", path)


class Signer:
    """A certificate with its key; chain: those between it and the root."""

    def __init__(self, folder, name, chain=()):
        self.folder, self.name, self.chain = folder, name, chain
        self.pem, self.key = os.path.join(folder, f"{name}.pem"), os.path.join(folder, f"{name}.key")

    def sign(self, content, *options):
        options = list(options)
        if self.chain:
            between = os.path.join(self.folder, f"{self.name}.chain")
            with open(between, "wb") as file:
                for path in self.chain:
                    with open(path, "rb") as certificate:
                        file.write(certificate.read())
            options += ["-certfile", between]
        return openssl("cms", "-sign", "-binary", "-outform", "DER", "-signer", self.pem, "-inkey", self.key,
                       *options, content=content)

    def certify(self, by, subject, extensions, start=START, end=END, md="sha256"):
        config = os.path.join(self.folder, f"{self.name}.cnf")
        with open(config, "w", encoding="ascii") as file:
            file.write(CONFIG.format(dir=self.folder, name=by.name, md=md, extensions=extensions))
        request = openssl("req", "-new", "-key", self.key, "-subj", subject, "-config", "/dev/null")
        with open(f"{self.pem}.csr", "wb") as file:
            file.write(request)
        openssl("ca", "-config", config, "-batch", "-notext", "-in", f"{self.pem}.csr", "-out", self.pem,
                "-extensions", "extensions", "-startdate", start, "-enddate", end,
                *(["-selfsign", "-keyfile", self.key] if by is self else []))


class Authority(Signer):
    """An authority; above: the one that certifies it, None for a root."""

    def __init__(self, folder, name, above=None, pathlen="", more=""):
        super().__init__(folder, name, () if above is None else (*above.chain, os.path.join(folder, f"{name}.pem")))
        self.above = above
        for suffix, text in (("index", ""), ("index.attr", "unique_subject = no\n"), ("serial", "1000\n")):
            with open(os.path.join(folder, f"{name}.{suffix}"), "w", encoding="ascii") as file:
                file.write(text)
        make_key(self.key, "ec")
        extensions = f"basicConstraints = critical,CA:TRUE{pathlen}\nkeyUsage = critical,keyCertSign,cRLSign\n{more}"
        self.certify(self if above is None else above, f"/O=Test/CN={name}", extensions)
        self.own = os.path.join(folder, f"{name}.own.cnf")
        with open(self.own, "w", encoding="ascii") as file:
            file.write(CONFIG.format(dir=folder, name=name, md="sha256", extensions=""))

    def authority(self, name, pathlen="", more=""):
        return Authority(self.folder, name, self, pathlen, more)

    def signer(self, name, subject, usage="keyUsage = critical,digitalSignature", kind="ec", **validity):
        made = Signer(self.folder, name, self.chain)
        make_key(made.key, kind)
        made.certify(self, subject, f"basicConstraints = CA:FALSE\n{usage}", **validity)
        return made

    def revoke(self, signer):
        openssl("ca", "-config", self.own, "-revoke", signer.pem)

    def crl(self, path, start=START, end=END):
        """Its revocation list, in PEM."""
        openssl("ca", "-config", self.own, "-gencrl", "-out", path,
                "-crl_lastupdate", start, "-crl_nextupdate", end)


def sign_outgoing(home):
    """Each file that leaves the home has a signature from now on. Gives the authority, whose files lie in the home."""
    root = Authority(home.dir, "root")
    own = root.signer("own", "/CN=gateway")
    os.chmod(own.key, 0o600)
    home.set("gateway signing_key=own.key\ngateway signing_certificate=own.pem")
    return root
