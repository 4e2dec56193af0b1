"""A private Sendmail on loopback, inside a directory of its own.

    sendmail = Sendmail("/run/x/sendmail", "mail.creditor.example", milter_socket, next_hop_port)
    sendmail.start()
    sendmail.send(JEANNE, [PAUL], message)
    sendmail.stop()

Without a milter (None) it is somebody else's server.

Debian's packages of Sendmail and Postfix exclude each other, so its files are unpacked, not
installed: TEMOIN_SENDMAIL names the directory (tests/run fills it). Sendmail refuses a milter
socket below a directory that everybody may write to, so the directory must not be in /tmp. It
asks for its own host's full name and waits a minute when there is none: it runs in a UTS and
a mount namespace in which there is one. There, too, is a /dev/log of its own: what it logs is
written to `log` as a syslog daemon would.
"""

import os
import pathlib
import re
import smtplib
import socket
import subprocess
import threading

from . import wait
from .postfix import free_port

ROOT = pathlib.Path(os.environ.get("TEMOIN_SENDMAIL") or "/nonexistent")
PROGRAM = ROOT / "usr/libexec/sendmail/sendmail"

CONFIGURATION = """\
divert(-1)
include(`{root}/usr/share/sendmail/cf/m4/cf.m4')
divert(0)dnl
OSTYPE(`linux')dnl
define(`confDOMAIN_NAME', `{hostname}')dnl
define(`QUEUE_DIR', `{directory}/queue')dnl
define(`confPID_FILE', `{directory}/pid')dnl
define(`STATUS_FILE', `{directory}/statistics')dnl
define(`HELP_FILE', `/dev/null')dnl
define(`confSERVICE_SWITCH_FILE', `{directory}/switch')dnl
define(`confDONT_PROBE_INTERFACES', `True')dnl
define(`confTO_IDENT', `0')dnl
define(`confREFUSE_LA', `100')dnl
define(`confQUEUE_LA', `100')dnl
undefine(`ALIAS_FILE')dnl
define(`SMART_HOST', `esmtp:[127.0.0.1]')dnl
define(`ESMTP_MAILER_ARGS', `TCP $h {next_hop}')dnl
FEATURE(`nocanonify')dnl
FEATURE(`no_default_msa')dnl
FEATURE(`accept_unresolvable_domains')dnl
FEATURE(`promiscuous_relay')dnl
FEATURE(`stickyhost')dnl
define(`confTO_QUEUEWARN', `1s')dnl
{filter}
DAEMON_OPTIONS(`Name=MTA, Family=inet, Addr=127.0.0.1, Port={port}')dnl
MAILER(`smtp')dnl
"""

FILTER = "INPUT_MAIL_FILTER(`temoin', `S=unix:{milter}, F=T, T=S:30s;R:60s;E:5m')dnl"


# A /dev with what programs need and a socket of ours as /dev/log.
DEVICES = """
mkdir -p {directory}/dev && mount --bind /dev {directory}/dev && mount -t tmpfs none /dev &&
for name in null zero full random urandom; do
    : >/dev/$name && mount --bind {directory}/dev/$name /dev/$name || exit 1
done && ln -s {directory}/syslog /dev/log
"""


class Syslog:
    """Datagrams of syslog(3), written to a file with a host's name."""

    def __init__(self, path, file, hostname):
        self.file, self.hostname = file, hostname
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        os.chmod(path, 0o666)
        threading.Thread(target=self.receive, daemon=True).start()

    def receive(self):
        with open(self.file, "ab", buffering=0) as log:
            while line := self.socket.recv(65536):
                line = re.sub(rb"^<\d+>(.{15}) ", rb"\1 %s " % self.hostname.encode(), line)
                log.write(line.rstrip(b"\n\0") + b"\n")


class Sendmail:
    def __init__(self, directory, hostname, milter, next_hop):
        self.directory, self.hostname = pathlib.Path(directory), hostname
        self.milter, self.next_hop, self.port = milter, next_hop, free_port()
        self.process = None
        self.log = self.directory / "log"

    def write(self):
        self.directory.mkdir(mode=0o755)
        (self.directory / "queue").mkdir(mode=0o700)
        (self.directory / "switch").write_text("hosts files\naliases files\n")
        (self.directory / "hosts").write_text(f"127.0.0.1 {self.hostname} localhost\n")
        filter = FILTER.format(milter=self.milter) if self.milter else "dnl"
        source = CONFIGURATION.format(
            root=ROOT, hostname=self.hostname, directory=self.directory, filter=filter,
            port=self.port, next_hop=self.next_hop,
        )  # fmt: skip
        done = subprocess.run(["m4"], input=source, capture_output=True, text=True, check=True)
        (self.directory / "sendmail.cf").write_text(done.stdout)

    def start(self):
        self.write()
        Syslog(self.directory / "syslog", self.log, self.hostname)
        script = (
            DEVICES.format(directory=self.directory).strip() + " && "
            f"hostname {self.hostname} && mount --bind {self.directory}/hosts /etc/hosts && "
            f"exec {PROGRAM} -C {self.directory}/sendmail.cf -bD -q1s"
        )
        with open(self.directory / "output", "wb") as output:
            self.process = subprocess.Popen(
                ["unshare", "--uts", "--mount", "sh", "-c", script],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            )  # fmt: skip
        wait.until(self.greets, 30, "Sendmail's greeting")

    def greets(self):
        if self.process.poll() is not None:
            raise AssertionError((self.directory / "output").read_text())
        try:
            with smtplib.SMTP("127.0.0.1", self.port, timeout=5) as smtp:
                return smtp.noop()[0] == 250
        except (OSError, smtplib.SMTPException):
            return False

    def send(self, sender, recipients, raw):
        with smtplib.SMTP("127.0.0.1", self.port, timeout=60) as smtp:
            smtp.ehlo("client.example")
            return smtp.sendmail(sender, recipients, raw)

    def stop(self):
        """The daemon by its own process id (unshare and sh have become it); its children end
        with their connections."""
        if self.process:
            self.process.terminate()
            self.process.wait(20)
            self.process = None
