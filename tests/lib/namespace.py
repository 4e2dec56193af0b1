"""Can a process have mounts of its own here? Not in a chroot whose root is no mount point."""

import functools
import subprocess

WHY = "no mount namespace can be made here (in a chroot? bind its directory onto itself first)"


@functools.cache
def possible():
    done = subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False)
    return done.returncode == 0
