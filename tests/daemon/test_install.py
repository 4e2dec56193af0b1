"""What `make` builds and `make install` leaves: files, flags, the service file.

TEMOIN_HARDENED names a build with the default flags; tests/run makes one.
"""

import os
import pathlib
import re
import shutil
import subprocess
import unittest

from lib.case import BUILD, SOURCE, Case

HARDENED = os.environ.get("TEMOIN_HARDENED")
INSTALLED = {
    "sbin/temoind",
    "bin/temoin",
    "share/man/man1/temoin.1",
    "libexec/temoin/temoin-reader",
    "share/man/man5/temoin.conf.5",
    "share/man/man8/temoind.8",
    "lib/systemd/system/temoind.service",
    "lib/systemd/system/temoin-keys.service",
    "lib/systemd/system/temoin-keys.timer",
    "lib/systemd/system/temoin-follow.service",
    "lib/systemd/system/temoin-renew.service",
    "lib/systemd/system/temoin-renew.timer",
    "lib/systemd/system/temoin-seal.service",
    "lib/systemd/system/temoin-seal.timer",
    "share/doc/temoin/examples/temoin.conf.example",
    "share/doc/temoin/examples/postfix/main.cf",
    "share/doc/temoin/examples/postfix/master.cf",
    "share/doc/temoin/examples/postfix/master-dkim.cf",
    "share/doc/temoin/examples/sendmail/temoin.mc",
}


def output(*argv, **keywords):
    done = subprocess.run(
        [str(a) for a in argv], capture_output=True, text=True, timeout=100, **keywords
    )
    if done.returncode != 0:
        raise AssertionError(f"{argv}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


class Install(Case):
    def make(self, *argv):
        environment = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL")}
        return output("make", "-C", BUILD, *argv, env=environment)

    def files(self, top):
        return {str(p.relative_to(top)) for p in top.rglob("*") if not p.is_dir()}

    def test_install_and_uninstall(self):
        top = self.directory / "root"
        where = (f"DESTDIR={top}", "prefix=/usr", "exec_prefix=/usr")
        self.make("install", *where)
        self.assertEqual(self.files(top / "usr"), INSTALLED)
        self.assertEqual(self.files(top), {f"usr/{name}" for name in INSTALLED})
        for program in ("sbin/temoind", "bin/temoin"):
            self.assertEqual((top / "usr" / program).stat().st_mode & 0o7777, 0o755)
        self.assertRegex(output(top / "usr/bin/temoin", "--version"), r"^temoin \d")
        self.make("uninstall", *where)
        self.assertEqual(self.files(top), set())

    def test_service_file_starts_what_was_installed(self):
        text = (BUILD / "contrib/systemd/temoind.service").read_text()
        makefile = (BUILD / "Makefile").read_text()
        prefix = re.search(r"(?m)^prefix = (.*)$", makefile)[1]
        for key in ("ExecStartPre", "ExecStart"):
            self.assertRegex(text, rf"(?m)^{key}={re.escape(prefix)}/sbin/temoind\b")
        self.assertRegex(text, r"(?m)^Type=notify$")
        self.assertNotRegex(text, r"@[a-z]+dir@")

    @unittest.skipUnless(shutil.which("systemd-analyze"), "systemd is not installed")
    def test_service_file_is_understood(self):
        text = (BUILD / "contrib/systemd/temoind.service").read_text()
        unit = self.directory / "temoind.service"
        unit.write_text(re.sub(r"(?m)^(ExecStart\w*=)\S+", r"\1/bin/true", text))
        done = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True,
            timeout=60,
        )  # fmt: skip
        about = [line for line in done.stderr.splitlines() if "temoind.service" in line]
        self.assertEqual(about, [])

    def test_licence(self):
        text = " ".join((SOURCE / "COPYING").read_text().split())
        self.assertIn("Redistribution and use in source and binary forms", text)
        self.assertEqual(len(re.findall(r"Redistributions (?:of|in)", text)), 2)
        self.assertNotIn("endorse", text, "two clauses, not three")

    def test_sanitizers_are_in(self):
        if "-fsanitize" not in (BUILD / "Makefile").read_text():
            self.skipTest("configured without --enable-sanitizers")
        for program in ("temoind", "temoin"):
            symbols = output("readelf", "--dyn-syms", "-W", BUILD / program)
            self.assertIn("__asan_init", symbols)
            self.assertIn("__ubsan_handle", symbols)


@unittest.skipUnless(HARDENED, "TEMOIN_HARDENED names no build")
class Hardened(Case):
    def test_programs_are_hardened(self):
        for name in ("temoind", "temoin"):
            with self.subTest(name):
                program = pathlib.Path(HARDENED) / name
                header = output("readelf", "-hW", program)
                self.assertRegex(header, r"Type:\s+DYN", "position independent")
                segments = output("readelf", "-lW", program)
                self.assertIn("GNU_RELRO", segments)
                self.assertRegex(segments, r"GNU_STACK.* RW +0x", "no executable stack")
                dynamic = output("readelf", "-dW", program)
                self.assertRegex(dynamic, r"FLAGS_1.*\bNOW\b.*\bPIE\b")
                symbols = output("readelf", "--dyn-syms", "-W", program)
                self.assertIn("__stack_chk_fail", symbols)
                self.assertRegex(symbols, r"__\w+_chk\b(?<!__stack_chk_fail)", "fortified")
                self.assertNotIn("__asan_init", symbols)

    def test_flags_that_leave_no_trace_in_the_program(self):
        text = (pathlib.Path(HARDENED) / "Makefile").read_text()
        flags = re.search(r"(?m)^HARDEN_CFLAGS = (.*)$", text)[1].split()
        for flag in ("-fstack-protector-strong", "-fstack-clash-protection"):
            self.assertIn(flag, flags)
        flags = re.search(r"(?m)^STRICT_CFLAGS = (.*)$", text)[1].split()
        for flag in ("-Wall", "-Wextra", "-Wshadow", "-Wformat=2", "-Wvla", "-std=gnu17"):
            self.assertIn(flag, flags)


class Lint(Case):
    """`make lint` says no to a file out of format and to an arrow the wrong way; in a small tree."""

    def setUp(self):
        if not all(map(shutil.which, ("clang-format-14", "cppcheck"))):
            self.skipTest("clang-format and cppcheck are not installed")
        self.tree = self.directory / self._testMethodName
        for part, module in (("milter", "gate"), ("policy", "text"), ("db", "msg")):
            (self.tree / part).mkdir(parents=True)
            for suffix in (".c", ".h"):
                shutil.copy(SOURCE / part / (module + suffix), self.tree / part)
        (self.tree / "tests").mkdir()
        shutil.copy(SOURCE / ".clang-format", self.tree)

    def lint(self, *tools):
        """Only the quick checks: cppcheck takes a minute."""
        tools = tools or ("CPPCHECK=true",)
        return subprocess.run(
            ["make", "-C", BUILD, "-o", "Makefile", "lint", f"srcdir={self.tree}", *tools],
            capture_output=True, text=True, timeout=100,
        )  # fmt: skip

    def test_clean_tree(self):
        done = self.lint()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_bad_format(self):
        with open(self.tree / "policy" / "text.c", "a") as out:
            out.write("int  a ( void ){return 1 ;}\n")
        done = self.lint()
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("policy/text.c", done.stderr)

    def test_arrow_the_wrong_way(self):
        for file, header in (("policy/text.c", "db/store.h"), ("policy/text.c", "milter/road.h"),
                             ("db/msg.c", "milter/road.h")):  # fmt: skip
            with self.subTest(file=file, header=header):
                path = self.tree / file
                before = path.read_text()
                path.write_text(f'#include "{header}"\n\n' + before)
                done = self.lint()
                self.assertNotEqual(done.returncode, 0)
                self.assertIn(f'{file}:1:#include "{header}"', done.stdout)
                path.write_text(before)

    def test_without_its_tools_it_says_so(self):
        for tool in ("CLANG_FORMAT=:", "CPPCHECK=:"):
            done = self.lint(tool)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("lint: install", done.stderr)
