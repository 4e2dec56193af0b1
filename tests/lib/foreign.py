"""Private mail servers of other makes on loopback: what debtors have.

    exim = Exim(directory, "debtor.example", port_of_the_creditor)
    exim.start()      # exim.port takes mail for anybody@debtor.example:
    exim.stop()       #   nx@ bounces, late@ is delayed, all else is kept in a file

Debian's packages of mail servers exclude each other, so their files are unpacked, not installed:
TEMOIN_SERVERS names the directory (tests/run fills it). Each server runs in a mount namespace in
which the users exist that its package would have made, and in which the directories that are
built into its program are empty ones of its own. Notices go to the creditor's server.
"""

import os
import pathlib
import smtplib
import subprocess

from . import live, wait
from .postfix import free_port

ROOT = pathlib.Path(os.environ.get("TEMOIN_SERVERS") or "/nonexistent")
USERS = ("Debian-exim", "opensmtpd", "opensmtpq")
FIRST_UID = 64100


def with_users(path, line):
    """The system's file with a line more for each user."""
    lines = [line.format(name=name, id=FIRST_UID + i) for i, name in enumerate(USERS)]
    return pathlib.Path(path).read_text() + "".join(lines)


class Foreign:
    name = program = configuration = None
    own = ()  # directories built into the program

    def __init__(self, directory, domain, creditor_port):
        self.directory, self.domain = pathlib.Path(directory), domain
        self.creditor_port, self.port = creditor_port, free_port()
        self.log = self.directory / "output"
        self.process = None

    @classmethod
    def unpacked(cls):
        return (ROOT / cls.name / cls.program).exists()

    def argv(self):
        raise NotImplementedError

    def prepare(self):
        self.directory.mkdir(mode=0o755)
        # the whole of /etc: a single file's mount is lost when anybody replaces that file
        etc = self.directory / "etc"
        subprocess.run(["cp", "-a", "/etc", etc], check=True)
        passwd, group = etc / "passwd", etc / "group"
        passwd.write_text(with_users("/etc/passwd", "{name}:x:{id}:{id}::/nonexistent:/bin/false\n"))
        group.write_text(with_users("/etc/group", "{name}:x:{id}:\n"))
        text = self.configuration.format(
            root=ROOT / self.name, directory=self.directory, port=self.port, domain=self.domain,
            creditor=self.creditor_port,
        )  # fmt: skip
        (self.directory / "conf").write_text(text)

    def script(self):
        lines = [f"mount --bind {self.directory}/etc /etc"]
        for path in self.own:
            lines.append(f"mount -t tmpfs none {path}")
        return " && ".join([*lines, *self.inside(), "exec " + self.argv()])

    def inside(self):
        """Commands more, in the namespace."""
        return []

    def start(self):
        self.prepare()
        with open(self.log, "wb") as output:
            self.process = subprocess.Popen(
                ["unshare", "--mount", "sh", "-c", self.script()],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            )  # fmt: skip
        live.add(self)
        wait.until(self.greets, 30, f"the greeting of {self.name}")

    def greets(self):
        if self.process.poll() is not None:
            raise AssertionError(self.log.read_text(errors="replace"))
        try:
            with smtplib.SMTP("127.0.0.1", self.port, timeout=5) as smtp:
                return smtp.noop()[0] == 250
        except (OSError, smtplib.SMTPException):
            return False

    def stop(self):
        """By its own process id (unshare and sh have become it)."""
        if self.process:
            self.process.terminate()
            self.process.wait(20)
            self.process = None
        live.remove(self)


class Exim(Foreign):
    name, program = "exim", "usr/sbin/exim4"
    configuration = """\
exim_path = {root}/usr/sbin/exim4
exim_user = nobody
exim_group = nogroup
never_users =
primary_hostname = mail.{domain}
qualify_domain = {domain}
spool_directory = {directory}/spool
log_file_path = {directory}/spool/%slog
pid_file_path = {directory}/pid
daemon_smtp_ports = {port}
local_interfaces = 127.0.0.1
tls_advertise_hosts =
host_lookup =
rfc1413_hosts =
keep_environment =
delay_warning = 1s:1h
acl_smtp_rcpt = accept_all
begin acl
accept_all:
  accept
begin routers
back:
  driver = manualroute
  domains = creditor.example
  transport = back
  route_list = * 127.0.0.1
  self = send
nx:
  driver = redirect
  local_parts = nx
  data = :fail: Unrouteable mailbox
  allow_fail
late:
  driver = redirect
  local_parts = late
  data = :defer: mailbox is locked
  allow_defer
all:
  driver = accept
  transport = keep
begin transports
back:
  driver = smtp
  port = {creditor}
keep:
  driver = appendfile
  file = {directory}/spool/kept
  user = nobody
begin retry
* * F,1h,1s
"""

    def prepare(self):
        super().prepare()
        (self.directory / "spool").mkdir()
        os.chown(self.directory / "spool", 65534, 65534)

    def argv(self):
        return f"{ROOT}/exim/{self.program} -C {self.directory}/conf -bdf -q1s"


class OpenSMTPD(Foreign):
    name, program = "opensmtpd", "usr/sbin/smtpd"
    own = ("/var/spool", "/var/lib", "/run")
    configuration = """\
bounce warn-interval 1s
table nx {{ "nx@{domain}" = "nobody" }}
table late {{ "late@{domain}" = "nobody" }}
table all {{ "@" = "nobody" }}
listen on 127.0.0.1 port {port} hostname mail.{domain}
action "back" relay host smtp://127.0.0.1:{creditor}
action "nx" mda "exit 67" virtual <nx>
action "late" mda "exit 75" virtual <late>
action "all" mda "cat > /dev/null" virtual <all>
match from any for domain "creditor.example" action "back"
match from any for rcpt-to "nx@{domain}" action "nx"
match from any for rcpt-to "late@{domain}" action "late"
match from any for domain "{domain}" action "all"
"""

    def inside(self):
        return [
            "mkdir -m 711 /var/spool/smtpd",
            "mkdir -p /var/lib/opensmtpd/empty",
            f"mount --bind {ROOT}/opensmtpd/usr/libexec /usr/libexec",
        ]

    def argv(self):
        return f"{ROOT}/opensmtpd/{self.program} -d -f {self.directory}/conf"
