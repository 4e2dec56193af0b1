"""Private Dovecot instances: delivery agents with Sieve behind a private Postfix.

    dovecot = Dovecot(directory, world.debtor)
    dovecot.mailbox("away@debtor.example", 'require "vacation"; vacation "Parti.";')
    ...                   # before world.debtor starts
    dovecot.start()
    dovecot.stop()

Postfix hands the mail of these addresses over with LMTP and takes Dovecot's own messages
(notices, rejections, redirects) on a port of loopback; they are delivered where Postfix itself
would, so that Postfix.arrived() finds them. The system's own Dovecot, configured or not, is
neither read nor touched. Must run as root (Dovecot's master does).
"""

import os
import pathlib
import socket
import subprocess

from . import live, wait
from .postfix import MAILBOX_UID

CONFIGURATION = """\
base_dir = {directory}/run
state_dir = {directory}/state
log_path = {directory}/log
protocols = lmtp
ssl = no
hostname = {hostname}
postmaster_address = postmaster@{domain}
recipient_delimiter = +
mail_location = maildir:{mail}/%n_at_%d
passdb {{
  driver = passwd-file
  args = {directory}/users
}}
userdb {{
  driver = passwd-file
  args = {directory}/users
}}
service lmtp {{
  unix_listener lmtp {{
    mode = 0666
  }}
}}
submission_host = 127.0.0.1:{port}
protocol lmtp {{
  mail_plugins = quota sieve
}}
plugin {{
  quota = maildir:User quota
  quota_grace = 0
  sieve = file:~/script.sieve
}}
"""


class Dovecot:
    def __init__(self, directory, postfix, options=None):
        """`options`: of the port on which Postfix takes what Dovecot sends."""
        self.directory, self.postfix = pathlib.Path(directory), postfix
        self.log, self.process = self.directory / "log", None
        self.scripts, self.quotas = {}, {}
        postfix.listen("agent", {
            "mynetworks": "127.0.0.0/8",
            "smtpd_recipient_restrictions": "permit_mynetworks, reject",
            **(options or {}),
        })  # fmt: skip
        postfix.services.append("lmtp unix - - n - - lmtp")

    def mailbox(self, address, script, quota=None):
        """`quota`: what it may hold, as "1B"."""
        self.scripts[address], self.quotas[address] = script, quota
        self.hand_over(address)

    def hand_over(self, address):
        """Mail for it comes here, whether there is such a mailbox or not."""
        if address not in self.postfix.mailboxes:
            self.postfix.mailbox(address)
        self.postfix.transports[address] = f"lmtp:unix:{self.directory}/run/lmtp"

    def prepare(self):
        self.directory.mkdir(mode=0o755)
        text = CONFIGURATION.format(
            directory=self.directory, hostname=self.postfix.hostname,
            domain=self.postfix.domains[0], mail=self.postfix.mail,
            port=self.postfix.ports["agent"],
        )  # fmt: skip
        (self.directory / "conf").write_text(text)
        users = ""
        for address, script in self.scripts.items():
            home = self.directory / address
            home.mkdir()
            (home / "script.sieve").write_text(script)
            os.chown(home, MAILBOX_UID, MAILBOX_UID)
            rule = self.quotas[address]
            rule = f"userdb_quota_rule=*:storage={rule}" if rule else ""
            users += f"{address}::{MAILBOX_UID}:{MAILBOX_UID}::{home}::{rule}\n"
        (self.directory / "users").write_text(users)

    def start(self):
        self.prepare()
        with open(self.directory / "output", "wb") as output:
            self.process = subprocess.Popen(
                ["dovecot", "-F", "-c", self.directory / "conf"],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            )  # fmt: skip
        live.add(self)
        wait.until(self.greets, 30, "the greeting of Dovecot")

    def greets(self):
        if self.process.poll() is not None:
            output = (self.directory / "output").read_text(errors="replace")
            raise AssertionError(output + self.log_text())
        try:
            with socket.socket(socket.AF_UNIX) as lmtp:
                lmtp.settimeout(5)
                lmtp.connect(str(self.directory / "run" / "lmtp"))
                return lmtp.recv(100).startswith(b"220 ")
        except OSError:
            return False

    def log_text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def stop(self):
        """Its master takes the other processes with it."""
        if self.process:
            self.process.terminate()
            self.process.wait(20)
            self.process = None
        live.remove(self)
