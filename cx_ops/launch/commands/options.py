"""Options that several commands share."""

import argparse
from pathlib import Path

from cx_ops.launch.instance import ROOT, Instance

DEMO_DIRECTORY = ROOT / ".cx" / "demo"
SERVE_DIRECTORY = ROOT / ".cx" / "serve"


def parser(command: str, purpose: str) -> argparse.ArgumentParser:
    return argparse.ArgumentParser(prog=f"./cx {command}", description=purpose)


def add_directory(arguments: argparse.ArgumentParser, default: Path) -> None:
    shown = default.relative_to(ROOT)
    text = f"where the installation keeps its data (default: {shown} in the checkout)"
    arguments.add_argument("--dir", type=Path, default=default, metavar="DIR", help=text)


def add_address(arguments: argparse.ArgumentParser) -> None:
    arguments.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    arguments.add_argument("--port", type=int, default=8000, help="0 takes a free one (default: %(default)s)")


def instance(chosen: argparse.Namespace) -> Instance:
    directory: Path = chosen.dir
    return Instance(directory.expanduser().resolve())
