"""The test case of `temoin verify FILE`: containers of asice.py, and what is said of them."""

import subprocess

from . import asice
from .case import BUILD, Case

INTACT, ALTERED, UNKNOWN, INCOMPLETE, NO_INPUT, UNREADABLE = 0, 1, 2, 3, 66, 74


class VerifyCase(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.keys = asice.Keys(cls.directory / "keys")

    def maker(self):
        return asice.Maker(self.keys).fill()

    def pins(self, *names, tsa="tsa-ca"):
        argv = []
        for name in names or ("seal", "export"):
            argv += ["--seal", self.keys.path(f"{name}.pem")]
        return argv + (["--tsa", self.keys.path(f"{tsa}.pem")] if tsa else [])

    def write(self, files, name="file.asice"):
        return asice.write(self.directory / name, files)

    def run_verify(self, *argv):
        return subprocess.run(
            [BUILD / "temoin", "verify", *map(str, argv)],
            capture_output=True, text=True, timeout=60,
        )  # fmt: skip

    def judge(self, status, *argv, says=()):
        done = self.run_verify(*argv)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.assertNotIn("Sanitizer", done.stderr)
        self.assertNotIn("runtime error", done.stderr)
        for pattern in [says] if isinstance(says, str) else says:
            self.assertRegex(done.stdout + done.stderr, f"(?m){pattern}")
        return done

    def judge_files(self, status, files, says=(), pins=None):
        return self.judge(status, *(self.pins() if pins is None else pins), self.write(files),
                          says=says)  # fmt: skip
