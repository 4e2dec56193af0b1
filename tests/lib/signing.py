"""DKIM signatures for tests, and what dkimpy says of them.

    signer = Signer(directory)
    raw = signer.sign(raw, "debtor.example", "s1")
    signer.record                       # what the DNS is to say
"""

import base64
import subprocess

import dkim


class Signer:
    def __init__(self, directory, name="dkim"):
        self.file = directory / f"{name}.key"
        run = lambda *argv: subprocess.run(argv, capture_output=True, check=True, timeout=30).stdout  # noqa: E731
        run("openssl", "genrsa", "-traditional", "-out", self.file, "2048")
        public = run("openssl", "rsa", "-in", self.file, "-pubout", "-outform", "DER")
        self.record = "v=DKIM1; k=rsa; p=" + base64.b64encode(public).decode()

    def sign(self, raw, domain="debtor.example", selector="s1", how="relaxed/relaxed"):
        """The message with a signature on top; `how` it is made canonical (RFC 6376, 3.4)."""
        field = dkim.sign(raw, selector.encode(), domain.encode(), self.file.read_bytes(),
                          canonicalize=tuple(how.encode().split(b"/")))  # fmt: skip
        return field + raw
