"""What the launcher tells its user."""

import sys


class LaunchError(Exception):
    """Something the person at the keyboard can act on; the message says what to do."""


def say(text: str) -> None:
    """Progress goes to stderr, so that stdout holds nothing but results."""
    print(text, file=sys.stderr, flush=True)
