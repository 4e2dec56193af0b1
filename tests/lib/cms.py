"""CMS structures that `openssl cms` does not make: CAdES signatures with chosen attributes, with a
revocation list, with two signers, and timestamp tokens that say what no authority would.

    cms.signed(keys, "export", data, times=[])          # without a signing time
    cms.token(keys, digest, change=cms.at("20200101000000Z"))
"""

import hashlib
import re

from .asice import der, openssl

SHA256 = bytes.fromhex("300b0609608648016503040201")
ECDSA_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")
DATA, SIGNED_DATA = "1.2.840.113549.1.7.1", "1.2.840.113549.1.7.2"
CONTENT_TYPE, DIGEST, TIME = (f"1.2.840.113549.1.9.{n}" for n in (3, 4, 5))
SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"
TST_INFO = "1.2.840.113549.1.9.16.1.4"
NOW = der(0x17, b"261121120000Z")


def oid(text):
    numbers = [int(n) for n in text.split(".")]
    octets = bytearray()
    for n in [40 * numbers[0] + numbers[1], *numbers[2:]]:
        groups = [n & 0x7F]
        while n := n >> 7:
            groups.append(n & 0x7F | 0x80)
        octets += bytes(reversed(groups))
    return der(6, bytes(octets))


def elements(content):
    """The elements that stand one behind the other, each with its header."""
    found = []
    while content:
        size, head = content[1], 2
        if size & 0x80:
            head += size & 0x7F
            size = int.from_bytes(content[2:head], "big")
        found.append(content[: head + size])
        content = content[head + size :]
    return found


def inside(element):
    head = 2 + (element[1] & 0x7F if element[1] & 0x80 else 0)
    return element[head:]


def der_of(keys, name):
    return openssl("x509", "-in", keys.path(f"{name}.pem"), "-outform", "DER")


# --- signatures -------------------------------------------------------------------------------


def attribute(name, *values):
    return der(0x30, oid(name), der(0x31, *values))


def signer(keys, name, data, times=(NOW,), named=None, key=None):
    """A SignerInfo; `named`: the certificate in its signing-certificate-v2; `key`: whose key signs,
    though the certificate is that of `name`."""
    certificate = der_of(keys, name)
    tbs = elements(inside(elements(inside(certificate))[0]))
    serial, issuer = tbs[1], tbs[3]
    named = hashlib.sha256(named or certificate).digest()
    attributes = [
        attribute(CONTENT_TYPE, oid(DATA)),
        attribute(DIGEST, der(4, hashlib.sha256(data).digest())),
        attribute(SIGNING_CERTIFICATE_V2, der(0x30, der(0x30, der(0x30, der(4, named))))),
    ]
    if times:
        attributes.append(attribute(TIME, *times))
    attributes = b"".join(sorted(attributes))
    value = openssl("dgst", "-sha256", "-sign", keys.path(f"{key or name}.key"),
                    data=der(0x31, attributes))  # fmt: skip
    return der(0x30, der(2, b"\1"), der(0x30, issuer, serial), SHA256, der(0xA0, attributes),
               ECDSA_SHA256, der(4, value))  # fmt: skip


def signed(keys, name, data, more=(), crl=None, **keywords):
    """CAdES-B-B, detached; `more`: other signers."""
    names = [name, *more]
    parts = [der(2, b"\1"), der(0x31, SHA256), der(0x30, oid(DATA)),
             der(0xA0, *[der_of(keys, n) for n in names])]  # fmt: skip
    if crl:
        parts.append(der(0xA1, crl))
    parts.append(der(0x31, *[signer(keys, n, data, **keywords) for n in names]))
    return der(0x30, oid(SIGNED_DATA), der(0xA0, der(0x30, *parts)))


def revocation(keys, name, when, of=None):
    """A list of `name`'s, by which the certificate with the serial of `of` is revoked; in DER."""
    tbs = elements(inside(elements(inside(der_of(keys, of or name)))[0]))
    serial = inside(tbs[1]).lstrip(b"\0").hex().upper()
    database = keys.path(f"{name}.revoked")
    database.write_text(f"R\t360101000000Z\t{when}\t{serial}\tunknown\t/CN=revoked\n")
    config = keys.path(f"{name}.revoke.cnf")
    config.write_text(f"[ca]\ndefault_ca=d\n[d]\ndatabase={database}\ndefault_md=sha256\n")
    pem = openssl("ca", "-config", config, "-gencrl", "-crldays", "30", "-keyfile",
                  keys.path(f"{name}.key"), "-cert", keys.path(f"{name}.pem"))  # fmt: skip
    return openssl("crl", "-outform", "DER", data=pem)


# --- timestamp tokens -------------------------------------------------------------------------


def resigned(token, change, certificate, key):
    """The token whose TSTInfo is what `change` makes of that of a good one."""
    info = openssl("cms", "-verify", "-noverify", "-inform", "DER", data=token)
    return openssl("cms", "-sign", "-binary", "-nodetach", "-cades", "-nosmimecap", "-md", "sha256",
                   "-econtent_type", TST_INFO, "-signer", certificate, "-inkey", key, "-outform",
                   "DER", data=change(info))  # fmt: skip


def token(keys, digest, change, name="tsa"):
    return resigned(keys.stamp(digest, name), change, keys.path(f"{name}.pem"), keys.path(f"{name}.key"))


def at(time):
    """Another time: "20200101000000Z"."""
    return lambda info: re.sub(rb"\x18\x0f\d{14}Z", der(0x18, time.encode()), info)


def version_2(info):
    parts = elements(inside(info))
    return der(0x30, der(2, b"\2"), *parts[1:])


def qualified(info):
    """With the statement of ETSI EN 319 422, 9.1."""
    statements = der(0x30, der(0x30, oid("0.4.0.19422.1.1")))
    extension = der(0x30, oid("1.3.6.1.5.5.7.1.3"), der(4, statements))
    return der(0x30, inside(info), der(0xA1, extension))


def imprint(algorithm, digest):
    """Another message imprint."""

    def change(info):
        parts = elements(inside(info))
        return der(0x30, *parts[:2], der(0x30, algorithm, der(4, digest)), *parts[3:])

    return change
