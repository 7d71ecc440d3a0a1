"""`./cx bench` and `./cx faults`: programs of their own, run against services that are thrown away."""

import os
import sys
from collections.abc import Mapping, Sequence

from cx_ops.launch import application, processes, schema, services
from cx_ops.launch.instance import ROOT


def bench(argv: Sequence[str]) -> int:
    """On a migrated, empty, durable database."""
    with services.temporary(durable=True) as ready:
        environ = application.demo_environment(ready) | {"PYTHONPATH": str(ROOT)}
        schema.make(ready, environ)
        return _run("bench", argv, environ)


def faults(argv: Sequence[str]) -> int:
    """It starts services of its own, since it stops and kills them."""
    return _run("tests.faults", argv, os.environ | {"PYTHONPATH": str(ROOT)})


def _run(module: str, argv: Sequence[str], environ: Mapping[str, str]) -> int:
    words = [sys.executable, "-P", "-m", module, *argv]
    return processes.run(words, environ=environ, directory=ROOT)
