"""A private DNS on loopback: nsd with a signed root, "example" and "debtor.example" below it, and an
unsigned "plain.example"; and servers that behave badly.

    world = Names(directory)
    world.start()
    world.texts["debtor.example"]["s1._domainkey"] = "v=DKIM1; ..."
    world.publish()                     # signs anew, and serves that
    world.address, world.anchor         # for dns_server and dns_trust_anchor
    world.forge("debtor.example", "s1._domainkey", "v=DKIM1; ...")   # behind the signer's back
    world.stop()
"""

import pathlib
import shutil
import socket
import subprocess
import threading

from . import live, wait

ZONES = {".": None, "example": ".", "debtor.example": "example", "plain.example": "example"}
UNSIGNED = {"plain.example"}
PROGRAMS = ("nsd", "ldns-keygen", "ldns-signzone")


def missing():
    return [name for name in PROGRAMS if not shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin")]


def run(*argv, cwd=None):
    done = subprocess.run(list(map(str, argv)), cwd=cwd, capture_output=True, timeout=60, check=False)
    if done.returncode:
        raise AssertionError(f"{argv}: {(done.stdout + done.stderr).decode(errors='replace')}")
    return done.stdout.decode()


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))
        return udp.getsockname()[1]


def strings(text):
    """A TXT record's data: strings of at most 255 octets."""
    parts = [text[i : i + 255] for i in range(0, len(text), 255)] or [""]
    return " ".join('"' + part.replace("\\", "\\\\").replace('"', '\\"') + '"' for part in parts)


class Names:
    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.anchor = self.directory / "anchor.ds"
        self.texts = {zone: {} for zone in ZONES}
        self.names = {zone: {} for zone in ZONES}  # CNAMEs
        self.process = None
        self.keys = {
            zone: run("ldns-keygen", "-a", "ECDSAP256SHA256", "-k", zone, cwd=self.directory).strip()
            for zone in ZONES
            if zone not in UNSIGNED
        }
        self.anchor.write_text(self.delegation("."))

    def delegation(self, zone):
        if zone in UNSIGNED:
            return ""
        return (self.directory / f"{self.keys[zone]}.ds").read_text()

    def file(self, zone):
        return self.directory / f"zone.{zone.strip('.') or 'root'}"

    def lines(self, zone):
        origin = "." if zone == "." else f"{zone}."
        below = "" if zone == "." else origin
        yield f"{origin} 3600 IN SOA ns.{below} h.{below} 1 3600 600 86400 60"
        yield f"{origin} 3600 IN NS ns.{below}"
        yield f"ns.{below} 3600 IN A 127.0.0.1"
        for child, parent in ZONES.items():
            if parent == zone:
                yield f"{child}. 3600 IN NS ns.{child}."
                yield f"ns.{child}. 3600 IN A 127.0.0.1"
                yield self.delegation(child).strip()
        for name, text in self.texts[zone].items():
            yield f"{name}.{below} 3600 IN TXT {strings(text)}"
        for name, target in self.names[zone].items():
            yield f"{name}.{below} 3600 IN CNAME {target}."

    def write(self):
        for zone in ZONES:
            path = self.file(zone)
            path.write_text("\n".join(filter(None, self.lines(zone))) + "\n")
            if zone not in UNSIGNED:
                run("ldns-signzone", "-o", zone, "-f", f"{path}.signed", path, self.keys[zone],
                    cwd=self.directory)  # fmt: skip
            else:
                shutil.copy(path, f"{path}.signed")

    def publish(self):
        self.write()
        if self.process:
            self.stop()
            self.start(write=False)

    def forge(self, zone, name, text):
        """Serve another text under the signature of the old one."""
        path = pathlib.Path(f"{self.file(zone)}.signed")
        lines = path.read_text().splitlines()
        found = [i for i, line in enumerate(lines)
                 if line.startswith(f"{name}.{zone}.") and line.split()[3] == "TXT"]  # fmt: skip
        assert len(found) == 1, found
        lines[found[0]] = f"{name}.{zone}.\t3600\tIN\tTXT\t{strings(text)}"
        path.write_text("\n".join(lines) + "\n")
        self.stop()
        self.start(write=False)

    def configuration(self):
        zones = "".join(
            f'zone:\n  name: "{zone}"\n  zonefile: "{self.file(zone)}.signed"\n' for zone in ZONES
        )
        where = self.directory
        return (
            f"server:\n  ip-address: 127.0.0.1@{self.port}\n  server-count: 1\n"
            f'  username: ""\n  zonesdir: "{where}"\n  database: ""\n  pidfile: "{where}/nsd.pid"\n'
            f'  xfrdfile: "{where}/xfrd.state"\n  zonelistfile: "{where}/zone.list"\n'
            f'  logfile: "{where}/nsd.log"\n  round-robin: no\nremote-control:\n'
            f"  control-enable: no\n{zones}"
        )

    def answers(self):
        """Is somebody there? (a question for the root's name servers)"""
        question = b"\0\1\0\0\0\1\0\0\0\0\0\0\0\0\2\0\1"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.settimeout(0.3)
            try:
                udp.sendto(question, ("127.0.0.1", self.port))
                return bool(udp.recv(512))
            except OSError:
                return False

    def start(self, write=True):
        if write:
            self.write()
        config = self.directory / "nsd.conf"
        config.write_text(self.configuration())
        self.process = subprocess.Popen(
            ["/usr/sbin/nsd", "-d", "-c", config], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
        live.add(self)
        wait.until(self.answers, 20, "nsd")
        return self

    def stop(self):
        if self.process:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None
            live.remove(self)


class Bad:
    """A name server that is silent ("silent"), answers with a code ("servfail", "refused") or
    garbage ("garbage", "echo"); over UDP and, for all but "silent", nothing over TCP."""

    CODES = {"servfail": 2, "refused": 5}

    def __init__(self, mode):
        self.mode, self.asked, self.stopping = mode, 0, False
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.udp.getsockname()[1]}"
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            question, whom = self.udp.recvfrom(4096)
            if self.stopping:
                return
            self.asked += 1
            answer = self.answer(question)
            if answer:
                self.udp.sendto(answer, whom)

    def answer(self, question):
        if self.mode in self.CODES:
            flags = bytes([question[2] | 0x80, 0x80 | self.CODES[self.mode]])
            end = question.index(b"\0", 12) + 5
            return question[:2] + flags + b"\0\1\0\0\0\0\0\0" + question[12:end]
        if self.mode == "garbage":
            return question[:2] + b"\x81\x80\0\1\xff\xff\0\0\0\0" + b"\xc0\x0c" * 40
        return question if self.mode == "echo" else None

    def stop(self):
        """The last datagram wakes the thread, which then finds the socket closed."""
        address = self.udp.getsockname()
        self.mode = "silent"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            self.stopping = True
            last.sendto(b"", address)
        self.thread.join(5)
        self.udp.close()
