"""The command temoin, with the daemon stopped and with it running."""

import os
import pathlib
import pwd
import re
import socket
import stat
import subprocess
import unittest
from unittest import mock

from lib import mails
from lib.case import BUILD, Case, DaemonCase, contacts_csv, invoices_csv
from lib.temoind import Temoind

ROOT = os.geteuid() == 0


def message(sender, to, subject, body="Bonjour,\nnous payons vendredi.\n", headers=()):
    lines = [
        "Received: from mail.debtor.example by mail.creditor.example;",
        "\tFri, 20 Nov 2026 10:00:00 +0000",
        f"From: {sender}",
        f"To: {to}",
        f"Subject: {subject}",
        "Date: Fri, 20 Nov 2026 10:00:00 +0000",
        *headers,
    ]
    return "\n".join(lines) + "\n\n" + body


class CommandCase(Case):
    """A store that `temoin init` made, no daemon."""

    init = True

    def setUp(self):
        self.daemon = Temoind(self.directory / self._testMethodName, BUILD)
        self.daemon.prepare(init=self.init)
        self.temoin = self.daemon.temoin

    def tearDown(self):
        self.assertEqual(self.daemon.sanitizer_reports(), "")

    def fill(self, *numbers):
        self.daemon.import_csv("i.csv", invoices_csv([(n, "ACME") for n in numbers]))
        self.daemon.import_csv("c.csv", contacts_csv())

    def check_lines(self, *argv, status=None):
        done = self.temoin("check", *argv, status=status)
        return done.stdout


class CommandLine(CommandCase):
    init = False

    def run_bare(self, *argv):
        return subprocess.run(
            [BUILD / "temoin", *map(str, argv)], capture_output=True, text=True, timeout=30
        )

    def test_help_names_every_command(self):
        done = self.run_bare("--help")
        self.assertEqual(done.returncode, 0)
        for name in ("init", "check", "import", "show", "note", "review", "file", "evidence",
                     "verify", "keys", "stats"):  # fmt: skip
            self.assertRegex(done.stdout, rf"(?m)^  {name} +\S")
            helped = self.run_bare(name, "--help")
            self.assertEqual(helped.returncode, 0, helped)
            self.assertIn(f"temoin {name}", helped.stdout)

    def test_version(self):
        self.assertRegex(self.run_bare("--version").stdout, r"^temoin \d")

    def test_wrong_command_lines(self):
        for argv in ([], ["frobnicate"], ["--config"], ["check", "--nonsense"], ["init", "x"]):
            self.assertEqual(self.run_bare(*argv).returncode, 64, argv)

    def test_config_stands_anywhere(self):
        for argv in (["--config", self.daemon.config_file, "check"],
                     ["check", "--config", self.daemon.config_file],
                     ["check", f"--config={self.daemon.config_file}"]):  # fmt: skip
            self.assertIn("ok      configuration", self.run_bare(*argv).stdout)

    def test_a_configuration_that_is_not_there(self):
        done = self.run_bare("stats", "--config", "/nonexistent/temoin.conf")
        self.assertEqual(done.returncode, 78)
        self.assertIn("/nonexistent/temoin.conf", done.stderr)
        self.assertIn("temoin init", done.stderr)

    def test_errors_of_the_configuration_have_a_line(self):
        self.daemon.config_file.write_text(self.daemon.configuration() + "nonsense = 3\n")
        done = self.temoin("stats", status=78)
        self.assertRegex(done.stderr, r"temoin\.conf:\d+: ")
        self.assertRegex(self.check_lines(status=78), r"(?m)^error +\S*temoin\.conf:\d+: ")

    def test_init_writes_an_example_that_is_accepted(self):
        path = self.directory / "etc" / "example.conf"
        done = self.run_bare("init", "--config", path)
        self.assertEqual(done.returncode, 78)
        self.assertIn(str(path), done.stdout)
        source = pathlib.Path(os.environ.get("TEMOIN_SOURCE", BUILD)) / "contrib"
        if (source / "temoin.conf.example").exists():
            self.assertEqual(path.read_text(), (source / "temoin.conf.example").read_text())
        self.assertIn("ok      configuration", self.run_bare("check", "--config", path).stdout)


class WrongOptions(CommandCase):
    def test_say_what_is_wrong(self):
        for argv, said in (
            (["evidence", "F-2026-001", "-o"], "-o needs a value"),
            (["evidence", "F-2026-001", "--output"], "--output needs a value"),
            (["evidence", "F-2026-001", "--lang"], "--lang needs a value"),
            (["evidence", "-x", "F-2026-001"], "wrong option -x"),
            (["evidence", "--nope", "F-2026-001"], "wrong option --nope"),
            (["file", "--from"], "--from needs a value"),
            (["file", "-f"], "wrong option -f"),
            (["note", "--occurred"], "--occurred needs a value"),
            (["review", "dismiss", "1", "--reason"], "--reason needs a value"),
            (["follow", "--onc=2"], "--once takes no value"),
            (["verify", "--seal"], "--seal needs a value"),
            (["verify", "--log", "checkpoint.txt"], "write --checkpoint checkpoint.txt"),
            (["show", ""], "the invoice number is empty"),
        ):
            with self.subTest(argv=argv):
                done = self.temoin(*argv, status=64)
                self.assertEqual(done.stderr.splitlines()[0].partition(": ")[0], "temoin")
                self.assertIn(said, done.stderr.splitlines()[0])
                self.assertEqual(done.stdout, "")


class Init(CommandCase):
    def owner(self, path):
        found = path.stat()
        return pwd.getpwuid(found.st_uid).pw_name, stat.S_IMODE(found.st_mode)

    def test_who_owns_what(self):
        me = pwd.getpwuid(os.geteuid()).pw_name
        user, sealer, root = me, me, me
        if ROOT:
            user, sealer = self.daemon.accounts.user, self.daemon.accounts.sealer
        keys, store = self.daemon.keys, self.daemon.store
        self.assertEqual(self.owner(keys / "token.keys"), (root, 0o640))
        self.assertEqual(self.owner(keys / "seal.key"), (sealer, 0o400))
        self.assertEqual(self.owner(store), (user, 0o750))
        self.assertEqual(self.owner(store / "spool"), (user, 0o2770))
        self.assertEqual(self.owner(store / "seal")[0], sealer)
        strangers = {
            str(path): path.owner()
            for path in store.rglob("*")
            if path.owner() != (sealer if "seal" in path.relative_to(store).parts else user)
        }
        self.assertEqual(strangers, {})

    def test_the_log_begins_and_is_signed(self):
        figures = self.daemon.json("stats")
        self.assertEqual(figures["log"]["entries"], 1)
        self.assertEqual(figures["seal"]["signatures"], 1)
        self.assertRegex(figures["log"]["origin"], r"^temoin\.creditor\.example/[0-9a-f]{8}$")
        self.temoin("verify", "--log")

    def test_nothing_is_overwritten(self):
        before = {p: p.read_bytes() for p in self.daemon.keys.iterdir()}
        done = self.temoin("init", status=73)
        self.assertIn("nothing was changed", done.stderr)
        self.assertEqual({p: p.read_bytes() for p in self.daemon.keys.iterdir()}, before)
        self.assertEqual(self.daemon.last_seq(), 1)

    def test_rotation_keeps_the_old_key(self):
        path = self.daemon.keys / "token.keys"
        old = re.search(r"(?m)^1 (\w{64}) active$", path.read_text())[1]
        owner = self.owner(path)
        done = self.temoin("init", "--rotate-token-key")
        self.assertIn("eload temoind", done.stdout)
        self.assertIn(f"1 {old} old\n", path.read_text())
        self.assertRegex(path.read_text(), r"(?m)^2 \w{64} active$")
        self.assertEqual(self.owner(path), owner)
        self.assertEqual(self.daemon.last_seq(), 2)

    @unittest.skipUnless(ROOT, "needs root")
    def test_another_user_is_told(self):
        nobody = pwd.getpwnam("nobody")
        done = subprocess.run(
            [BUILD / "temoin", "--config", self.daemon.config_file, "stats"],
            user=nobody.pw_uid, group=nobody.pw_gid, extra_groups=[], capture_output=True,
            text=True, env=self.daemon.environment(),
        )  # fmt: skip
        self.assertEqual(done.returncode, 77, done)
        self.assertIn("log.db", done.stderr)
        group = self.daemon.store.group()
        self.assertIn(f"run it as root (sudo), or let your user be in the group {group}", done.stderr)
        # and that is enough to look
        done = subprocess.run(
            [BUILD / "temoin", "--config", self.daemon.config_file, "stats"],
            user=nobody.pw_uid, group=self.daemon.store.stat().st_gid, extra_groups=[],
            capture_output=True, text=True, env=self.daemon.environment(),
        )  # fmt: skip
        self.assertEqual(done.returncode, 0, done)


class Check(CommandCase):
    def test_all_is_well(self):
        self.fill("F-2026-001")
        text = self.check_lines(status=0)
        for what in ("configuration", "token keys", "disk", "log", "register"):
            self.assertRegex(text, rf"(?m)^ok +{what}")
        self.assertNotIn("error ", text.replace("errors", ""))

    def test_keys_that_are_too_open(self):
        (self.daemon.keys / "token.keys").chmod(0o644)
        self.assertRegex(self.check_lines(status=77), r"(?m)^error .*token\.keys.*chmod 640")

    def test_a_broken_key_file(self):
        (self.daemon.keys / "token.keys").write_text("1 abc active\n")
        self.assertRegex(self.check_lines(status=65), r"(?m)^error .*token\.keys:1:")

    def test_no_seal_certificate(self):
        (self.daemon.keys / "seal.pem").unlink()
        self.assertRegex(self.check_lines(status=66), r"(?m)^error +seal certificate: ")

    def test_a_certificate_of_another_key(self):
        other = Temoind(self.directory / "other", BUILD)
        other.prepare()
        path = self.daemon.keys / "seal.pem"
        path.unlink()
        path.write_bytes((other.keys / "seal.pem").read_bytes())
        self.assertRegex(self.check_lines(), r"(?m)^error +seal: ")

    def test_json(self):
        lines = self.daemon.json("check")
        self.assertIn({"level": "warning"}, [{"level": line["level"]} for line in lines])


POSTCONF = """#!/bin/sh
[ "$1" = -c ] && shift 2
case "$1 $2" in
"-x -P") cat <<'END'
{master}
END
;;
-x*) cat <<'END'
smtpd_milters = {milters}
non_smtpd_milters = {others}
milter_default_action = {action}
internal_mail_filter_classes = {classes}
queue_directory = {queue}
mail_owner = {owner}
milter_protocol = {protocol}
smtpd_sasl_auth_enable = no
END
;;
-F*) cat <<'END'
smtp/inet/command = smtpd
smtp/inet/chroot = {chroot}
submission/inet/command = smtpd -o smtpd_sasl_auth_enable=yes
submission/inet/chroot = {chroot}
cleanup/unix/command = cleanup
cleanup/unix/chroot = {chroot}
smtp/unix/command = smtp
smtp/unix/chroot = {chroot}
END
;;
esac
"""


class CheckLive(CommandCase):
    """A Postfix that says what the test wants, and a socket that somebody listens on."""

    def setUp(self):
        super().setUp()
        self.queue = self.daemon.directory / "q"
        (self.queue / "temoin").mkdir(parents=True)
        self.path = self.queue / "temoin" / "m.sock"
        self.daemon.sockets = self.queue / "temoin"
        self.daemon.listeners = {"m": "both"}
        self.daemon.write_configuration()
        self.listening = socket.socket(socket.AF_UNIX)
        self.addCleanup(self.listening.close)
        os.chdir(self.path.parent)  # the path may be too long for a socket's name
        self.listening.bind("m.sock")
        os.chdir("/")
        self.listening.listen()
        self.path.chmod(0o666)
        self.answers = {
            "milters": "unix:temoin/m.sock",
            "others": "unix:temoin/m.sock",
            "action": "accept",
            "classes": "bounce, notify",
            "queue": self.queue,
            "owner": "nobody" if ROOT else pwd.getpwuid(os.geteuid()).pw_name,
            "protocol": "6",
            "chroot": "y",
            "master": "submission/inet/smtpd_sasl_auth_enable = yes\n"
            "submission/inet/milter_default_action = tempfail",
        }

    def live(self, **answers):
        bin_directory = self.daemon.directory / "bin"
        bin_directory.mkdir(exist_ok=True)
        script = bin_directory / "postconf"
        script.write_text(POSTCONF.format(**{**self.answers, **answers}))
        script.chmod(0o755)
        with mock.patch.dict(os.environ, PATH=f"{bin_directory}:{os.environ['PATH']}"):
            return self.check_lines("--live")

    def test_a_good_postfix(self):
        text = self.live()
        for service in ("smtp/inet", "submission/inet", "cleanup/unix"):
            self.assertRegex(text, rf"(?m)^ok +listener m: {service}.* can open {self.path}")
        self.assertNotRegex(text, r"(?m)^warning .*(milter_default_action|non_smtpd|bounce|login)")

    def test_no_service_names_the_listener(self):
        text = self.live(milters="inet:localhost:8891", others="")
        self.assertRegex(text, r"(?m)^error +listener m: no service of Postfix names")
        self.assertRegex(text, r"(?m)^warning +non_smtpd_milters")

    def test_a_socket_outside_the_chroot(self):
        text = self.live(milters=f"unix:{self.path}")
        self.assertRegex(text, r"(?m)^error +listener m: a socket that Postfix cannot open")
        self.assertIn(f"{self.queue}{self.path}", text)
        text = self.live(milters=f"unix:{self.path}", chroot="n")
        self.assertNotIn("cannot open", text)

    @unittest.skipUnless(ROOT, "needs root: the own user may open all that is his")
    def test_a_socket_that_postfix_may_not_open(self):
        self.path.chmod(0o660)
        text = self.live()
        self.assertRegex(text, r"(?m)^error +listener m: a socket that Postfix cannot open.*nobody")
        self.path.chmod(0o666)
        self.path.parent.chmod(0o700)
        self.assertIn("a socket that Postfix cannot open", self.live())

    def test_nobody_listens(self):
        self.listening.close()
        self.assertRegex(self.live(), r"(?m)^error +listener m: a socket that Postfix cannot open"
                                      r".*refused: start temoind")  # fmt: skip
        self.path.unlink()
        self.assertIn("does not exist", self.live())

    def test_default_actions(self):
        text = self.live(action="tempfail")
        self.assertRegex(text, r"(?m)^warning +smtp/inet: milter_default_action is tempfail")
        text = self.live(master="submission/inet/smtpd_sasl_auth_enable = yes")
        self.assertRegex(text, r"(?m)^warning +submission/inet: .*accept.*tempfail")
        braces = "{ unix:temoin/m.sock, default_action=tempfail }, unix:other"
        text = self.live(milters=braces, master="submission/inet/smtpd_sasl_auth_enable = yes")
        self.assertNotRegex(text, r"(?m)^warning +submission/inet")

    def test_bounces_logins_protocol(self):
        self.assertRegex(self.live(classes="notify"), r"(?m)^warning +internal_mail_filter_classes")
        self.assertRegex(self.live(master=""), r"(?m)^warning +no service with SASL login")
        self.assertRegex(self.live(protocol="2"), r"(?m)^error +milter_protocol")

    def test_the_daemon_is_down(self):
        self.assertRegex(self.live(), r"(?m)^error +daemon: .*start")


class Import(CommandCase):
    def test_french_files_of_all_kinds(self):
        text = ("N° facture;Code client;Raison sociale;Montant TTC;Émise le;Échéance\r\n"
                'F-2026-001;ACME;"Acme ; fils";1 200,00;01/09/2026;01/10/2026\r\n'
                "F-2026-002;ACME;;300,00;01/09/2026;01/10/2026\r\n")  # fmt: skip
        path = self.daemon.directory / "f.csv"
        path.write_bytes(text.encode("cp1252"))
        self.temoin("import", path)
        self.daemon.import_csv("c.csv", "client;courriel\nACME;paul@debtor.example\n")
        self.daemon.import_csv("p.csv", "facture;montant;date de paiement\n"
                                        "F-2026-002;100,00;02/11/2026\n"
                                        "F-2026-002;200,00;03/11/2026\n")  # fmt: skip
        shown = self.daemon.show("F-2026-002")
        self.assertEqual(self.daemon.events("F-2026-002"), ["payment", "payment"])
        self.assertIn("paid", str(shown))
        register = self.daemon.json("stats")["register"]
        self.assertEqual(
            register,
            {"debtors": 1, "contacts": 1, "invoices": 2, "open_invoices": 1, "payments": 2,
             "outbox": 0},
        )  # fmt: skip

    def test_twice_changes_nothing(self):
        self.fill("F-2026-001", "F-2026-002")
        payments = "invoice,amount,date\nF-2026-001,100.00,2026-11-02\nF-2026-001,100.00,2026-11-02\n"
        self.daemon.import_csv("p.csv", payments)
        before, figures = self.daemon.last_seq(), self.daemon.json("stats")["register"]
        self.fill("F-2026-001", "F-2026-002")
        done = self.daemon.import_csv("p.csv", payments)
        self.assertIn("0 changed, 2 unchanged", done.stdout)
        self.assertEqual(self.daemon.last_seq(), before)
        self.assertEqual(self.daemon.json("stats")["register"], figures)
        self.assertEqual(figures["payments"], 2)

    BROKEN = ("invoice;debtor;amount;due\nF-2026-001;ACME;100,00;01/10/2026\n"
              "F-2026-002;ACME;much;01/10/2026\n")  # fmt: skip

    def test_a_broken_line_is_told_and_skipped(self):
        done = self.daemon.import_csv("i.csv", self.BROKEN, status=65)
        self.assertRegex(done.stderr, r"i\.csv:3: amount \"much\" is no amount: ")
        self.assertEqual(self.daemon.json("stats")["register"]["invoices"], 1)

    def test_strict_is_all_or_nothing(self):
        before = self.daemon.last_seq()
        path = self.daemon.directory / "i.csv"
        path.write_text(self.BROKEN)
        self.temoin("import", "--strict", path, status=65)
        self.assertEqual(self.daemon.json("stats")["register"]["invoices"], 0)
        path.write_text("invoice;amount;date\nF-2026-404;1,00;01/11/2026\n")
        done = self.temoin("import", "--strict", path, status=65)
        self.assertIn("is not in the register", done.stderr)
        self.assertEqual(self.daemon.last_seq(), before)

    def test_dry_run_shows_the_columns(self):
        path = self.daemon.directory / "i.csv"
        path.write_text(self.BROKEN)
        done = self.temoin("import", "--dry-run", path, status=65)
        self.assertRegex(done.stdout, r"(?m)^  due +due$")
        self.assertIn("invoices, UTF-8", done.stdout)
        self.assertEqual(self.daemon.json("stats")["register"]["invoices"], 0)

    def test_our_own_addresses_are_no_contacts(self):
        done = self.daemon.import_csv("c.csv", "debtor,address\nACME,boss@creditor.example\n", 65)
        self.assertIn("own_domains", done.stderr)
        self.assertEqual(self.daemon.json("stats")["register"]["contacts"], 0)

    def test_a_long_file_goes_in_pieces_that_add_up(self):
        numbers = [(f"F-2026-{i:05d}", "ACME") for i in range(20000)]
        self.daemon.import_csv("i.csv", invoices_csv(numbers))
        self.assertEqual(self.daemon.json("stats")["register"]["invoices"], 20000)
        self.assertGreater(self.daemon.last_seq(), 2)  # one entry a piece

    def test_what_is_no_table(self):
        path = self.daemon.directory / "x.csv"
        for octets in (b"", b"\x00\x01\x02" * 500, b"hello\nworld\n"):
            path.write_bytes(octets)
            self.temoin("import", path, status=65)
        self.temoin("import", self.daemon.directory / "none.csv", status=66)


class Note(CommandCase):
    def test_notes(self):
        self.fill("F-2026-001")
        self.temoin("note", "F-2026-001", "Appelé Mme Durand,", "sans réponse")
        self.temoin("note", "--occurred", "12/11/2026", "F-2026-001", "-", stdin="deux\nlignes\n")
        self.assertEqual(self.daemon.events("F-2026-001"), ["note", "note"])
        text = str(self.daemon.show("F-2026-001"))
        self.assertIn("Appelé Mme Durand, sans réponse", text)
        self.assertIn("2026-11-12", text)

    def test_a_text_that_looks_like_an_option(self):
        self.fill("F-2026-001")
        self.temoin("note", "F-2026-001", "see", "--help")
        self.temoin("note", "F-2026-001", "--", "--help")
        self.assertEqual(self.daemon.events("F-2026-001"), ["note", "note"])

    def test_refusals(self):
        self.fill("F-2026-001")
        self.temoin("note", "F-2026-404", "x", status=66)
        self.temoin("note", "F-2026-001", status=64)
        self.temoin("note", "F-2026-001", "-", stdin="\n\n", status=64)
        self.temoin("note", "--occurred", "demain", "F-2026-001", "x", status=64)
        self.temoin("note", "F-2026-001", "-", stdin="x" * 70000, status=65)
        self.assertEqual(self.daemon.events("F-2026-001"), [])


class FileAndReview(CommandCase):
    def setUp(self):
        super().setUp()
        self.fill("F-2026-001", "F-2026-002")

    def file(self, text, *argv, status=0):
        return self.temoin("file", *argv, stdin=text, status=status)

    def weak(self, identity="<w1@debtor.example>"):
        """A message from a contact that names an invoice and no thread."""
        self.file(message(mails.PAUL, mails.JEANNE, "Facture F-2026-001",
                          headers=[f"Message-ID: {identity}"]),
                  "--from", mails.PAUL, "--to", mails.JEANNE)  # fmt: skip
        return self.daemon.reviews()[-1]["seq"]

    def test_a_receipt_that_names_no_thread_of_ours(self):
        """That its subject names an invoice does not help: mail programs copy subjects."""
        sent = message(mails.JEANNE, mails.PAUL, "Facture F-2026-001",
                       headers=["Message-ID: <elsewhere@creditor.example>",
                                "Temoin-Token: none", f"Return-Path: {mails.JEANNE}"])  # fmt: skip
        done = self.file(mails.read_receipt(sent, to=mails.JEANNE), "--from", mails.PAUL,
                         "--to", mails.JEANNE, status=66)  # fmt: skip
        self.assertIn("a report is matched by token or thread only", done.stderr)

    def test_weak_matches_wait_for_a_decision(self):
        seq = self.weak()
        (item,) = self.daemon.reviews()
        self.assertEqual((item["invoice"], item["event"]), ("F-2026-001", "reply"))
        self.assertEqual(item["from"], mails.PAUL)
        self.assertEqual(item["subject"], "Facture F-2026-001")
        (line,) = self.temoin("review", "list").stdout.splitlines()
        self.assertRegex(line, rf"^ +{seq} .*F-2026-001\?  from <.*>, by .*  Facture F-2026-001$")
        self.assertFalse(self.daemon.paused("F-2026-001"))

    def test_subjects_of_what_waits_are_shown_as_text(self):
        """Encoded words decoded, nothing that a terminal obeys, no more than its column holds."""
        for subject, shown in (
            ("Facture F-2026-001 =?utf-8?q?impay=C3=A9e?=", "Facture F-2026-001 impayée"),
            ("F-2026-001 =?utf-8?q?a=1B[31m=0Ab=C2=9Bc?=", r"F-2026-001 a \[31m b +c"),
            ("F-2026-001 " + "é" * 70, "F-2026-001 " + "é" * 49 + "…"),
        ):
            with self.subTest(subject=subject):
                self.file(message(mails.PAUL, mails.JEANNE, subject,
                                  headers=[f"Message-ID: <{len(subject)}@debtor.example>"]),
                          "--from", mails.PAUL, "--to", mails.JEANNE)  # fmt: skip
                text = self.temoin("review", "list").stdout
                self.assertRegex(text.splitlines()[-1], f"  {shown}$")
                self.assertNotIn("\x1b", text)
                self.assertNotIn("\x9b", text)

    def test_assigning_files_and_pauses(self):
        seq = self.weak()
        self.temoin("review", "assign", seq, "F-2026-001")
        self.assertEqual(self.daemon.reviews(), [])
        self.assertEqual(self.daemon.events("F-2026-001"), ["assign"])
        self.assertTrue(self.daemon.paused("F-2026-001"))
        done = self.temoin("review", "dismiss", seq, "--reason", "x", status=65)
        self.assertIn("was assigned already", done.stderr)
        self.temoin("verify", "--log")

    def test_assigning_to_another_is_noted_in_both(self):
        seq = self.weak()
        self.temoin("review", "assign", seq, "F-2026-002")
        self.assertEqual(self.daemon.events("F-2026-002"), ["assign"])
        self.assertEqual(self.daemon.events("F-2026-001"), ["assign"])
        self.assertTrue(self.daemon.paused("F-2026-002"))
        self.assertFalse(self.daemon.paused("F-2026-001"))

    def test_dismissing(self):
        seq = self.weak()
        self.temoin("review", "dismiss", seq, status=64)
        self.temoin("review", "dismiss", seq, "--reason", "une publicité")
        self.assertEqual(self.daemon.reviews(), [])
        self.assertEqual(self.daemon.events("F-2026-001"), ["dismiss"])
        self.assertFalse(self.daemon.paused("F-2026-001"))
        self.temoin("review", "assign", seq, "F-2026-001", status=65)
        (item,) = self.daemon.json("review", "list", "--all")
        self.assertEqual(item["state"], "dismissed")

    def test_deciding_about_what_is_not_there(self):
        self.temoin("review", "assign", "999", "F-2026-001", status=66)
        self.temoin("review", "assign", "one", "F-2026-001", status=64)
        self.temoin("review", "assign", self.weak(), "F-2026-404", status=66)

    def test_an_answer_in_a_known_thread_is_strong(self):
        self.temoin("review", "assign", self.weak(), "F-2026-002")
        self.file(message(mails.PAUL, mails.JEANNE, "Re: bonjour",
                          headers=["Message-ID: <w2@debtor.example>",
                                   "In-Reply-To: <w1@debtor.example>"]))  # fmt: skip
        self.assertEqual(self.daemon.reviews(), [])
        self.assertEqual(self.daemon.events("F-2026-002"), ["assign", "reply"])

    def test_the_same_message_is_filed_once(self):
        headers = ["Message-ID: <m@debtor.example>"]
        raw = message(mails.PAUL, mails.JEANNE, "Facture F-2026-001", headers=headers)
        self.file(raw)
        before = self.daemon.last_seq()
        self.assertIn("already", self.file(raw).stdout)
        # as another mailbox has it
        local = f"Return-Path: <{mails.PAUL}>\nDelivered-To: jeanne@creditor.example\n" + raw
        self.assertIn("already", self.file(local.replace("\n", "\r\n")).stdout)
        self.assertEqual(self.daemon.last_seq(), before)
        # the same id with another body is another message
        other = message(mails.PAUL, mails.JEANNE, "Facture F-2026-001", "Autre.\n", headers)
        self.file(other)
        self.assertEqual(self.daemon.last_seq(), before + 1)

    def test_large_messages_and_limits(self):
        self.daemon.settings["max_message_size"] = "1M"
        self.daemon.write_configuration()
        body = ("é" * 60 + "\n") * 5000
        headers = ["Message-ID: <big@debtor.example>"]
        self.file(message(mails.PAUL, mails.JEANNE, "F-2026-001", body, headers))
        self.assertEqual(len(self.daemon.reviews()), 1)
        self.temoin("verify", "--log")
        self.file(message(mails.PAUL, mails.JEANNE, "F-2026-001", body * 3, headers), status=65)

    def test_what_belongs_to_no_dossier(self):
        for text in (message(mails.PAUL, mails.JEANNE, "Bonjour"),
                     message("eve@stranger.example", mails.JEANNE, "F-2026-001"),
                     message("boss@creditor.example", mails.JEANNE, "F-2026-001")):  # fmt: skip
            done = self.file(text, status=66)
            self.assertIn("belongs to no dossier", done.stderr)
        self.file("", status=65)


class WithDaemon(DaemonCase):
    def test_a_message_that_the_milter_saw_is_not_filed_again(self):
        invoice, raw, _ = self.remind()
        reply = mails.reply(raw)
        self.arrive(reply)
        before = self.daemon.last_seq()
        octets = reply.encode() if isinstance(reply, str) else reply
        local = b"Return-Path: <%s>\nReceived: by here; now\n" % mails.PAUL.encode() + octets
        done = self.daemon.temoin("file", stdin=local.replace(b"\r\n", b"\n"))
        self.assertIn("already", done.stdout)
        self.assertEqual(self.daemon.last_seq(), before)

    def test_commands_go_through_scribe(self):
        invoice = self.invoice()
        self.daemon.temoin("note", invoice, "par téléphone")
        self.assertEqual(self.daemon.events(invoice), ["note"])
        self.assertEqual(self.daemon.json("stats")["daemon"], "running")

    def test_a_report_that_the_milter_could_not_see(self):
        """Sendmail's own bounces reach no milter; an alias pipes them to temoin file."""
        invoice, raw, _ = self.remind()
        text = raw.decode() if isinstance(raw, bytes) else raw
        token = re.search(r"(?m)^Temoin-Token:\s*([a-z2-7]{26})", text)[1]
        bounce = (
            "From: MAILER-DAEMON@creditor.example\n"
            f"To: {mails.JEANNE}\nSubject: Returned mail\n"
            'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n'
            "Message-ID: <bounce@creditor.example>\nMIME-Version: 1.0\n\n"
            "--b\nContent-Type: text/plain\n\nUser unknown\n"
            "--b\nContent-Type: message/delivery-status\n\n"
            f"Reporting-MTA: dns; mail.creditor.example\nOriginal-Envelope-Id: {token}\n\n"
            f"Final-Recipient: rfc822; {mails.PAUL}\nAction: failed\nStatus: 5.1.1\n\n--b--\n"
        )
        self.daemon.temoin("file", stdin=bounce)
        self.assertEqual(self.daemon.events(invoice)[-1], "failed")


if __name__ == "__main__":
    unittest.main()
