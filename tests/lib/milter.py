"""A client of the milter protocol, version 6: the MTA's side of it, in any order one likes.

    client = Client("/run/x/milter.sock")
    client.negotiate()
    client.macro("C", {"j": "mail.example"})
    client.connect("client.example", "4", 4242, "192.0.2.1")
    ...
    reply = client.mail("<a@b.example>")

Each step returns the filter's Reply, or None where the negotiation said that the step is not
asked for (NO*) or not answered (NR_*). `offer` of negotiate() stands for what the MTA can do.
Nothing here checks the sense of a sequence: tests of misbehaviour need it that way.
deliver() is the well-behaved MTA on top of it.
"""

import dataclasses
import socket
import struct

ADDHDRS, CHGBODY, ADDRCPT, DELRCPT = 0x1, 0x2, 0x4, 0x8
CHGHDRS, QUARANTINE, CHGFROM, ADDRCPT_PAR, SETSYMLIST = 0x10, 0x20, 0x40, 0x80, 0x100
ALL_ACTIONS = 0x1FF

NOCONNECT, NOHELO, NOMAIL, NORCPT, NOBODY, NOHDRS, NOEOH = 0x1, 0x2, 0x4, 0x8, 0x10, 0x20, 0x40
NR_HDR, NOUNKNOWN, NODATA, SKIP, RCPT_REJ = 0x80, 0x100, 0x200, 0x400, 0x800
NR_CONN, NR_HELO, NR_MAIL, NR_RCPT = 0x1000, 0x2000, 0x4000, 0x8000
NR_DATA, NR_UNKN, NR_EOH, NR_BODY, HDR_LEADSPC = 0x10000, 0x20000, 0x40000, 0x80000, 0x100000
ALL_PROTOCOL = 0x1FFFFF

# command letter: (bit that says "do not send", bit that says "will not answer")
STEPS = {
    "C": (NOCONNECT, NR_CONN),
    "H": (NOHELO, NR_HELO),
    "M": (NOMAIL, NR_MAIL),
    "R": (NORCPT, NR_RCPT),
    "T": (NODATA, NR_DATA),
    "L": (NOHDRS, NR_HDR),
    "N": (NOEOH, NR_EOH),
    "B": (NOBODY, NR_BODY),
    "U": (NOUNKNOWN, NR_UNKN),
}
STAGES = {0: "C", 1: "H", 2: "M", 3: "R", 4: "T", 5: "E", 6: "N"}

NAMES = {
    "+": "addrcpt", "-": "delrcpt", "2": "addrcpt_par", "4": "shutdown", "a": "accept",
    "b": "replbody", "c": "continue", "d": "discard", "e": "chgfrom", "f": "connfail",
    "h": "addheader", "i": "insheader", "m": "chgheader", "p": "progress", "q": "quarantine",
    "r": "reject", "s": "skip", "t": "tempfail", "y": "replycode", "O": "optneg",
}  # fmt: skip
EDITS = {"addrcpt", "delrcpt", "addrcpt_par", "replbody", "chgfrom", "addheader", "insheader",
         "chgheader", "quarantine"}  # fmt: skip


class Closed(ConnectionError):
    """The filter hung up."""


@dataclasses.dataclass
class Reply:
    kind: str
    index: int = 0
    args: tuple = ()

    @property
    def text(self):
        return self.args[0].decode("ascii", "backslashreplace") if self.args else ""

    @property
    def code(self):
        """The class of the answer that the SMTP client gets: 2, 4 or 5."""
        if self.kind == "replycode":
            return int(self.text[0])
        return {"tempfail": 4, "reject": 5}.get(self.kind, 2)


def octets(value):
    return value if isinstance(value, bytes) else value.encode("utf-8", "surrogateescape")


def cstrings(*values):
    return b"".join(octets(v) + b"\0" for v in values)


class Client:
    def __init__(self, path, timeout=20.0):
        if isinstance(path, str):
            self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            address = path
        else:
            self.sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            address = path
        self.sock.settimeout(timeout)
        self.sock.connect(address)
        self.actions = self.protocol = 0
        self.symlist = {}
        self.edits = []

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def close(self):
        self.sock.close()

    # --- packets ------------------------------------------------------------------------------
    def send(self, command, data=b""):
        self.sock.sendall(struct.pack("!I", len(data) + 1) + command.encode() + data)

    def _exactly(self, count):
        parts = []
        while count:
            part = self.sock.recv(count)
            if not part:
                raise Closed("the filter hung up")
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def receive(self):
        (length,) = struct.unpack("!I", self._exactly(4))
        packet = self._exactly(length)
        kind, data = NAMES.get(chr(packet[0]), f"unknown {packet[:1]!r}"), packet[1:]
        if kind == "optneg":
            return Reply(kind, 0, (data,))
        index = 0
        if kind in ("chgheader", "insheader"):
            (index,) = struct.unpack("!I", data[:4])
            data = data[4:]
        args = (data,) if kind == "replbody" else tuple(data.split(b"\0")[:-1])
        return Reply(kind, index, args)

    def verdict(self):
        """Collect edits until the filter decides."""
        while True:
            reply = self.receive()
            if reply.kind == "progress":
                continue
            if reply.kind in EDITS:
                self.edits.append(reply)
                continue
            return reply

    # --- steps --------------------------------------------------------------------------------
    def negotiate(self, offer=ALL_PROTOCOL, actions=ALL_ACTIONS, version=6):
        self.send("O", struct.pack("!III", version, actions, offer))
        reply = self.receive()
        if reply.kind != "optneg":
            return reply
        data = reply.args[0]
        _, self.actions, self.protocol = struct.unpack("!III", data[:12])
        data = data[12:]
        while len(data) > 4:
            (stage,) = struct.unpack("!I", data[:4])
            names, _, data = data[4:].partition(b"\0")
            self.symlist[STAGES[stage]] = [
                n.strip("{}") for n in names.decode().replace(",", " ").split()
            ]
        return reply

    def macro(self, step, values):
        """Define macros for a step; only those that the filter asked for, as an MTA does."""
        wanted = self.symlist.get(step)
        packet = b""
        for name, value in values.items():
            if value is None or (wanted is not None and name not in wanted):
                continue
            packet += cstrings(name if len(name) == 1 else "{" + name + "}", value)
        self.send("D", step.encode() + packet)

    def step(self, letter, data=b""):
        skip, silent = STEPS[letter]
        if self.protocol & skip:
            return None
        self.send(letter, data)
        return None if self.protocol & silent else self.verdict()

    def connect(self, host="client.example", family="4", port=4242, address="192.0.2.1"):
        data = cstrings(host) + family.encode()
        if family != "U":
            data += struct.pack("!H", port) + cstrings(address)
        return self.step("C", data)

    def helo(self, name="client.example"):
        return self.step("H", cstrings(name))

    def mail(self, sender, *parameters):
        return self.step("M", cstrings(sender, *parameters))

    def rcpt(self, recipient, *parameters):
        return self.step("R", cstrings(recipient, *parameters))

    def data(self):
        return self.step("T")

    def header(self, name, value):
        """`value` is what follows the colon, with its leading space."""
        value = octets(value)
        if not self.protocol & HDR_LEADSPC and value.startswith(b" "):
            value = value[1:]
        return self.step("L", cstrings(name, value))

    def eoh(self):
        return self.step("N")

    def body(self, chunk):
        return self.step("B", chunk)

    def unknown(self, command):
        return self.step("U", cstrings(command))

    def eob(self):
        self.send("E")
        return self.verdict()

    def abort(self):
        self.send("A")
        self.edits = []

    def quit(self):
        self.send("Q")
        self.close()


# --- a message as the MTA holds it --------------------------------------------------------------


def split_message(raw):
    """(fields, body): fields as [name, value] with LF between lines of a value, value with its
    leading space; body with CRLF as given. Bare LF line ends of `raw` are made CRLF first only
    when it has no CRLF at all."""
    raw = octets(raw)
    if b"\r\n" not in raw:
        raw = raw.replace(b"\n", b"\r\n")
    head, _, body = raw.partition(b"\r\n\r\n")
    fields = []
    for line in head.split(b"\r\n"):
        if line[:1] in b" \t" and fields and line:
            fields[-1][1] += b"\n" + line
        elif line:
            name, _, value = line.partition(b":")
            fields.append([name, value])
    return fields, body


def bare(address):
    """An address of an edit without angle brackets; filters send both forms."""
    return address.decode("utf-8", "surrogateescape").strip().removeprefix("<").removesuffix(">")


class MessageState:
    """Applies the filter's edits as an MTA does."""

    def __init__(self, sender, recipients, raw):
        self.sender, self.parameters = sender, ""
        self.recipients = list(recipients)
        self.fields, self.body = split_message(raw)

    def apply(self, edit, leadspc=True):
        pad = b"" if leadspc else b" "
        if edit.kind == "addheader":
            self.fields.append([edit.args[0], pad + edit.args[1]])
        elif edit.kind == "insheader":
            at = min(edit.index, len(self.fields))
            self.fields.insert(at, [edit.args[0], pad + edit.args[1]])
        elif edit.kind == "chgheader":
            self._change(edit, pad)
        elif edit.kind == "chgfrom":
            self.sender = bare(edit.args[0])
            self.parameters = edit.args[1].decode() if len(edit.args) > 1 else ""
        elif edit.kind in ("addrcpt", "addrcpt_par"):
            self.recipients.append(bare(edit.args[0]))
        elif edit.kind == "delrcpt":
            self.recipients.remove(bare(edit.args[0]))
        else:
            raise AssertionError(f"the filter asked for {edit.kind}: never wanted")

    def _change(self, edit, pad):
        name, value = edit.args[0], edit.args[1] if len(edit.args) > 1 else b""
        seen = 0
        for at, field in enumerate(self.fields):
            if field[0].lower() == name.lower():
                seen += 1
                if seen == max(edit.index, 1):
                    if value:
                        field[1] = pad + value
                    else:
                        del self.fields[at]
                    return
        if value:
            self.fields.append([name, pad + value])

    def get(self, name):
        """All values of a field, stripped and unfolded, as text."""
        return [
            " ".join(value.decode("utf-8", "replace").split())
            for field, value in self.fields
            if field.lower() == name.lower().encode()
        ]

    def render(self):
        head = b"".join(
            name + b":" + value.replace(b"\n", b"\r\n") + b"\r\n" for name, value in self.fields
        )
        return head + b"\r\n" + self.body


@dataclasses.dataclass
class Outcome:
    """How a message ended: `at` is the step's letter, or "E" for the end of the message."""

    at: str
    reply: Reply
    state: MessageState
    edits: list

    @property
    def code(self):
        return self.reply.code

    @property
    def accepted(self):
        return self.code == 2


@dataclasses.dataclass
class Envelope:
    sender: str
    recipients: list
    login: str = None
    queue_id: str = "4TQ000"
    parameters: tuple = ()
    address: str = "192.0.2.25"
    host: str = "client.example"
    family: str = "4"
    helo: str = "client.example"
    tls: str = "TLSv1.3"
    late_queue_id: bool = True  # Postfix: {i} is known from DATA on
    smtp: bool = True  # False: Postfix's own bounce through non_smtpd_milters
    port: int = 4242  # 0: the MTA made the client up, as it does for mail that is not from SMTP


def start_connection(client, env):
    """Negotiate, connect, helo; a Reply when the filter has decided for the whole connection."""
    client.negotiate()
    client.macro("C", {"j": "mail.creditor.example", "daemon_name": "temoin-test", "v": "test"})
    reply = client.connect(env.host, env.family, env.port, env.address)
    if reply and reply.kind != "continue":
        return reply
    client.macro("H", {"tls_version": env.tls})
    reply = client.helo(env.helo)
    return reply if reply and reply.kind != "continue" else None


def walk(client, env, raw, chunk):
    """Generator of (letter, function) for one message, as a well-behaved MTA walks through."""
    fields, body = split_message(raw)
    sender = f"<{env.sender}>" if env.smtp else env.sender
    macros = {"auth_authen": env.login, "auth_type": "PLAIN" if env.login else None,
              "mail_addr": env.sender}  # fmt: skip
    if not env.late_queue_id:
        macros["i"] = env.queue_id

    def mail():
        client.macro("M", macros)
        return client.mail(sender, *env.parameters)

    yield "M", mail
    for recipient in env.recipients:

        def rcpt(recipient=recipient):
            client.macro("R", {"rcpt_addr": recipient})
            return client.rcpt(f"<{recipient}>" if env.smtp else recipient)

        yield "R", rcpt

    def data():
        client.macro("T", {"i": env.queue_id})
        return client.data()

    yield "T", data
    for name, value in fields:
        yield "L", lambda name=name, value=value: client.header(name, value)
    yield "N", client.eoh
    for at in range(0, len(body), chunk):
        yield "B", lambda at=at: client.body(body[at : at + chunk])

    def end():
        client.macro("E", {"i": env.queue_id})
        return client.eob()

    yield "E", end


def transact(client, env, raw, chunk=65535):
    """One message on an open connection."""
    client.edits = []
    state = MessageState(env.sender, env.recipients, raw)
    skip_body = False
    for letter, function in walk(client, env, raw, chunk):
        if letter == "B" and skip_body:
            continue
        reply = function()
        if reply is None or reply.kind == "continue":
            if letter != "E":
                continue
        elif reply.kind == "skip":
            skip_body = True
            continue
        if letter == "E" and reply.code == 2:
            for edit in client.edits:
                state.apply(edit, bool(client.protocol & HDR_LEADSPC))
        elif letter == "R" and reply.code != 2:
            raise AssertionError("refused at RCPT: some of the mail would be lost")
        return Outcome(letter, reply, state, client.edits)
    raise AssertionError("no answer at the end of the message")


def deliver(path, env, raw, chunk=65535, timeout=20.0):
    """Connect, send one message, quit."""
    with Client(path, timeout) as client:
        early = start_connection(client, env)
        if early:
            return Outcome("C", early, MessageState(env.sender, env.recipients, raw), [])
        outcome = transact(client, env, raw, chunk)
        client.quit()
        return outcome
