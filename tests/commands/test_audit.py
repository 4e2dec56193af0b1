"""Who looked, who made keys, what the clock did: entries of the log beside those of the mail."""

import json
import os
import pwd
import sqlite3

from lib.case import BUILD, Case, DaemonCase, invoices_csv
from lib.temoind import Temoind

ME = pwd.getpwuid(os.geteuid()).pw_name


def facts(daemon, event):
    """(public, private) of every entry of this event."""
    with sqlite3.connect(f"file:{daemon.store}/log.db?mode=ro", uri=True) as db:
        rows = db.execute("SELECT record, private FROM entry WHERE event = ? ORDER BY seq", (event,))
        return [(json.loads(record), json.loads(private)) for record, private in rows]


class Stopped(Case):
    def setUp(self):
        self.daemon = Temoind(self.directory / self._testMethodName, BUILD)
        self.daemon.prepare(init=True)

    def test_the_first_entry_names_the_keys_that_were_made(self):
        (_, init), = facts(self.daemon, "init")
        self.assertEqual(init["seal"]["created"], ["token", "seal", "export", "log"])
        self.assertEqual(facts(self.daemon, "key"), [])

    def test_keys_that_are_made_later(self):
        self.daemon.temoin("init", "--missing-keys")
        self.assertEqual(facts(self.daemon, "key"), [])  # none was missing
        (self.daemon.keys / "export.key").unlink()
        (self.daemon.keys / "export.pem").unlink()
        self.daemon.temoin("init", "--missing-keys")
        (record, private), = facts(self.daemon, "key")
        self.assertEqual(private["keys"]["created"], ["export"])
        self.assertEqual(len(private["keys"]["export"]), 64)
        self.assertEqual(record["dossiers"], [])

    def test_a_look_is_an_entry_but_not_of_the_dossier(self):
        self.daemon.import_csv("i.csv", invoices_csv([("F 1/é", "ACME")]))
        self.daemon.temoin("note", "F 1/é", "appelé")
        for _ in range(2):
            self.assertEqual([e["event"] for e in self.daemon.entries("F 1/é")], ["note"])
        reads = facts(self.daemon, "read")
        self.assertEqual(len(reads), 2)
        record, private = reads[0]
        self.assertEqual((private["what"], private["dossier"]), ("show", "F 1/é"))
        self.assertEqual(private["actor"], ME)
        self.assertFalse(record.get("dossiers"))
        self.daemon.temoin("verify", "--log")

    def test_a_dossier_that_is_not_there_was_not_looked_at(self):
        self.daemon.temoin("show", "F-404", status=66)
        self.assertEqual(facts(self.daemon, "read"), [])


class Running(DaemonCase):
    def test_start_tells_how_the_clock_is_kept(self):
        clock = facts(self.daemon, "start")[-1][1]["clock"]
        self.assertTrue("synchronised" in clock or clock == {"state": "not told"}, clock)
        self.assertEqual(facts(self.daemon, "clock"), [])  # nobody set it meanwhile

    def test_looks_go_through_scribe(self):
        invoice = self.invoice()
        self.daemon.temoin("note", invoice, "vu")
        before = len(facts(self.daemon, "read"))
        self.daemon.show(invoice)
        (record, private) = facts(self.daemon, "read")[-1]
        self.assertEqual(len(facts(self.daemon, "read")), before + 1)
        self.assertEqual(private["dossier"], invoice)
        self.assertEqual(private["actor"], ME)
