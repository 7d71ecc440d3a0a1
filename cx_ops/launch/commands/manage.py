"""`./cx manage`: Django's commands, with the services there."""

from collections.abc import Sequence
from pathlib import Path

from cx_ops.launch import application, processes, services
from cx_ops.launch.commands import options
from cx_ops.launch.errors import say
from cx_ops.launch.instance import Instance

USAGE = """usage: ./cx manage [--dir DIR] COMMAND [ARGUMENTS]

Runs a Django command in the demo's installation, or in that of --dir (such as .cx/serve).
The services of a running `./cx demo` or `./cx serve` are used; else they run for as long as the command."""


def run(argv: Sequence[str]) -> int:
    directory, words = _split(argv)
    if not words or words[0] in {"-h", "--help"}:
        print(USAGE)
        return 0 if words else 2
    instance = Instance(directory)
    with services.borrowed_or_owned(instance) as ready:
        is_served = instance.is_production
        surroundings = application.production_environment if is_served else application.demo_environment
        return processes.run(
            application.manage(*words),
            environ=surroundings(ready),
            directory=Path.cwd(),
            children=ready.children,
        )


def _split(argv: Sequence[str]) -> tuple[Path, list[str]]:
    """Our own option stands before the command; everything after belongs to Django."""
    words = list(argv)
    directory = options.DEMO_DIRECTORY
    if words and words[0].startswith("--dir="):
        directory = Path(words.pop(0).removeprefix("--dir="))
    elif words and words[0] == "--dir":
        if len(words) == 1:
            say("--dir needs a directory")
            return directory, []
        directory = Path(words[1])
        words = words[2:]
    return directory.expanduser().resolve(), words
