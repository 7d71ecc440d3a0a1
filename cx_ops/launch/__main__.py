"""`python -m cx_ops.launch COMMAND …`, as `./cx` runs it."""

import sys
from collections.abc import Callable, Sequence

from cx_ops.launch import signals
from cx_ops.launch.commands import backup, check, demo, manage, measure, restore, serve, test
from cx_ops.launch.errors import LaunchError, say

Command = Callable[[Sequence[str]], int]
COMMANDS: dict[str, tuple[Command, str]] = {
    "demo": (demo.run, "start everything with demonstration data and print the URL and the log-ins"),
    "serve": (serve.run, "start everything for real use"),
    "manage": (manage.run, "run a Django command"),
    "test": (test.run, "run the checks and all tests, or the tests that are named"),
    "check": (check.run, "lint, types, import contracts, migrations, API schema, deployment"),
    "bench": (measure.bench, "measure"),
    "faults": (measure.faults, "break things and see that nothing is lost"),
    "backup": (backup.run, "write the database and the uploads to one file"),
    "restore": (restore.run, "put a backup in place"),
}


def usage() -> str:
    lines = [f"  {name:8} {purpose}" for name, (_, purpose) in COMMANDS.items()]
    return "\n".join(["usage: ./cx COMMAND [ARGUMENTS]", "", *lines, "", "./cx COMMAND --help says more."])


def main(argv: Sequence[str]) -> int:
    if not argv or argv[0] in {"-h", "--help", "help"}:
        print(usage())
        return 0 if argv else 2
    if argv[0] not in COMMANDS:
        say(f"There is no command {argv[0]!r}.\n\n{usage()}")
        return 2
    command, _ = COMMANDS[argv[0]]
    signals.install()
    try:
        return command(argv[1:])
    except LaunchError as error:
        say(f"cx {argv[0]}: {error}")
        return 1
    except signals.Stopped as stopped:
        say("Stopped.")
        return 128 + stopped.number


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
