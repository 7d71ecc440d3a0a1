"""`./cx bench` and `./cx faults`: programs of their own, run against services that are thrown away."""

import sys
from collections.abc import Sequence

from cx_ops.launch import application, processes, services
from cx_ops.launch.instance import ROOT


def bench(argv: Sequence[str]) -> int:
    return _run("bench", argv)


def faults(argv: Sequence[str]) -> int:
    return _run("tests.faults", argv)


def _run(module: str, argv: Sequence[str]) -> int:
    """Run the module on a migrated, empty, durable database."""
    with services.temporary(durable=True) as ready:
        environ = application.demo_environment(ready) | {"PYTHONPATH": str(ROOT)}
        application.migrate(ready, environ)
        words = [sys.executable, "-P", "-m", module, *argv]
        return processes.run(words, environ=environ, directory=ROOT, children=[])
