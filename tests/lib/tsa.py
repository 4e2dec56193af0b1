"""A timestamp authority (RFC 3161): `openssl ts` behind a small HTTP server, which can also lie.

    tsa = Authority(directory, "good")
    tsa.start()
    tsa.url, tsa.certificate        # for the configuration
    tsa.mode = "nonce"              # from now on, answers with another nonce
    tsa.asked                       # how many requests came
    tsa.stop()                      # and nobody listens there any more
    tsa.encrypt("DNS:localhost")    # from the next start on: HTTPS, with a certificate of this name

Modes: good; nonce, imprint, certificate (wrong in the token); replay (the first reply again);
refused (status 2); garbage, cut, more, long, huge, html, empty, error (HTTP 500); silent (no answer at
all); slow (an octet a second); clock (an hour ahead).
"""

import http.server
import os
import pathlib
import socket
import ssl
import subprocess
import threading
import time

from . import cms
from .asice import der

CONFIG = """
[req]
distinguished_name = dn
prompt = no
x509_extensions = ca
[dn]
CN = {name}
[ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[ts]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
subjectKeyIdentifier = hash
[tsa]
default_tsa = unit
[unit]
serial = {directory}/serial
signer_cert = {directory}/unit.pem
signer_key = {directory}/unit.key
signer_digest = sha256
certs = {directory}/ca.pem
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
accuracy = secs:1
ess_cert_id_alg = sha256
"""


def openssl(*argv, **keywords):
    done = subprocess.run(
        ["openssl", *map(str, argv)], capture_output=True, timeout=60, check=False, **keywords
    )
    if done.returncode:
        raise AssertionError(f"openssl {argv}: {done.stderr.decode(errors='replace')}")
    return done.stdout


class Unit:
    """A CA and one signing unit below it; `days` is how long both certificates live (the unit's:
    `unit_days`), or `dates` when ("20200101000000Z", "20210101000000Z")."""

    def __init__(self, directory, name, days=3650, dates=None, unit_days=None):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.config = self.directory / "openssl.cnf"
        self.config.write_text(CONFIG.format(name=name, directory=self.directory))
        self.certificate = self.directory / "ca.pem"
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        openssl("req", "-x509", "-config", self.config, "-days", days, *key, "-keyout",
                self.directory / "ca.key", "-out", self.certificate)  # fmt: skip
        openssl("req", "-config", self.config, "-subj", f"/CN={name} unit", *key, "-keyout",
                self.directory / "unit.key", "-out", self.directory / "unit.csr")  # fmt: skip
        openssl("x509", "-req", "-in", self.directory / "unit.csr", "-CA", self.certificate,
                "-CAkey", self.directory / "ca.key", "-CAcreateserial", "-days", unit_days or days,
                "-extfile", self.config, "-extensions", "ts",
                "-out", self.directory / "unit.pem")  # fmt: skip
        if dates:
            self.date_back(*dates)
        self.certificate.chmod(0o644)
        self.directory.chmod(0o755)

    def date_back(self, begin, end):
        """Both certificates again, with other dates."""
        (self.directory / "index").write_text("")
        config = self.directory / "ca.cnf"
        config.write_text(
            self.config.read_text() + f"[ca_default]\ndatabase={self.directory}/index\nrand_serial=yes\n"
            f"new_certs_dir={self.directory}\ndefault_md=sha256\npolicy=any\n"
            "[any]\ncommonName=supplied\n"
        )
        again = self.directory / "ca.csr"
        openssl("x509", "-x509toreq", "-in", self.certificate, "-signkey", self.directory / "ca.key",
                "-out", again)  # fmt: skip
        ca = ["ca", "-batch", "-notext", "-config", config, "-name", "ca_default", "-keyfile",
              self.directory / "ca.key", "-startdate", begin, "-enddate", end]  # fmt: skip
        openssl(*ca, "-selfsign", "-in", again, "-extensions", "ca", "-out", self.certificate)
        openssl(*ca, "-cert", self.certificate, "-in", self.directory / "unit.csr", "-extensions",
                "ts", "-out", self.directory / "unit.pem")  # fmt: skip

    def token(self, reply, change):
        """The token of a reply, signed again after `change` of its TSTInfo."""
        token = cms.elements(cms.inside(reply))[1]
        return cms.resigned(token, change, self.directory / "unit.pem", self.directory / "unit.key")

    def server(self, name):
        """A TLS context for a server of this name (subjectAltName), certified by this CA."""
        key, request, pem = (self.directory / f"server.{end}" for end in ("key", "csr", "pem"))
        extensions = self.directory / "server.ext"
        extensions.write_text(f"subjectAltName={name}\nextendedKeyUsage=serverAuth\n")
        openssl("req", "-config", self.config, "-subj", "/CN=server", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", request)  # fmt: skip
        openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey",
                self.directory / "ca.key", "-CAcreateserial", "-days", "30", "-extfile", extensions,
                "-out", pem)  # fmt: skip
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem, key)
        return context

    def reply(self, query):
        request, answer = self.directory / "query", self.directory / "reply"
        request.write_bytes(query)
        openssl("ts", "-reply", "-config", self.config, "-section", "unit", "-queryfile", request,
                "-out", answer)  # fmt: skip
        return answer.read_bytes()


def nonce_of(query):
    at = query.index(b"\x02\x08", query.index(b"\x04\x20") + 34)
    return query[at + 2 : at + 10]


def changed(query, where):
    """The query with one bit of its imprint or of its nonce changed."""
    octets = bytearray(query)
    imprint = query.index(b"\x04\x20") + 2
    if where == "imprint":
        octets[imprint] ^= 1
    else:
        octets[query.index(b"\x02\x08", imprint + 32) + 9] ^= 1
    return bytes(octets)


class Authority:
    def __init__(self, directory, name="tsa", days=3650, unit_days=None):
        directory = pathlib.Path(directory) / name
        self.name = name
        self.unit = Unit(directory / "mine", name, days, unit_days=unit_days)
        self.stranger = None
        self.certificate = self.unit.certificate
        self.directory = directory
        self.mode = "good"
        self.asked = 0
        self.nonces = []
        self.first = None
        self.lock = threading.Lock()
        self.server = None
        with socket.socket() as probe:  # the port stays the same when it stops and starts
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/tsr"
        self.tls = None

    def encrypt(self, name, host="127.0.0.1", by=None):
        """`by`: another Unit certifies the server."""
        self.tls = (by or self.unit).server(name)
        self.url = f"https://{host}:{self.port}/tsr"

    def section(self, **more):
        return {"url": self.url, "certificate": self.certificate, "timeout": "2s", **more}

    def answer(self, query):
        """(status, content type, body)"""
        kind = "application/timestamp-reply"
        self.nonces.append(nonce_of(query))
        if self.mode in ("nonce", "imprint"):
            query = changed(query, self.mode)
        unit = self.unit
        if self.mode == "certificate":
            self.stranger = self.stranger or Unit(self.directory / "other", self.name)
            unit = self.stranger
        reply = unit.reply(query)
        self.first = self.first or reply
        special = {
            "replay": self.first,
            "refused": bytes.fromhex("3005300302010200")[:7],
            "garbage": os.urandom(700),
            "cut": reply[: len(reply) // 2],
            "more": reply + b"\0",
            "long": reply + bytes(1 << 20),
            "huge": der(0x30, bytes(2 << 20)),
            "empty": b"",
        }
        if self.mode == "clock":
            ahead = time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + 3600))
            status = cms.elements(cms.inside(reply))[0]
            return 200, kind, der(0x30, status, unit.token(reply, cms.at(ahead)))
        if self.mode == "html":
            return 200, "text/html", b"<html>captive portal</html>"
        if self.mode == "error":
            return 500, "text/plain", b"out of order"
        return 200, kind, special.get(self.mode, reply)

    def start(self):
        authority = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                with authority.lock:
                    authority.asked += 1
                    mode = authority.mode
                    query = self.rfile.read(int(self.headers["Content-Length"]))
                    if self.headers["Content-Type"] != "application/timestamp-query":
                        self.send_error(415)
                        return
                    if mode != "silent":
                        status, kind, body = authority.answer(query)
                if mode == "silent":
                    time.sleep(5)
                    return
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                try:
                    if mode == "slow":
                        for octet in body[:8]:
                            self.wfile.write(bytes([octet]))
                            self.wfile.flush()
                            time.sleep(1)
                    else:
                        self.wfile.write(body)
                except OSError:
                    pass  # the other side had enough

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # who does not trust the certificate goes away

            def finish_request(self, request, address):  # in a thread of its own
                if authority.tls:
                    request = authority.tls.wrap_socket(request, server_side=True)
                super().finish_request(request, address)

        self.server = Server(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def stop(self):
        if self.server:
            self.server.shutdown()
            self.server.server_close()
        self.server = None
