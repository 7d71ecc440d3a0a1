"""`./cx demo`: the whole product with data to look at."""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypedDict

from cx_ops.launch import application, database, services
from cx_ops.launch.commands import options
from cx_ops.launch.errors import LaunchError, say
from cx_ops.launch.instance import Instance
from cx_ops.launch.services import Services


class LogIn(TypedDict):
    username: str
    password: str
    role: str


class Credentials(TypedDict):
    """What load_demo leaves in credentials.json."""

    users: list[LogIn]
    api_token: str


def run(argv: Sequence[str]) -> int:
    chosen = _parse(argv)
    port = application.choose_port(chosen.host, chosen.port)
    instance = options.instance(chosen)
    with services.owned(instance, fresh=chosen.fresh) as ready:
        environ = application.demo_environment(ready)
        _load(ready, environ, chosen)
        say("Starting web, worker and beat ...")
        with application.running(ready, environ, host=chosen.host, port=port) as supervisor:
            _tell(f"http://{chosen.host}:{port}", instance, as_json=chosen.json)
            supervisor.watch()


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = options.parser("demo", "Start everything with demonstration data; Ctrl-C stops it.")
    data = parser.add_mutually_exclusive_group()
    data.add_argument("--data", type=Path, metavar="DIR", help="load this data instead of the built-in")
    data.add_argument(
        "--empty", action="store_true", help="people to log in as and no customers, for files of your own"
    )
    parser.add_argument("--whole", action="store_true", help="load all of the data, not a sample")
    parser.add_argument("--json", action="store_true", help="print one line of JSON when ready")
    parser.add_argument("--fresh", action="store_true", help="throw away what an earlier demo holds")
    options.add_directory(parser, options.DEMO_DIRECTORY)
    options.add_address(parser)
    return parser.parse_args(argv)


def _load(ready: Services, environ: Mapping[str, str], chosen: argparse.Namespace) -> None:
    """Bring the schema up to date and the data in, once; a demo that broke off half-way is begun anew.

    That the data is whole is said by the database's marker, written last.
    """
    data = str(chosen.data.expanduser().resolve()) if chosen.data else ""
    wanted = {"kind": "demo", "data": data, "whole": chosen.whole, "empty": chosen.empty}
    found = {} if chosen.fresh else database.read_marker(ready.database_url) or {}
    is_loaded = "kind" in found
    if not is_loaded:
        _make_room(ready, fresh=chosen.fresh)
    elif (data or chosen.whole or chosen.empty) and not wanted.items() <= found.items():
        raise LaunchError("This demo holds other data: give --fresh to replace it, or another --dir")
    application.migrate(ready, environ)
    application.collect_static(ready.instance, environ)
    if not is_loaded:
        say("Loading the demonstration data ...")
        flags = [f"--{name}" for name in ("whole", "empty") if getattr(chosen, name)]
        words = [*(["--data", data] if data else []), *flags]
        say(application.run_manage("load_demo", *words, environ=environ).rstrip())
        marker = database.read_marker(ready.database_url) or {}
        database.write_marker(ready.database_url, {**marker, **wanted})


def _make_room(ready: Services, *, fresh: bool) -> None:
    """An empty database for the loading. One that was given, and not by --fresh, is never emptied."""
    if database.is_empty(ready.database_url):
        return
    if not ready.embedded_database and not fresh:
        raise LaunchError("The database in DATABASE_URL holds tables, but no complete demo; --fresh empties it")
    say("An earlier demo was not loaded to its end: beginning anew ...")
    database.recreate(ready.database_url)
    ready.instance.credentials.unlink(missing_ok=True)


def _tell(url: str, instance: Instance, *, as_json: bool) -> None:
    credentials = _read_credentials(instance)
    if as_json:
        print(json.dumps({"url": url, **credentials}), flush=True)
        return
    lines = [f"CX Ops is ready: {url}", ""]
    lines += [f"  {user['username']:20} {user['password']:24} {user['role']}" for user in credentials["users"]]
    lines += ["", f"  API token: {credentials['api_token']}", "", "Ctrl-C stops it; its data is kept."]
    print("\n".join(lines), flush=True)


def _read_credentials(instance: Instance) -> Credentials:
    """Empty where the database was restored from a backup: its log-ins are the ones of that backup."""
    if not instance.credentials.exists():
        return Credentials(users=[], api_token="")
    found = json.loads(instance.credentials.read_text())
    return Credentials(users=found["users"], api_token=found["api_token"])
