"""A creditor's mail server with temoind beside it, and the rest of the world as one other server.

    world = World(directory, build)
    world.start()
    world.creditor.send("submission", JEANNE, [PAUL], message, world.login("jeanne"))
    raw = world.debtor.arrived(PAUL, "F-2026-001")
    world.debtor.sendmail(PAUL, [JEANNE], mails.reply(raw))
    world.stop()
"""

import pathlib
from concurrent.futures import ThreadPoolExecutor

from .postfix import Postfix
from .sasl import PasswordServer
from .temoind import Temoind

PASSWORDS = {"jeanne": "secret-j", "marc": "secret-m", "boss": "secret-b"}


class World:
    def __init__(self, directory, build, prefix="temoin-test", sealed=()):
        """`sealed`: milters between stamp and archive; given, there are two listeners for
        submission, one on each side of them."""
        self.directory = pathlib.Path(directory)
        self.daemon = Temoind(self.directory / "temoin", build, prefix)
        self.daemon.listeners = {"submission": "both", "mx": "both"}
        if sealed:
            self.daemon.listeners = {"stamp": "stamp", "archive": "archive", "mx": "both"}
        self.debtor = Postfix(
            self.directory / "debtor", "mail.debtor.example",
            ["debtor.example", "other.example", "avocat.example", "stranger.example",
             "rival.example"],
        )  # fmt: skip
        self.creditor = Postfix(
            self.directory / "creditor", "mail.creditor.example", ["creditor.example"]
        )
        self.debtor.mailbox(
            "paul@debtor.example", "compta@debtor.example", "lise@other.example",
            "maitre@avocat.example", "eve@stranger.example",
        )  # fmt: skip
        self.creditor.mailbox(
            "jeanne@creditor.example", "marc@creditor.example", "boss@creditor.example"
        )
        self.auth_path = self.directory / "auth"
        self.auth = None
        self.sealed = tuple(sealed)
        self.submission_options, self.mx_options = {}, {}
        self.daemon.settings["postfix_config_directory"] = self.creditor.etc
        self.daemon.accountants["jeanne"]["plus_address"] = True

    def login(self, name):
        return (name, PASSWORDS[name])

    def milter_of(self, listener):
        return f"unix:{self.daemon.socket(listener)}"

    def configure_servers(self):
        self.debtor.listen("mx")
        mx = self.milter_of("mx")
        self.creditor.settings["non_smtpd_milters"] = mx
        self.creditor.settings["internal_mail_filter_classes"] = "bounce, notify"
        self.creditor.listen("mx", {"smtpd_milters": mx, **self.mx_options})
        chain = [self.milter_of("submission")] if not self.sealed else [
            self.milter_of("stamp"), *self.sealed, self.milter_of("archive"),
        ]  # fmt: skip
        options = {"smtpd_milters": ", ".join(chain), "milter_default_action": "tempfail"}
        self.creditor.submission(self.auth_path, {**options, **self.submission_options})
        for domain in self.debtor.domains:
            self.creditor.route(domain, self.debtor.ports["mx"])
        self.debtor.route("creditor.example", self.creditor.ports["mx"])

    def start(self, fill_register=None):
        self.directory.mkdir(parents=True, exist_ok=True)
        self.directory.chmod(0o755)
        self.auth = PasswordServer(str(self.auth_path), PASSWORDS)
        self.daemon.prepare()
        if fill_register:
            fill_register(self.daemon)
        self.daemon.start()
        self.configure_servers()
        with ThreadPoolExecutor(2) as pool:
            for done in [pool.submit(self.creditor.start), pool.submit(self.debtor.start)]:
                done.result()

    def stop(self):
        """Everything, even when one of them complains; the first complaint is raised at the end."""
        complaints = []
        for stop in (self.creditor.stop, self.debtor.stop, self.daemon.stop, self._stop_auth):
            try:
                stop()
            except Exception as error:
                complaints.append(error)
        if complaints:
            raise complaints[0]

    def _stop_auth(self):
        if self.auth:
            self.auth.stop()
            self.auth = None
