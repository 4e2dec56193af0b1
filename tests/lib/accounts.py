"""System accounts for a daemon under test, so that it really gives up root.

    accounts = Accounts("temoin-test")
    accounts.ensure()                          # made where missing, in a group of their own
    python3 accounts.py remove temoin-test     # at the end of all
"""

import fcntl
import grp
import pathlib
import pwd
import subprocess
import sys


def _exists(lookup, name):
    try:
        lookup(name)
        return True
    except KeyError:
        return False


class Accounts:
    def __init__(self, prefix):
        self.group = self.user = prefix
        self.milter, self.sealer = prefix + "-mail", prefix + "-seal"
        self.reader = prefix + "-read"

    def ensure(self):
        with open(f"/run/{self.group}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not _exists(grp.getgrnam, self.group):
                subprocess.run(["groupadd", "--system", self.group], check=True)
            for name in (self.user, self.milter, self.sealer, self.reader):
                if not _exists(pwd.getpwnam, name):
                    # The reader needs nothing of what the group may see.
                    group = ["--user-group"] if name == self.reader else ["--gid", self.group]
                    subprocess.run(
                        ["useradd", "--system", "--no-create-home", "--home-dir", "/nonexistent",
                         "--shell", "/usr/sbin/nologin", *group, name],
                        check=True,
                    )  # fmt: skip

    def in_use(self):
        """Does a process of theirs run, of another test run perhaps?"""
        names = (self.user, self.milter, self.sealer, self.reader)
        uids = {pwd.getpwnam(name).pw_uid for name in names if _exists(pwd.getpwnam, name)}
        for path in pathlib.Path("/proc").iterdir():
            try:
                if path.name.isdigit() and path.stat().st_uid in uids:
                    return True
            except OSError:
                continue
        return False

    def remove(self):
        if self.in_use():
            return
        for name in (self.reader, self.milter, self.sealer, self.user):  # the group's own user last
            if _exists(pwd.getpwnam, name):
                subprocess.run(["userdel", name], check=False)
        if _exists(grp.getgrnam, self.group):
            subprocess.run(["groupdel", self.group], check=False)


if __name__ == "__main__" and sys.argv[1:2] == ["remove"]:
    for group in sys.argv[2:]:
        Accounts(group).remove()
