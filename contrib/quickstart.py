"""The play of contrib/quickstart: two mail servers, one unpaid invoice.

    python3 contrib/quickstart.py BUILD WORK RESULT

Uses the servers of the tests (tests/lib). Stops what it started, however it ends.
"""

import email.utils
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import time

SOURCE = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(SOURCE / "tests"))

from lib import mails, wait  # noqa: E402
from lib.postfix import delivered_copy  # noqa: E402
from lib.world import World  # noqa: E402

JEANNE, PAUL = "jeanne@creditor.example", "paul@debtor.example"
GONE = "ancien@debtor.example"
INVOICE = "F-2026-001"
INVOICES = """\
invoice,debtor,name,amount,currency,issued,due
F-2026-001,DUPONT,Dupont SARL,1200.00,EUR,2026-09-01,2026-10-01
F-2026-002,DUPONT,Dupont SARL,350.50,EUR,2026-09-15,2026-10-15
F-2026-003,MARTIN,Martin SA,80.00,EUR,2026-10-01,2026-10-31
"""
CONTACTS = """\
debtor,address,name
DUPONT,paul@debtor.example,Paul Dupont
DUPONT,ancien@debtor.example,Ancien comptable
MARTIN,lise@other.example,Lise Martin
"""
REMINDER = """\
Madame, Monsieur,

sauf erreur de notre part, notre facture F-2026-001 de 1 200,00 € TTC, échue le
1er octobre 2026, reste impayée. Nous vous remercions de la régler sous huit jours.

Jeanne Petit, comptabilité, Exemple SAS
"""


def now(raw):
    """The message as if it were written at this moment: what it says of days counts from here."""
    date = b"Date: " + email.utils.formatdate(localtime=True).encode()
    dated, count = re.subn(rb"(?m)^Date: [^\r\n]*", date, raw, count=1)
    return dated if count else date + b"\r\n" + raw


class Play:
    def __init__(self, build, work, result):
        self.result = pathlib.Path(result)
        self.world = World(work, build, prefix="temoin-demo")
        self.daemon = self.world.daemon
        self.creditor, self.debtor = self.world.creditor, self.world.debtor
        self.number = 0
        self.begun = time.monotonic()

    # --- telling ------------------------------------------------------------------------------
    def scene(self, text):
        self.number += 1
        print(f"\n== {self.number}. {text}", flush=True)

    @staticmethod
    def tell(text):
        for line in text.rstrip("\n").splitlines():
            print(f"   {line}", flush=True)

    def command(self, *argv, **keywords):
        self.tell("$ temoin " + " ".join(str(a) for a in argv))
        done = self.daemon.temoin(*argv, **keywords)
        self.tell(done.stdout)
        return done

    def fields(self, raw, *names):
        for name in names:
            value = mails.field(raw, name)
            if value:
                self.tell(f"{name}: {value}")

    def events(self, expected):
        wait.until(
            lambda: self.daemon.events(INVOICE) == expected, 30,
            f"the dossier to hold {', '.join(expected)}", every=0.2,
        )  # fmt: skip

    # --- the scenes ---------------------------------------------------------------------------
    def servers(self):
        self.scene("Keys, seal, store; the register; two mail servers")
        self.world.start(self.register)
        ports = self.creditor.ports
        self.tell(
            f"creditor.example: port 25 at 127.0.0.1:{ports['mx']}, submission with login at "
            f"127.0.0.1:{ports['submission']}, temoind beside both\n"
            f"debtor.example:   port 25 at 127.0.0.1:{self.debtor.ports['mx']}"
        )

    def register(self, daemon):
        for name, text in (("factures.csv", INVOICES), ("contacts.csv", CONTACTS)):
            (self.daemon.directory / name).write_text(text)
            self.command("import", self.daemon.directory / name)

    def reminder(self):
        self.scene("Jeanne, accountant, sends a reminder from her usual mail client")
        raw = now(mails.reminder(
            INVOICE, to=f"{PAUL}, {GONE}", body=REMINDER, subject=f"Facture {INVOICE} : rappel"
        ))  # fmt: skip
        self.fields(raw, "From", "To", "Subject")
        self.creditor.send("submission", JEANNE, [PAUL, GONE], raw, self.world.login("jeanne"))
        delivered = self.debtor.arrived(PAUL, INVOICE)
        self.tell("\nWhat Paul's server took in; the last four are new, the body is as it was:")
        self.fields(delivered, "Return-Path", "Subject", "Reply-To",
                    "Disposition-Notification-To", "References", "Temoin-Token")  # fmt: skip
        self.tell("\n(plus_address is switched on for Jeanne here: her Reply-To carries the token.)")
        self.delivered = delivered

    def bounce(self):
        self.scene(f"{GONE} is unknown there: Postfix makes a bounce, temoin files it")
        notice = self.creditor.arrived(JEANNE, "kind=dsn")
        self.fields(notice, "Subject", "Temoin-Dossier")
        self.events(["prepared", "failed"])

    def receipt(self):
        self.scene("Paul reads it; his mail client returns a read receipt")
        tagged = mails.field(self.delivered, "Return-Path").strip("<>")
        self.debtor.sendmail(PAUL, [tagged], now(mails.read_receipt(self.delivered)))
        notice = self.creditor.arrived(JEANNE, "kind=mdn")
        self.fields(notice, "Subject", "Temoin-Dossier")
        self.events(["prepared", "failed", "reported-displayed"])

    def answer(self):
        self.scene("Paul answers")
        tagged = mails.field(self.delivered, "Reply-To")
        raw = now(mails.reply(
            delivered_copy(self.delivered), body="Bonjour,\n\nnous payons lundi.\n\nPaul\n"
        ))  # fmt: skip
        self.debtor.sendmail(PAUL, [tagged], raw)
        self.answered = self.creditor.arrived(JEANNE, "kind=reply")
        self.fields(self.answered, "From", "Subject", "Temoin-Dossier")
        self.events(["prepared", "failed", "reported-displayed", "reply"])
        if not self.daemon.paused(INVOICE):
            raise AssertionError("a reply did not pause the dossier")
        self.tell("\nThe dossier is paused, before anyone has read the answer.")

    def thanks(self):
        self.scene("Jeanne answers the answer; she does not name the invoice")
        raw = now(mails.reply(
            delivered_copy(self.answered), JEANNE, PAUL, "Merci, bien noté.\n", subject="Re: lundi"
        ))  # fmt: skip
        self.fields(raw, "To", "Subject")
        self.creditor.send("submission", JEANNE, [PAUL], raw, self.world.login("jeanne"))
        self.debtor.arrived(PAUL, mails.field(raw, "Message-ID"))
        self.events(["prepared", "failed", "reported-displayed", "reply", "prepared"])
        self.tell("Filed all the same: the thread is known.")

    def handed_over(self):
        self.scene("What the creditor's mail log tells: did Paul's server take the reminder in?")
        wait.until(
            lambda: self.creditor.log_text().count(f"to=<{PAUL}>") >= 2, 30,
            "the creditor's log to tell of both messages to Paul", every=0.2,
        )  # fmt: skip
        self.command("follow", "--once", self.creditor.log)
        if "handed-over" not in self.daemon.events(INVOICE):
            raise AssertionError("the mail log's hand-over is not in the dossier")

    def dossier(self):
        self.scene("The dossier")
        done = self.command("show", INVOICE)
        (self.result / f"{INVOICE}.txt").write_text(done.stdout)

    def evidence(self):
        self.scene("The evidence file")
        archive = self.result / f"{INVOICE}.asice"
        archive.unlink(missing_ok=True)
        self.command("evidence", INVOICE, "-o", archive)
        self.piece = self.result / "piece"
        shutil.rmtree(self.piece, ignore_errors=True)
        subprocess.run(["unzip", "-q", archive, "-d", self.piece], check=True)
        if (self.piece / "entries/001.eml").read_bytes() != delivered_copy(self.delivered):
            raise AssertionError("the archived reminder is not what was delivered")
        self.tell(
            "entries/001.eml, the copy that was taken before the reminder left, is octet for octet "
            "what\nPaul's server took in."
        )

    def verified(self):
        self.scene("LISEZMOI.txt's own commands: stock tools, without temoin")
        for script in self.instructions():
            self.tell("$ " + script.replace("\n", "\n  "))
            done = self.run(script)
            self.tell(self.short(done.stdout + done.stderr))
            if done.returncode != 0:
                raise AssertionError(f"{script}: exit status {done.returncode}")
            self.tell("-> correct\n\n")

    @staticmethod
    def short(text):
        """Equal lines once: there is one a record."""
        return "\n".join(dict.fromkeys(text.splitlines()))

    def instructions(self):
        """The indented blocks below LISEZMOI.txt's heading of commands."""
        text = (self.piece / "LISEZMOI.txt").read_text()
        part = text[text.index("COMMANDES DE VÉRIFICATION") : text.index("FICHIERS / FILES")]
        blocks = re.findall(r"(?:^    .*\n)+", part, re.M)
        scripts = [textwrap.dedent(block).strip() for block in blocks]
        if not any("openssl" in s for s in scripts) or not any("sha256sum" in s for s in scripts):
            raise AssertionError("LISEZMOI.txt prints no openssl or no sha256sum command")
        return scripts

    def run(self, script):
        return subprocess.run(
            ["sh", "-c", script], cwd=self.piece, capture_output=True, text=True, timeout=60
        )

    def refusals(self):
        return [
            (done.stdout.strip() or done.stderr.strip()).splitlines()[-1]
            for done in map(self.run, self.instructions())
            if done.returncode != 0
        ]

    def altered(self):
        self.scene("One digit is changed, and the same commands are run again: they must say no")
        for name, good, bad in (
            ("entries/001.eml", "1 200,00 €".encode(), "1 300,00 €".encode()),
            ("entries/001.json", b'"n":1', b'"n":2'),
        ):
            path = self.piece / name
            octets = path.read_bytes()
            if good not in octets:
                raise AssertionError(f"{name} does not hold {good}")
            path.write_bytes(octets.replace(good, bad, 1))
            refused = self.refusals()
            path.write_bytes(octets)
            if len(refused) < 2:
                raise AssertionError(f"an altered {name} went unnoticed")
            self.tell(f"{name}, {good.decode()} made {bad.decode()}:")
            for line in refused:
                self.tell(f"  refused: {line}")
        if self.refusals():
            raise AssertionError("the restored file is refused")

    def log(self):
        self.scene("The whole log: every hash, signature, chain and the root")
        self.command("verify", "--log")

    def keep(self):
        for name, path in (
            ("temoind.log", self.daemon.log_file),
            ("temoin.conf", self.daemon.config_file),
            ("creditor.maillog", self.creditor.log),
            ("debtor.maillog", self.debtor.log),
        ):
            if path.exists():
                shutil.copyfile(path, self.result / name)

    def play(self):
        for scene in (self.servers, self.reminder, self.bounce, self.receipt, self.answer,
                      self.thanks, self.handed_over, self.dossier, self.evidence,
                      self.verified, self.altered, self.log):  # fmt: skip
            scene()


def main():
    play = Play(*sys.argv[1:4])
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    status = 1
    try:
        play.play()
        status = 0
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        status = 130
    except (AssertionError, OSError, subprocess.SubprocessError) as error:
        print(f"\nquickstart: {error}", file=sys.stderr)
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        play.keep()
        play.world.stop()
        play.daemon.accounts.remove()
    print(f"\nEverything that was started is stopped ({time.monotonic() - play.begun:.0f} s).")
    print(f"The result is in {play.result}")
    return status


if __name__ == "__main__":
    sys.exit(main())
