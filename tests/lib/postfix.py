"""Private Postfix instances on loopback, each wholly inside a directory of its own.

    creditor = Postfix("/tmp/x/creditor", "mail.creditor.example")
    creditor.mailbox("jeanne@creditor.example")
    creditor.listen("mx", extra={"smtpd_milters": "unix:/tmp/x/run/mx.sock"})
    creditor.start()
    ...
    creditor.stop()

No DNS, no chroot, nothing outside of the directory; the system's own Postfix, configured or
not, is neither read nor touched. Must run as root (Postfix's master does).
"""

import email
import email.policy
import os
import pathlib
import re
import shutil
import smtplib
import socket
import subprocess

from . import live, milter, wait

SERVICES = """\
pickup    unix  n  -  n  60    1  pickup
cleanup   unix  n  -  n  -     0  cleanup
qmgr      unix  n  -  n  300   1  qmgr
rewrite   unix  -  -  n  -     -  trivial-rewrite
bounce    unix  -  -  n  -     0  bounce
defer     unix  -  -  n  -     0  bounce
trace     unix  -  -  n  -     0  bounce
verify    unix  -  -  n  -     1  verify
flush     unix  n  -  n  1000? 0  flush
proxymap  unix  -  -  n  -     -  proxymap
smtp      unix  -  -  n  -     -  smtp
relay     unix  -  -  n  -     -  smtp
showq     unix  n  -  n  -     -  showq
error     unix  -  -  n  -     -  error
retry     unix  -  -  n  -     -  error
discard   unix  -  -  n  -     -  discard
virtual   unix  -  n  n  -     -  virtual
anvil     unix  -  -  n  -     1  anvil
scache    unix  -  -  n  -     1  scache
postlog   unix-dgram n - n -   1  postlogd
"""

MAILBOX_UID = 65534  # nobody


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Postfix:
    def __init__(self, directory, hostname, domains):
        self.directory = pathlib.Path(directory)
        self.hostname, self.domains = hostname, domains
        self.etc, self.spool = self.directory / "etc", self.directory / "spool"
        self.mail, self.log = self.directory / "mail", self.directory / "maillog"
        self.ports, self.services, self.mailboxes = {}, [], []
        self.running = False
        self.settings = {
            "compatibility_level": "3.6",
            "queue_directory": self.spool,
            "data_directory": self.directory / "data",
            "command_directory": "/usr/sbin",
            "daemon_directory": "/usr/lib/postfix/sbin",
            "mail_owner": "postfix",
            "setgid_group": "postdrop",
            "myhostname": hostname,
            "mydomain": domains[0],
            "myorigin": domains[0],
            "mydestination": "",
            "inet_interfaces": "127.0.0.1",
            "inet_protocols": "ipv4",
            "mynetworks": "192.0.2.0/24",  # nobody here: who relays must log in
            "disable_dns_lookups": "yes",
            "smtp_dns_support_level": "disabled",
            "smtp_host_lookup": "native",
            "maillog_file": self.log,
            "maillog_file_prefixes": "/",
            "maximal_backoff_time": "5s",
            "minimal_backoff_time": "1s",
            "queue_run_delay": "1s",
            "recipient_delimiter": "+",
            "alias_maps": "",
            "local_recipient_maps": "",
            "virtual_mailbox_domains": ", ".join(domains),
            "virtual_mailbox_base": self.mail,
            "virtual_mailbox_maps": f"texthash:{self.etc}/mailboxes",
            "virtual_uid_maps": f"static:{MAILBOX_UID}",
            "virtual_gid_maps": f"static:{MAILBOX_UID}",
            "transport_maps": f"texthash:{self.etc}/transport",
            "default_transport": "error:no route to the outside",
            "smtpd_recipient_restrictions": "permit_sasl_authenticated, reject_unauth_destination",
            "smtpd_client_connection_rate_limit": "0",
            "smtpd_peername_lookup": "no",
            "smtputf8_enable": "yes",
            "milter_protocol": "6",
            "milter_default_action": "accept",
        }
        self.transports = {}

    # --- before the start ---------------------------------------------------------------------
    def mailbox(self, *addresses):
        self.mailboxes += addresses

    def route(self, domain, port):
        self.transports[domain] = f"smtp:[127.0.0.1]:{port}"

    def listen(self, name, options=None):
        """An smtpd on a free port; gives the port back."""
        port = self.ports.setdefault(name, free_port())
        lines = [f"127.0.0.1:{port} inet n - n - - smtpd"]
        lines += [f"  -o {{ {key} = {value} }}" for key, value in (options or {}).items()]
        self.services.append("\n".join(lines))
        return port

    def submission(self, auth_socket, options=None):
        login = {
            "smtpd_sasl_auth_enable": "yes",
            "smtpd_sasl_type": "dovecot",
            "smtpd_sasl_path": auth_socket,
            "smtpd_tls_auth_only": "no",
            "smtpd_relay_restrictions": "permit_sasl_authenticated, reject",
            "smtpd_recipient_restrictions": "permit_sasl_authenticated, reject",
        }
        return self.listen("submission", {**login, **(options or {})})

    def write(self):
        for path in (self.directory, self.etc, self.spool, self.mail, self.directory / "data"):
            path.mkdir(parents=True, exist_ok=True)
            path.chmod(0o755)
        os.chown(self.mail, MAILBOX_UID, MAILBOX_UID)
        shutil.chown(self.directory / "data", "postfix")
        main = "".join(f"{key} = {value}\n" for key, value in self.settings.items())
        (self.etc / "main.cf").write_text(main)
        (self.etc / "master.cf").write_text(SERVICES + "\n".join(self.services) + "\n")
        boxes = "".join(f"{a} {a.replace('@', '_at_')}/\n" for a in self.mailboxes)
        (self.etc / "mailboxes").write_text(boxes)
        routes = "".join(f"{domain} {to}\n" for domain, to in self.transports.items())
        (self.etc / "transport").write_text(routes)

    # --- running ------------------------------------------------------------------------------
    def command(self, *argv, check=True, **keywords):
        done = subprocess.run(
            [str(a) for a in argv], capture_output=True, text=True, timeout=60,
            start_new_session=True, **keywords,
        )  # fmt: skip
        if check and done.returncode != 0:
            raise AssertionError(f"{argv}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def start(self):
        self.write()
        self.running = True  # also when interrupted in the middle
        live.add(self)
        self.command("postfix", "-c", self.etc, "start")
        for port in self.ports.values():
            wait.until(lambda port=port: self._greets(port), 20, f"{self.hostname} on {port}")

    @staticmethod
    def _greets(port):
        try:
            with smtplib.SMTP("127.0.0.1", port, timeout=5) as smtp:
                return smtp.noop()[0] == 250
        except (OSError, smtplib.SMTPException):
            return False

    def reload(self):
        self.write()
        self.command("postfix", "-c", self.etc, "reload")

    def stop(self):
        if self.running:
            self.command("postfix", "-c", self.etc, "stop", check=False)
            self.running = False
        live.remove(self)

    def flush(self):
        self.command("postqueue", "-c", self.etc, "-f")

    # --- using it -----------------------------------------------------------------------------
    def send(self, port_name, sender, recipients, raw, login=None, options=()):
        """Hand a message over as a mail client or a remote server does. Raises smtplib's errors."""
        with smtplib.SMTP("127.0.0.1", self.ports[port_name], timeout=30) as smtp:
            smtp.ehlo("client.example")
            if login:
                smtp.login(*login)
            raw = raw if isinstance(raw, bytes) else raw.encode()
            return smtp.sendmail(sender, recipients, raw, mail_options=list(options))

    def sendmail(self, sender, recipients, raw):
        """A local user's sendmail -f."""
        raw = raw if isinstance(raw, bytes) else raw.encode()
        done = subprocess.run(
            ["sendmail", "-C", str(self.etc), "-i", "-f", sender, *recipients],
            input=raw, capture_output=True, timeout=60,
        )  # fmt: skip
        if done.returncode != 0:
            raise AssertionError(done.stderr.decode())

    def raw_messages(self, address):
        """The files of a mailbox, oldest first, as bytes."""
        new = self.mail / address.replace("@", "_at_") / "new"
        files = sorted(new.iterdir(), key=lambda p: p.stat().st_mtime_ns) if new.exists() else []
        return [path.read_bytes() for path in files]

    def messages(self, address):
        return [
            email.message_from_bytes(raw, policy=email.policy.default)
            for raw in self.raw_messages(address)
        ]

    def arrived(self, address, text, seconds=30.0):
        """Wait for a message that holds this text; gives its bytes."""
        needle = text.encode()

        def found():
            return next((m for m in self.raw_messages(address) if needle in m), None)

        try:
            return wait.until(found, seconds, f"a message with {text!r} for {address}")
        except wait.Late as late:
            raise AssertionError(f"{late}\n{self.log_text()[-6000:]}") from None

    def log_text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def queue_ids(self, text):
        """Queue IDs of log lines with this text."""
        lines = (line for line in self.log_text().splitlines() if text in line)
        return re.findall(r": ([0-9A-F]{6,}): ", "\n".join(lines))

    def is_empty(self):
        done = self.command("postqueue", "-c", self.etc, "-p")
        return "Mail queue is empty" in done.stdout

    def settle(self, seconds=30.0):
        """Wait until nothing is in the queue any more."""
        wait.until(self.is_empty, seconds, f"an empty queue of {self.hostname}", every=0.1)


def delivered_copy(raw, own="mail.creditor.example"):
    """A delivered message as the milter protocol showed it, with CRLF: without the trace fields
    that the delivering server put on top, and without the Received line of the server `own`,
    which stands below fields that a filter inserted at the top."""
    fields, body = milter.split_message(raw.replace(b"\r\n", b"\n"))
    traces = (b"return-path", b"x-original-to", b"delivered-to", b"received")
    while fields[0][0].lower() in traces:
        del fields[0]
    by = f"by {own} ".encode()
    state = milter.MessageState("", [], b"")
    state.fields = [f for f in fields if f[0].lower() != b"received" or by not in f[1]]
    state.body = body
    return state.render()
