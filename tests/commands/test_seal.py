"""temoin seal: batches dated by an authority that answers well, badly, or not at all."""

import contextlib
import datetime
import hashlib
import json
import shutil
import sqlite3
import subprocess
import time
import unittest

from lib import cms, wait
from lib.case import BUILD, Case, contacts_csv, invoices_csv
from lib.temoind import Temoind, section
from lib.tsa import Authority, Unit


class Dated(Temoind):
    """With timestamp authorities in its configuration, in order of preference."""

    authorities = ()
    policy = None

    def configuration(self):
        more = {"policy": self.policy} if self.policy else {}
        return super().configuration() + "".join(
            section("tsa", a.name, a.section(**more)) for a in self.authorities
        )


@unittest.skipUnless(shutil.which("openssl"), "openssl is not installed")
class SealCase(Case):
    """A daemon, two authorities; the first one is configured."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.first = Authority(cls.directory, "first").start()
        cls.second = Authority(cls.directory, "second").start()

    @classmethod
    def tearDownClass(cls):
        cls.first.stop()
        cls.second.stop()
        super().tearDownClass()

    def setUp(self):
        for authority in (self.first, self.second):
            authority.mode, authority.asked, authority.nonces = "good", 0, []
        self.daemon = Dated(self.directory / self._testMethodName, BUILD)
        self.log_files.append(self.daemon.log_file)
        self.daemon.prepare()
        self.use(self.first)  # only now, so that `init` has not asked it yet
        self.daemon.start()  # its sealer signs what is to be dated
        self.addCleanup(self.daemon.stop)
        self.temoin = self.daemon.temoin
        self.daemon.import_csv("i.csv", invoices_csv([("F-1", "ACME"), ("F-2", "ACME")]))
        self.daemon.import_csv("c.csv", contacts_csv())

    def tearDown(self):
        self.assertEqual(self.daemon.sanitizer_reports(), "")

    def use(self, *authorities):
        self.daemon.authorities = authorities
        self.daemon.write_configuration()

    def note(self, text="appelé"):
        self.temoin("note", "F-1", text)

    def seal(self, *argv, status=0):
        return self.temoin("seal", *argv, status=status)

    def rows(self, sql):
        with sqlite3.connect(f"file:{self.daemon.store / 'batch.db'}?mode=ro", uri=True) as db:
            return db.execute(sql).fetchall()

    def last_entry(self):
        with sqlite3.connect(f"file:{self.daemon.store / 'log.db'}?mode=ro", uri=True) as db:
            return db.execute("SELECT max(seq) FROM entry").fetchone()[0]

    def stats(self):
        return json.loads(self.temoin("stats", "--json").stdout)["dating"]

    def assert_openssl_agrees(self, token, root, certificate):
        path = self.directory / "token.tst"
        path.write_bytes(token)
        done = subprocess.run(
            ["openssl", "ts", "-verify", "-digest", root.hex(), "-in", path, "-token_in",
             "-CAfile", certificate], capture_output=True, text=True, timeout=30)  # fmt: skip
        self.assertIn("Verification: OK", done.stdout + done.stderr)


class Closing(SealCase):
    def test_a_batch_is_dated_and_logged(self):
        before = self.last_entry()
        now = int(time.time())
        self.assertRegex(self.seal().stdout, r"Entries dated: \d+; batch 1 on 20\d\d-")
        ((number, first, last, gen_time, root, token, entry),) = self.rows(
            "SELECT number, first, last, gen_time, root, token, entry FROM batch"
        )
        self.assertEqual((number, first, last), (1, 1, before))
        self.assertEqual(entry, before + 1)
        self.assertLess(abs(gen_time - now), 5)
        self.assert_openssl_agrees(token, root, self.first.certificate)
        self.assertEqual(self.first.asked, 1)
        self.temoin("verify", "--log")

    def test_its_own_token_is_no_reason_for_another_batch(self):
        self.seal()
        self.assertIn("Nothing new", self.seal().stdout)
        self.assertEqual(self.first.asked, 1)
        self.note()
        self.seal()
        spans = self.rows("SELECT number, first, last FROM batch ORDER BY number")
        self.assertEqual([number for number, _, _ in spans], [1, 2])
        self.assertEqual(spans[1][1], spans[0][2] + 1)

    def test_each_request_has_a_nonce_of_its_own(self):
        for _ in range(3):
            self.note()
            self.seal()
        self.assertEqual(len({nonce[2:6] for nonce in self.first.nonces}), len(self.first.nonces))
        self.assertEqual(len(self.first.nonces), 3)

    def test_once_a_day_even_with_nothing_new(self):
        self.seal()
        with sqlite3.connect(self.daemon.store / "batch.db") as db:
            db.execute("UPDATE batch SET gen_time = gen_time - 86401")
        db.close()
        self.seal()
        self.assertEqual(len(self.rows("SELECT number FROM batch")), 2)

    def test_the_proof_data_is_small(self):
        self.seal()
        ((entries,),) = self.rows("SELECT sum(last - first + 1) FROM batch")
        ((leaves,),) = self.rows("SELECT sum(length(leaves)) FROM tile")
        self.assertIn(leaves // 32 - entries, (0, 1))  # the checkpoint's group is one more

    def test_a_log_with_a_gap_is_not_dated(self):
        for _ in range(3):
            self.note()
        last = self.last_entry()
        wait.until(lambda: json.loads(self.temoin("stats", "--json").stdout)["seal"]["unsigned"] == 0,
                   10, "signatures")  # fmt: skip
        self.daemon.stop()
        with contextlib.closing(sqlite3.connect(self.daemon.store / "log.db")) as db:
            for which, words in (
                (f"seq = {last - 1}", f"entry {last - 1} is missing in the log: nothing after it is"),
                (f"seq >= {last}", "the log ends before entry"),
            ):
                with contextlib.closing(sqlite3.connect(":memory:")) as saved:
                    db.backup(saved)
                    db.execute(f"DELETE FROM entry WHERE {which}")
                    db.commit()
                    self.assertIn(words, self.seal(status=65).stderr)
                    saved.backup(db)
        self.assertEqual(self.rows("SELECT * FROM batch"), [])
        self.seal()
        self.daemon.start()

    def test_without_an_authority(self):
        self.use()
        self.assertIn("tsa section", self.seal(status=78).stderr)

    def test_json(self):
        done = json.loads(self.seal("--json").stdout)
        self.assertEqual((done["batches"], done["number"]), (1, 1))
        datetime.datetime.fromisoformat(done["gen_time"].replace("Z", "+00:00"))
        self.assertEqual(done["remarks"], [])

    def test_stats(self):
        self.assertEqual(self.stats()["batches"], 0)
        self.assertGreater(self.stats()["open_s"], -2)
        self.seal()
        figures = self.stats()
        self.assertEqual(figures["batches"], 1)
        self.assertGreater(figures["earliest_end"], "2030")
        self.assertNotIn("open_s", figures)
        self.assertIn("last timestamp", self.temoin("stats").stdout)

    def test_a_token_that_is_not_yet_in_the_log(self):
        self.seal()
        entry = self.last_entry()
        with sqlite3.connect(self.daemon.store / "batch.db") as db:
            db.execute("UPDATE batch SET entry = NULL")
        db.close()
        self.seal()
        self.assertEqual(self.last_entry(), entry)  # it was entered: known by its hash
        self.assertEqual(self.rows("SELECT entry FROM batch"), [(entry,)])

    def test_the_policy_that_is_asked_for(self):
        self.daemon.policy = "1.2.3.4.1"
        self.use(self.first)
        self.seal()
        self.daemon.policy = "1.2.3.4.99"
        self.use(self.first)
        self.note()
        self.assertIn("refuses", self.seal(status=75).stderr)


class Beginning(SealCase):
    def init(self, name):
        daemon = Dated(self.directory / name, BUILD)
        daemon.authorities = [self.first]
        daemon.prepare(init=False)
        return daemon, daemon.temoin("init")

    def test_init_dates_the_first_entry(self):
        daemon, done = self.init("dated")
        self.assertIn("dated by a third party", done.stdout)
        with sqlite3.connect(daemon.store / "batch.db") as db:
            self.assertEqual(db.execute("SELECT first, last, entry FROM batch").fetchall(),
                             [(1, 1, 2)])  # fmt: skip
        db.close()

    def test_init_succeeds_without_an_answer(self):
        self.first.mode = "error"
        _, done = self.init("undated")
        self.assertIn("not yet dated", done.stderr)


class Verifying(SealCase):
    def spoil(self, file, sql):
        with sqlite3.connect(self.daemon.store / file) as db:
            self.assertEqual(db.execute(sql).rowcount, 1)
        db.close()

    def findings(self):
        done = self.temoin("verify", "--log", "--json", status=None)
        self.assertEqual(done.stderr, "")
        done = json.loads(done.stdout)
        return [finding["what"] for finding in done["findings"]]

    def test_what_is_dated_is_held_against_its_batch(self):
        self.seal()
        ((token,),) = self.rows("SELECT token FROM batch")
        self.note(hashlib.sha256(token).hexdigest())
        named = self.last_entry()
        self.seal()
        self.assertEqual(self.findings(), [])
        self.daemon.stop()
        path = self.daemon.store / "batch.db"
        with contextlib.closing(sqlite3.connect(":memory:")) as saved:
            with contextlib.closing(sqlite3.connect(path)) as db:
                db.backup(saved)
            for damage, words in (
                ("UPDATE tile SET leaves = CASE substr(leaves, 1, 1) WHEN x'00' THEN x'01' ELSE"
                 " x'00' END || substr(leaves, 2) WHERE batch = 1",
                 "batch 1: its tree does not lead"),
                ("UPDATE tile SET leaves = substr(leaves, 2) WHERE batch = 2",
                 "batch 2: its tree does not lead"),
                ("UPDATE tile SET leaves = leaves || x'00' WHERE batch = 2",
                 "batch 2: its tree does not lead"),
                ("UPDATE batch SET last = last + 9 WHERE number = 2",
                 "batch 2: its tree does not lead"),
                ("UPDATE batch SET first = first + 1 WHERE number = 2", "batch 2 begins at"),
                ("UPDATE batch SET entry = 1 WHERE number = 2",
                 "batch 2: entry 1 does not name its token"),
                (f"UPDATE batch SET entry = {named} WHERE number = 1",
                 f"batch 1: entry {named} does not name its token"),
                ("UPDATE batch SET token = (SELECT token FROM batch WHERE number = 1)"
                 " WHERE number = 2", "batch 2: the timestamp token is not good"),
                ("UPDATE batch SET token = token || x'00' WHERE number = 2",
                 "batch 2: this is no timestamp token"),
                ("DELETE FROM batch WHERE number = 1", "batch 1 is missing or damaged"),
            ):  # fmt: skip
                with self.subTest(damage=damage):
                    self.spoil("batch.db", damage)
                    self.assertIn(words, "\n".join(self.findings()))
                    with contextlib.closing(sqlite3.connect(path)) as db:
                        saved.backup(db)
                    self.assertEqual(self.findings(), [])
                    self.assertEqual(len(self.rows("SELECT number FROM batch")), 2)
        self.daemon.start()

    def test_certificates_that_have_ended_since(self):
        """A token is judged at its own time, whatever day it is."""
        old = Unit(self.directory / "old", "old", dates=("20200101000000Z", "20210101000000Z"))
        self.seal()
        ((root,),) = self.rows("SELECT root FROM batch")
        query = subprocess.run(
            ["openssl", "ts", "-query", "-digest", root.hex(), "-sha256", "-cert"],
            capture_output=True, check=True, timeout=30).stdout  # fmt: skip
        reply = self.first.unit.reply(query)
        self.first.certificate = old.certificate
        self.use(self.first)
        self.daemon.stop()
        for when, good in (("20200601000000Z", True), ("20220601000000Z", False)):
            token = old.token(reply, cms.at(when))
            with contextlib.closing(sqlite3.connect(self.daemon.store / "batch.db")) as db:
                db.execute("UPDATE batch SET token = ?", (token,))
                db.commit()
            said = "\n".join(self.findings())
            self.assertIn("batch 1: entry 5 does not name its token", said)
            self.assertEqual("the timestamp token is not good" not in said, good, said)
        self.first.certificate = self.first.unit.certificate
        self.daemon.start()

    def test_an_entry_signed_anew_after_its_timestamp(self):
        """The company holds the seal's key: a new signature fits, its timestamp does not."""
        self.seal()
        record = self.directory / "record"
        with sqlite3.connect(self.daemon.store / "log.db") as db:
            record.write_bytes(db.execute("SELECT record FROM entry WHERE seq = 2").fetchone()[0])
        db.close()
        signature = subprocess.run(
            ["openssl", "cms", "-sign", "-binary", "-cades", "-nosmimecap", "-md", "sha256",
             "-in", record, "-signer", self.daemon.keys / "seal.pem",
             "-inkey", self.daemon.keys / "seal.key", "-outform", "DER"],
            capture_output=True, check=True, timeout=30).stdout  # fmt: skip
        with sqlite3.connect(self.daemon.store / "seal" / "seal.db") as db:
            db.execute("UPDATE signature SET p7s = ?, sha256 = ? WHERE seq = 2",
                       (signature, hashlib.sha256(signature).digest()))  # fmt: skip
        db.close()
        self.assertEqual(self.findings(), ["not what was dated: changed after its timestamp"])


class BadAuthorities(SealCase):
    def assert_refused(self, mode, words):
        with self.subTest(mode=mode):
            self.first.mode = mode
            begun = time.monotonic()
            done = self.seal(status=75)
            self.assertLess(time.monotonic() - begun, 4)
            self.assertRegex(done.stderr, words)
            self.assertIn('tsa "first"', done.stderr)
            self.assertEqual(self.rows("SELECT * FROM batch"), [])

    def test_lies_and_garbage_are_not_stored(self):
        for mode, words in (
            ("nonce", "nonce"), ("imprint", "imprint"), ("certificate", "certificate"),
            ("refused", "refuses: status 2"), ("garbage", "no timestamp"),
            ("cut", "no timestamp"), ("more", "inconsistent content length"),
            ("long", "gives no timestamp"), ("huge", "gives no timestamp"),
            ("html", "content type"), ("empty", "no timestamp"), ("error", "no timestamp"),
        ):  # fmt: skip
            self.assert_refused(mode, words)
        self.first.mode = "good"
        self.seal()  # and what waited is dated
        self.assertEqual(len(self.rows("SELECT * FROM batch")), 1)
        self.note()
        self.first.mode = "replay"
        self.assertIn("imprint", self.seal(status=75).stderr)

    def test_slow_and_silent(self):
        self.assert_refused("slow", "no timestamp")
        self.assert_refused("silent", "no timestamp")

    def test_down_and_up_again(self):
        self.first.stop()
        try:
            self.assertIn("gives no timestamp: connect", self.seal(status=75).stderr)
            self.assertIn("no timestamp", self.stats()["trouble"])
            self.note()
        finally:
            self.first.start()
        self.seal()
        self.assertEqual(self.rows("SELECT first, last FROM batch")[0][1], self.last_entry() - 1)
        self.assertNotIn("trouble", self.stats())

    def test_the_second_authority_takes_over(self):
        self.use(self.first, self.second)
        self.first.mode = "nonce"
        done = self.seal()
        self.assertIn('tsa "first"', done.stderr)
        self.assertEqual(self.rows("SELECT tsa FROM batch"), [("second",)])
        ((token, root),) = self.rows("SELECT token, root FROM batch")
        self.assert_openssl_agrees(token, root, self.second.certificate)

    def test_a_timer_leaves_alone_who_failed(self):
        self.use(self.first, self.second)
        self.first.mode = "error"
        self.seal("--timer")
        asked = self.first.asked
        self.note()
        self.seal("--timer")
        self.assertEqual(self.first.asked, asked)
        self.note()
        self.first.mode = "good"
        self.seal()  # a person asks them all
        self.assertEqual(self.first.asked, asked + 1)
        self.assertEqual(self.rows("SELECT tsa FROM batch ORDER BY number")[-1], ("first",))

    def test_a_clock_that_was_set_back(self):
        """What was noted of an authority when the clock was ahead does not silence it."""
        self.first.mode = "error"
        self.seal("--timer", status=75)
        self.first.mode = "good"
        asked = self.first.asked
        for ahead, more in ((1000, 0), (100_000, 1)):
            with contextlib.closing(sqlite3.connect(self.daemon.store / "batch.db")) as db:
                db.execute("UPDATE authority SET next_try = ?", (int(time.time()) + ahead,))
                db.commit()
            self.seal("--timer", status=None)
            self.assertEqual(self.first.asked, asked + more)

    def test_another_clock_is_told(self):
        self.assertNotIn("clock", self.seal().stderr)
        self.note()
        self.first.mode = "clock"
        self.assertRegex(self.seal().stderr,
                         r'the clock of tsa "first" is (359\d|360\d) s ahead of that of this machine')  # fmt: skip
        self.temoin("verify", "--log")

    def test_a_certificate_file_that_is_none(self):
        good = self.first.certificate
        try:
            self.first.certificate = self.directory / "none.pem"
            self.use(self.first)
            self.assertIn("none.pem", self.seal(status=75).stderr)
            self.first.certificate.write_text("nothing\n")
            self.assertIn("none.pem", self.seal(status=75).stderr)
        finally:
            self.first.certificate = good

    def test_two_at_a_time(self):
        self.first.mode = "silent"
        argv = [BUILD / "temoin", "--config", self.daemon.config_file, "seal"]
        slow = subprocess.Popen(argv, stderr=subprocess.DEVNULL, env=self.daemon.environment())
        self.addCleanup(slow.wait)
        wait.until(lambda: self.first.asked, 10, "the first process to ask")
        self.assertIn("another process", self.seal(status=75).stderr)


class Encrypted(SealCase):
    """HTTPS: whom the request goes to is not left to the token alone."""

    def asked_by(self, name, host="127.0.0.1", by=None, status=0):
        self.first.stop()
        self.first.encrypt(name, host, by)
        self.first.start()
        self.use(self.first)
        self.note()
        asked = self.first.asked
        said = self.seal(status=status).stderr
        self.assertEqual(self.first.asked, asked + (status == 0))
        return said

    def test_the_servers_certificate(self):
        self.asked_by("IP:127.0.0.1")
        self.asked_by("DNS:localhost", "localhost")
        for name, host, by in (("IP:127.0.0.2", "127.0.0.1", None),
                               ("DNS:other.example", "localhost", None),
                               ("IP:127.0.0.1", "127.0.0.1", self.second.unit)):  # fmt: skip
            with self.subTest(name=name, host=host):
                said = self.asked_by(name, host, by, status=75)
                self.assertIn("gives no timestamp: certificate verify failed", said)
        self.assertEqual(len(self.rows("SELECT * FROM batch")), 2)


class Renewal(SealCase):
    def test_the_certificate_that_ends_first_counts(self):
        for days, unit_days in ((3650, 30), (30, 3650)):
            short = Authority(self.directory, f"short-{days}", days, unit_days).start()
            self.addCleanup(short.stop)
            self.use(short)
            self.note()
            self.seal()
            (ends,) = self.rows("SELECT ends FROM batch ORDER BY number DESC LIMIT 1")[0]
            self.assertLess(abs(ends - time.time() - 30 * 86400), 3600)

    def test_before_the_certificates_end(self):
        short = Authority(self.directory, "short", days=30).start()
        self.addCleanup(short.stop)
        self.use(short)
        self.seal()
        self.note()
        self.seal()
        self.assertEqual(len(self.rows("SELECT * FROM batch")), 2)
        self.assertIn("end later", self.seal("--renew", status=65).stderr)
        self.use(self.first)
        self.assertIn("renewed on", self.seal("--renew").stdout)
        self.assertEqual(len(self.rows("SELECT * FROM renewed")), 2)
        ((token, root),) = self.rows("SELECT token, root FROM renewal")
        self.assert_openssl_agrees(token, root, self.first.certificate)
        self.assertGreater(self.stats()["earliest_end"], "2030")
        self.assertIn("No timestamp ends soon", self.seal("--renew").stdout)

    def test_nothing_to_renew(self):
        self.seal()
        self.assertIn("No timestamp ends soon", self.seal("--renew").stdout)
        self.assertEqual(self.first.asked, 1)


if __name__ == "__main__":
    unittest.main()
