"""Tokens, computed here a second time from the key file, to forge near misses and to check."""

import base64
import hashlib
import hmac
import pathlib


def active_key(key_directory):
    for line in (pathlib.Path(key_directory) / "token.keys").read_text().splitlines():
        words = line.partition("#")[0].split()
        if len(words) == 3 and words[2] == "active":
            return int(words[0]), bytes.fromhex(words[1])
    raise AssertionError("no active key")


def make(key_number, secret, number, domain):
    head = bytes([key_number]) + number.to_bytes(5, "big")
    mac = hmac.new(secret, head + domain.encode(), hashlib.sha256).digest()[:10]
    return base64.b32encode(head + mac).decode().lower().rstrip("=")


def number(token):
    raw = base64.b32decode(token.upper() + "======")
    return int.from_bytes(raw[1:6], "big")


def forged(token):
    """The same message number with a MAC that is wrong in one bit."""
    raw = bytearray(base64.b32decode(token.upper() + "======"))
    raw[15] ^= 1
    return base64.b32encode(bytes(raw)).decode().lower().rstrip("=")
