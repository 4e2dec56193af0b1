"""The judges themselves: each says yes to an evidence file that was made from the specification
alone, and no to each copy in which one octet of something that it answers for was changed."""

import pathlib
import shutil
import unittest

from lib import asice
from lib.judged import Dated, Judged, JudgedCase
from lib.judges import Trust


@unittest.skipUnless(shutil.which("openssl"), "openssl is not installed")
class Reference(Judged, Dated, JudgedCase):
    grouped = ("batches/*.checkpoint", "log/log.pub.pem")

    @classmethod
    def make(cls):
        keys = asice.Keys(cls.directory / "keys")
        maker = asice.Maker(keys).fill()
        file = asice.write(cls.directory / "reference.asice", maker.make())
        path = pathlib.Path(keys.directory)
        return file, Trust(path / "seal.pem", path / "export.pem", path / "tsa-ca.pem")
