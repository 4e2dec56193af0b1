"""A next hop that refuses, makes wait, or hands on: what a server behind a server does.

    gate = Gate(port_to_hand_on_to)
    gate.start()      # gate.port: nx@… is refused (550), late@… told to come again (451)
    gate.stop()
"""

import smtplib
import socketserver
import threading

from . import live

REFUSALS = {b"nx@": b"550 5.1.1 no such user here", b"late@": b"451 4.2.2 mailbox is locked"}


class Conversation(socketserver.StreamRequestHandler):
    timeout = 60

    def say(self, line):
        self.wfile.write(line + b"\r\n")

    def handle(self):
        self.say(b"220 gate.example ESMTP")
        self.sender, self.recipients = b"", []
        for line in self.rfile:
            word = line[:4].upper()
            if word == b"QUIT":
                return self.say(b"221 2.0.0 bye")
            if word == b"MAIL":
                self.sender, self.recipients = line, []
                self.say(b"250 2.1.0 ok")
            elif word == b"RCPT":
                self.rcpt(line)
            elif word == b"DATA":
                self.data()
            else:
                self.say(b"250 ok")

    def rcpt(self, line):
        refused = [said for who, said in REFUSALS.items() if b"<" + who in line]
        if not refused:
            self.recipients.append(line)
        self.say(refused[0] if refused else b"250 2.1.5 ok")

    def data(self):
        self.say(b"354 go ahead")
        lines = []
        for line in self.rfile:
            if line == b".\r\n":
                break
            lines.append(line[1:] if line.startswith(b".") else line)
        with smtplib.SMTP("127.0.0.1", self.server.next_hop, timeout=30) as smtp:
            addresses = [self.address(line) for line in self.recipients]
            smtp.sendmail(self.address(self.sender), addresses, b"".join(lines))
        self.say(b"250 2.0.0 handed on")

    @staticmethod
    def address(line):
        return line.split(b"<", 1)[1].split(b">", 1)[0].decode()


class Gate(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, next_hop):
        super().__init__(("127.0.0.1", 0), Conversation)
        self.next_hop, self.port = next_hop, self.server_address[1]

    def start(self):
        live.add(self)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def stop(self):
        self.shutdown()
        self.server_close()
        live.remove(self)
