"""Token keys rotate: old tokens stay good while their key is listed, and not a moment longer."""

import base64
import re

from lib import mails, wait
from lib.case import DaemonCase


def token_of(raw):
    return mails.field(raw, "Temoin-Token")


def key_of(token):
    return base64.b32decode(token.upper() + "======")[0]


class Rotation(DaemonCase):
    @classmethod
    def configure(cls, daemon):
        daemon.accountants["jeanne"]["plus_address"] = True

    def reload(self):
        count = self.daemon.log().count("configuration taken over")
        self.daemon.reload()
        wait.until(
            lambda: self.daemon.log().count("configuration taken over") > count, 10, "the reload"
        )

    def knows(self, token):
        """By the token alone: a stranger who writes to the tagged address is proposed."""
        before = self.daemon.last_seq()
        tagged = f"jeanne+g{token}@creditor.example"
        raw = mails.plain("eve@stranger.example", tagged, "Bonjour")
        outcome = self.arrive(raw, "eve@stranger.example", [tagged])
        self.assertEqual(outcome.code, 2)
        taken = bool(outcome.state.get("Temoin-Dossier"))
        self.assertEqual(self.daemon.last_seq(), before + taken)
        return taken

    def key_of_new_reminder(self):
        return key_of(token_of(self.remind()[1]))

    def test_from_end_to_end(self):
        before = self.daemon.children("milter")
        invoice, raw, _ = self.remind()
        self.assertEqual(key_of(token_of(raw)), 1)

        self.daemon.temoin("init", "--rotate-token-key")
        self.assertEqual(self.key_of_new_reminder(), 1, "not before the reload")
        self.reload()
        wait.until(lambda: self.key_of_new_reminder() == 2, 10, "tokens of the new key")
        self.assertTrue(self.knows(token_of(raw)), "the old key is for checking")
        tagged = f"jeanne+g{token_of(raw)}@creditor.example"
        self.assert_dossier(
            self.arrive(mails.reply(raw), recipients=[tagged]), invoice, "reply", "strong"
        )

        path = self.daemon.keys / "token.keys"
        text, count = re.subn(r"(?m)^1 .*\n", "", path.read_text())
        self.assertEqual(count, 1)
        path.write_text(text)
        new = token_of(self.remind()[1])
        self.reload()
        wait.until(lambda: not self.knows(token_of(raw)), 10, "the removed key's end")
        self.assertTrue(self.knows(new))
        self.assertEqual(self.daemon.children("milter"), before, "all by reload")
