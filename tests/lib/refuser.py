"""A milter that refuses the first messages at their end, and then accepts: what makes a client try
again with a new queue ID after our own milter has done its work.

    refuser = Refuser("/tmp/x/refuser.sock", count=1)      # 4xx to the first message
    postfix: smtpd_milters = ours, unix:/tmp/x/refuser.sock
    refuser.stop()
"""

import os
import socket
import struct
import threading

# Of the protocol's callbacks only the end of the message is wanted: no connect, helo, mail, rcpt,
# body, headers, end of header, unknown, data.
NOTHING_ELSE = 0x1 | 0x2 | 0x4 | 0x8 | 0x10 | 0x20 | 0x40 | 0x100 | 0x200


class Refuser:
    def __init__(self, path, count=1):
        self.left, self.refused = count, 0
        self.lock = threading.Lock()
        self.listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listening.bind(str(path))
        os.chmod(path, 0o666)
        self.listening.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self):
        self.listening.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _verdict(self):
        with self.lock:
            if self.left == 0:
                return b"a"
            self.left -= 1
            self.refused += 1
            return b"t"

    def _serve(self, connection):
        with connection, connection.makefile("rb") as stream:
            while len(head := stream.read(4)) == 4:
                packet = stream.read(struct.unpack("!I", head)[0])
                if packet[:1] == b"O":
                    answer = b"O" + struct.pack("!III", 6, 0, NOTHING_ELSE)
                elif packet[:1] == b"E":
                    answer = self._verdict()
                elif packet[:1] == b"Q":
                    return
                else:
                    continue  # macros, abort
                connection.sendall(struct.pack("!I", len(answer)) + answer)
