"""What a decision of a person says in a dossier: a message that went into another one is not in this
one, and a confirmed suggestion is the message's word, not the company's."""

import subprocess

from lib import mails, wait
from lib.case import DaemonCase

SECRET = "Le virement de Maison SAS part demain, le 15 décembre 2026."


class Decisions(DaemonCase):
    def words(self, members, name="index.html"):
        """The text of a document of an evidence file, without line ends."""
        text = members[name]
        if name.endswith(".pdf"):
            text = subprocess.run(["pdftotext", "-layout", "-", "-"], input=text, check=True,
                                  capture_output=True).stdout  # fmt: skip
        return " ".join(text.decode().replace("&#39;", "'").replace("&#34;", '"').split())

    def verify(self, invoice, *more):
        """Intact, except that nobody said whose the seals are."""
        done = self.daemon.temoin("verify", self.daemon.output / f"{invoice}.asice", *more, status=2)
        for word in ("ALTERED", "INCOMPLETE", "missing"):
            self.assertNotIn(word, done.stdout)


class Elsewhere(Decisions):
    def decided(self):
        """(proposed invoice, the one it went to, number of the message)"""
        proposed, target = self.invoice(), self.invoice("HOUSE")
        raw = mails.plain(mails.PAUL, [mails.JEANNE], f"Facture {proposed} de Marie", SECRET + "\n")
        self.arrive(raw)
        (item,) = [r for r in self.daemon.reviews() if r["invoice"] == proposed]
        self.daemon.temoin("review", "assign", item["seq"], target, "--reason", "autre client")
        wait.until(lambda: self.daemon.entries(target)[-1]["reading"]["state"] == "read", 20, "reader")
        return proposed, target, item["seq"]

    def test_the_proposed_dossier_has_nothing_of_it(self):
        proposed, _, seq = self.decided()
        (entry,) = self.daemon.entries(proposed)
        self.assertEqual((entry["event"], entry["about"], entry["elsewhere"]), ("assign", seq, True))
        self.assertEqual(entry["words_fr"],
                         "message attribué à un autre dossier par décision de la société")  # fmt: skip
        self.assertEqual(entry["words_en"],
                         "message assigned to another dossier by a decision of the company")  # fmt: skip
        for key in ("message", "reading", "attribution"):
            self.assertNotIn(key, entry)
        shown = self.daemon.temoin("show", proposed).stdout
        members = self.daemon.evidence(proposed)
        self.assertEqual([n for n in members if n.endswith(".eml") or "001a" in n], [])
        page, paper = self.words(members), self.words(members, "dossier.pdf")
        for text in (shown, page, paper, members["index.json"].decode()):
            for word in (SECRET, "virement", "de Marie", "versé au dossier",
                         "put into this dossier"):  # fmt: skip
                self.assertNotIn(word, text)
        for text in (page, paper):
            self.assertIn("attribué à un autre dossier", text)
            self.assertNotIn("1\u00a0réponse", text)
            self.assertNotIn("1 réponse", text)
            self.assertIn("2 autres faits consignés", text.replace("\u00a0", " "))
        self.verify(proposed)

    def test_the_other_one_has_it(self):
        _, target, seq = self.decided()
        (entry,) = self.daemon.entries(target)
        self.assertEqual((entry["event"], entry["about"]), ("assign", seq))
        self.assertNotIn("elsewhere", entry)
        self.assertEqual(entry["words_fr"], "message versé au dossier par décision de la société")
        self.assertEqual(entry["message"]["from"], mails.PAUL)
        members = self.daemon.evidence(target)
        self.assertIn(SECRET.split(",")[0].encode(), members["entries/001a.eml"])
        page = self.words(members)
        self.assertIn("message versé au dossier", page)
        self.assertIn("1 réponse", page)
        self.verify(target)

    def test_one_that_was_proposed_for_its_own_dossier(self):
        invoice = self.invoice()
        raw = mails.plain(mails.PAUL, [mails.JEANNE], f"Facture {invoice}")
        self.arrive(raw, mails.PAUL)
        (item,) = [r for r in self.daemon.reviews() if r["invoice"] == invoice]
        self.daemon.temoin("review", "assign", item["seq"], invoice)
        self.assertIn("entries/001a.eml", self.daemon.evidence(invoice))
        self.verify(invoice)

    def test_erasing_one_leaves_the_other(self):
        proposed, target, _ = self.decided()
        self.daemon.temoin("erase", proposed, "--ground", "person-request", "--by", "Jeanne")
        self.assertEqual(self.daemon.entries(proposed)[0]["words_en"],
                         "message assigned to another dossier by a decision of the company")  # fmt: skip
        self.daemon.evidence(proposed)
        self.verify(proposed)
        self.assertIn("entries/001a.eml", self.daemon.evidence(target))


class Confirmed(Decisions):
    def confirmed(self, words):
        """(invoice, number of the answer, the fact that its first suggestion became)"""
        invoice, raw, _ = self.remind()
        self.arrive(mails.reply(raw, mails.PAUL, body=words), mails.PAUL)
        seq = self.daemon.entries(invoice)[-1]["seq"]
        wait.until(lambda: self.daemon.entries(invoice)[-1]["reading"]["state"] == "read", 20, "reader")
        self.daemon.temoin("review", "confirm", seq, 1)
        return invoice, seq, self.daemon.entries(invoice)[-1]

    def test_it_is_paid_says_the_debtor(self):
        invoice, seq, entry = self.confirmed("Bonjour,\n\nVotre facture a déjà été payée.\n")
        self.assertEqual(entry["event"], "note")
        self.assertEqual(entry["confirmed"], {"suggestion": "already-paid", "by": "root"})
        self.assertIn("the debtor says that it is paid", entry["words_en"])
        shown = " ".join(self.daemon.temoin("show", invoice).stdout.split())
        self.assertIn("the debtor says that it is paid, according to its message", shown)
        self.assertRegex(shown, f"source the debtor's message, Exhibit 2, entry {seq} of the log: "
                                r'"Votre facture a déjà été payée\." '
                                r"\(suggested by the program, confirmed by root\)")  # fmt: skip
        self.assertNotIn("text Votre facture", shown)
        members = self.daemon.evidence(invoice)
        for text in (self.words(members), self.words(members, "dossier.pdf")):
            text = text.replace("\u00a0", " ")
            self.assertIn("le débiteur dit avoir déjà payé, d'après son message", text)
            self.assertIn(f"le message du débiteur, Pièce n° 2, entrée {seq} du journal", text)
            self.assertIn("confirmée par root", text)
            self.assertNotIn("note saisie par la société", text)

    def test_promise_with_its_day(self):
        invoice, seq, entry = self.confirmed("Bonjour,\n\nJe vous règle le 15 décembre 2026.\n")
        self.assertEqual(entry["event"], "promise")
        self.assertEqual(entry["words_fr"], "le débiteur promet de payer, d'après son message")
        shown = " ".join(self.daemon.temoin("show", invoice).stdout.split())
        self.assertIn('"Je vous règle le 15 décembre 2026.", understood as 2026-12-15 '
                      "(suggested by the program, confirmed by root)", shown)  # fmt: skip

    def test_what_the_company_notes_itself_is_its_own(self):
        invoice = self.invoice()
        self.daemon.temoin("note", invoice, "payé, dit Paul au téléphone")
        (entry,) = self.daemon.entries(invoice)
        self.assertNotIn("confirmed", entry)
        self.assertEqual(entry["words_fr"], "note saisie par la société")
        self.assertIn("payé, dit Paul", self.daemon.temoin("show", invoice).stdout)
