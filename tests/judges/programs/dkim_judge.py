"""What dkimpy says of a message.

    dkim_judge.py verify MESSAGE NAME=RECORD...        # exit status 0: every signature is good
"""

import re
import sys

import dkim


def verify(message, *records):
    keys = dict(record.split("=", 1) for record in records)

    def ask(name, timeout=5):
        name = name.decode() if isinstance(name, bytes) else name
        found = keys.get(name.rstrip(".").lower())
        return found.encode() if found else None

    with open(message, "rb") as file:
        octets = file.read()
    head = octets.partition(b"\r\n\r\n")[0]
    count = len(re.findall(rb"(?im)^DKIM-Signature:", head))
    judge = dkim.DKIM(octets)
    good = [judge.verify(idx=i, dnsfunc=ask) for i in range(count)]
    print(good)
    sys.exit(0 if good and all(good) else 1)


if __name__ == "__main__":
    verify(*sys.argv[2:])
