"""Waiting with a deadline: nothing in the tests sleeps for a fixed time and hopes."""

import time


class Late(AssertionError):
    """What was waited for did not happen in time."""


def until(condition, seconds=10.0, what="the condition", every=0.02):
    """Call condition() until it returns something true; give that back.

    The exception says what was waited for and the last value seen.
    """
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise Late(f"waited {seconds} s for {what}; last seen: {value!r}")
        time.sleep(every)


def holds(condition, seconds, what="the condition", every=0.05):
    """condition() must stay true for so long (for what must *not* happen)."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not condition():
            raise AssertionError(f"{what} ended within {seconds} s")
        time.sleep(every)
