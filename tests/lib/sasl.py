"""A password server in Dovecot's auth protocol, for smtpd_sasl_type = dovecot.

Knows a dictionary {login: password} and the mechanism PLAIN; runs in a thread.
"""

import base64
import os
import socket
import threading

GREETING = (
    "VERSION\t1\t2\n"
    "MECH\tPLAIN\tplaintext\n"
    "SPID\t{pid}\nCUID\t{cuid}\nCOOKIE\t00112233445566778899aabbccddeeff\nDONE\n"
)


class PasswordServer:
    def __init__(self, path, passwords):
        self.path, self.passwords = path, passwords
        self.count = 0
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(path)
        os.chmod(path, 0o666)
        self.listener.listen(16)
        threading.Thread(target=self._serve, daemon=True).start()

    def stop(self):
        self.listener.close()
        if os.path.exists(self.path):
            os.unlink(self.path)

    def _serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.count += 1
            threading.Thread(
                target=self._talk, args=(connection, self.count), daemon=True
            ).start()

    def _talk(self, connection, cuid):
        try:
            with connection, connection.makefile("rw", encoding="utf-8", newline="\n") as line:
                line.write(GREETING.format(pid=os.getpid(), cuid=cuid))
                line.flush()
                for request in line:
                    words = request.rstrip("\n").split("\t")
                    if words[0] == "AUTH":
                        line.write(self._answer(words))
                        line.flush()
        except (OSError, ValueError):
            return

    def _answer(self, words):
        number = words[1]
        response = next((w[5:] for w in words if w.startswith("resp=")), "")
        try:
            _, login, password = base64.b64decode(response).decode().split("\0")
        except ValueError:
            return f"FAIL\t{number}\n"
        if login in self.passwords and self.passwords[login] == password:
            return f"OK\t{number}\tuser={login}\n"
        return f"FAIL\t{number}\tuser={login}\n"
