"""Messages as accountants, debtors, their servers and their mail clients write them."""

import itertools

from .milter import split_message

_numbers = itertools.count(1)

JEANNE = "jeanne@creditor.example"
PAUL = "paul@debtor.example"


def message_id(domain="client.example"):
    import os

    return f"<m{next(_numbers)}.{os.getpid()}@{domain}>"


def compose(fields, body):
    """fields: (name, value) pairs, None left out; LF line ends are made CRLF."""
    head = "".join(f"{name}: {value}\n" for name, value in fields if value is not None)
    return (head + "\n" + body).replace("\n", "\r\n").encode("utf-8", "surrogateescape")


def plain(sender, recipients, subject, body="Bonjour,\n\nBien à vous\n", extra=(), mid=None):
    to = recipients if isinstance(recipients, str) else ", ".join(recipients)
    return compose(
        [
            ("From", sender),
            ("To", to),
            ("Subject", subject),
            ("Date", "Fri, 20 Nov 2026 09:00:00 +0100"),
            ("Message-ID", mid or message_id(sender.rpartition("@")[2].strip(">"))),
            ("MIME-Version", "1.0"),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Transfer-Encoding", "8bit"),
            *extra,
        ],
        body,
    )


def reminder(invoice="F-2026-001", sender=JEANNE, to=PAUL, **keywords):
    subject = keywords.pop("subject", f"Facture {invoice} : rappel")
    body = keywords.pop("body", f"Madame, Monsieur,\n\nnotre facture {invoice} est échue.\n")
    return plain(sender, to, subject, body, **keywords)


def field(raw, name):
    """First value of a field, unfolded; None."""
    for found, value in split_message(raw)[0]:
        if found.lower() == name.lower().encode():
            return " ".join(value.decode("utf-8", "replace").split())
    return None


def reply(original, sender=PAUL, to=None, body="Nous payons lundi.\n", extra=(), subject=None):
    """An answer to a message as it was delivered, as mail clients thread it."""
    mid = field(original, "Message-ID")
    references = " ".join(filter(None, [field(original, "References"), mid]))
    return plain(
        sender,
        to or field(original, "Reply-To") or field(original, "From"),
        subject or "Re: " + field(original, "Subject"),
        body,
        extra=[("In-Reply-To", mid), ("References", references), *extra],
    )


def vacation(original, sender, to):
    return reply(
        original, sender, to, "Je suis en congé.\n",
        extra=[("Auto-Submitted", "auto-replied")], subject="Absente",
    )  # fmt: skip


def _report(kind, sender, to, status, returned, subject, extra):
    boundary = f"b{next(_numbers)}"
    part = "message/delivery-status" if kind == "delivery-status" else f"message/{kind}"
    body = (
        f"--{boundary}\nContent-Type: text/plain\n\nThis is a report.\n\n"
        f"--{boundary}\nContent-Type: {part}\n\n{status}\n"
    )
    if returned is not None:
        body += f"--{boundary}\nContent-Type: text/rfc822-headers\n\n{returned}\n"
    body += f"--{boundary}--\n"
    return compose(
        [
            ("From", sender),
            ("To", to),
            ("Subject", subject),
            ("Message-ID", message_id("mail.debtor.example")),
            ("MIME-Version", "1.0"),
            ("Content-Type", f'multipart/report; report-type={kind}; boundary="{boundary}"'),
            *extra,
        ],
        body,
    )


def headers_of(original):
    return original.partition(b"\r\n\r\n")[0].decode("utf-8", "surrogateescape").replace("\r", "")


def bounce(original, to, recipient=PAUL, action="failed", status="5.1.1", envid=None,
           returned=True):  # fmt: skip
    """A DSN (RFC 3464) about a message as it was delivered."""
    per_message = "Reporting-MTA: dns; mail.debtor.example\n"
    if envid:
        per_message += f"Original-Envelope-Id: {envid}\n"
    per_recipient = (
        f"\nFinal-Recipient: rfc822; {recipient}\nOriginal-Recipient: rfc822;{recipient}\n"
        f"Action: {action}\nStatus: {status}\n"
    )
    return _report(
        "delivery-status", "MAILER-DAEMON@debtor.example", to, per_message + per_recipient,
        headers_of(original) if returned else None, "Undelivered Mail Returned to Sender",
        [("Auto-Submitted", "auto-replied")],
    )  # fmt: skip


def read_receipt(original, sender=PAUL, to=None, disposition="displayed"):
    """An MDN (RFC 8098), as a mail client returns it."""
    status = (
        "Reporting-UA: client.example; TestMail\n"
        f"Final-Recipient: rfc822;{sender}\n"
        f"Original-Message-ID: {field(original, 'Message-ID')}\n"
        f"Disposition: manual-action/MDN-sent-manually; {disposition}\n"
    )
    to = to or field(original, "Disposition-Notification-To") or field(original, "From")
    return _report(
        "disposition-notification", sender, to, status, None, "Lu : " + field(original, "Subject"),
        [],
    )  # fmt: skip
