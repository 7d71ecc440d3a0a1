"""Child processes that never outlive the launcher."""

import ctypes
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from cx_ops.launch import signals
from cx_ops.launch.errors import LaunchError

PR_SET_PDEATHSIG = 1
POLL_SECONDS = 0.05
END_SECONDS = 60  # longer than a program that is run takes to stop its own children
LOG_TAIL_LINES = 20


@dataclass(frozen=True)
class Plan:
    """How to run one process: its name, command, surroundings and the signal that stops it.

    `prepare` is called before every start.
    """

    name: str
    argv: Sequence[str]
    environ: Mapping[str, str]
    directory: Path
    log: Path
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 15.0
    user: str | None = None
    prepare: Callable[[], None] = lambda: None


class Child:
    """A running process, in a process group of its own so that Ctrl-C reaches the launcher alone."""

    def __init__(self, plan: Plan, *, keep_log: bool = False) -> None:
        self.plan = plan
        self.patience_ends = 0.0
        plan.log.parent.mkdir(parents=True, exist_ok=True)
        with plan.log.open("ab" if keep_log else "wb") as output:
            self.process = subprocess.Popen(
                plan.argv,
                env=dict(plan.environ),
                cwd=plan.directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                process_group=0,
                preexec_fn=_die_with_parent(plan.stop_signal),
                user=plan.user,
                group=pwd.getpwnam(plan.user).pw_gid if plan.user else None,
                extra_groups=[] if plan.user else None,
            )

    @property
    def pid(self) -> int:
        return self.process.pid

    def is_alive(self) -> bool:
        return self.process.poll() is None

    def ask_to_stop(self) -> None:
        self.patience_ends = time.monotonic() + self.plan.stop_seconds
        if self.is_alive():
            self.process.send_signal(self.plan.stop_signal)

    def finish(self) -> None:
        """Wait for the end, `stop_seconds` from when it was asked for, then kill whatever is left of the group."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(max(self.patience_ends - time.monotonic(), 0))
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        self.ask_to_stop()
        self.finish()

    def obituary(self) -> str:
        """What died and the end of its log."""
        lines = self.plan.log.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:]
        return "\n".join([f"{self.plan.name} ended with {self.ending()}:", *lines])

    def ending(self) -> str:
        return _ending(self.process.returncode)


def start(plan: Plan, into: list[Child]) -> Child:
    """Start a process and record it in `into`, with no gap in which a signal could forget it."""
    plan.prepare()
    with signals.held_back():
        child = Child(plan)
        into.append(child)
    return child


def start_again(dead: Child, children: list[Child]) -> Child:
    """Start it by the same plan, in its place among `children`; its log goes on."""
    dead.plan.prepare()
    with signals.held_back():
        child = Child(dead.plan, keep_log=True)
        children[children.index(dead)] = child
    return child


def stop_all(children: list[Child]) -> None:
    """Ask all, then wait for all."""
    for child in children:
        child.ask_to_stop()
    for child in children:
        child.finish()
    children.clear()


def wait_until(ready: Callable[[], bool], *, children: Sequence[Child], what: str, seconds: float) -> None:
    """Poll until `ready()`; raises LaunchError when a child dies or the time is over."""
    deadline = time.monotonic() + seconds
    while not ready():
        raise_if_dead(children)
        if time.monotonic() > deadline:
            logs = "".join(f"; see {child.plan.log}" for child in children)
            raise LaunchError(f"{what} was not ready after {seconds:.0f} s{logs}")
        time.sleep(POLL_SECONDS)


def raise_if_dead(children: Sequence[Child]) -> None:
    for child in children:
        if not child.is_alive():
            raise LaunchError(child.obituary())


def run(
    argv: Sequence[str],
    *,
    environ: Mapping[str, str],
    directory: Path,
    children: Sequence[Child] = (),
    output: IO[bytes] | None = None,
) -> int:
    """Run a command in the foreground, its output with ours or into `output`; the exit code.

    Raises LaunchError when one of `children` dies meanwhile.
    """
    with signals.held_back():
        process = subprocess.Popen(
            argv,
            env=dict(environ),
            cwd=directory,
            stdout=output,
            stderr=subprocess.STDOUT if output else None,
            preexec_fn=_die_with_parent(signal.SIGTERM),
        )
    try:
        while process.poll() is None:
            raise_if_dead(children)
            with suppress(subprocess.TimeoutExpired):
                process.wait(POLL_SECONDS)
    finally:
        _end(process)
    return process.returncode


def run_quietly(argv: Sequence[str], *, environ: Mapping[str, str], directory: Path, doing: str) -> str:
    """Run a command whose output matters only when it fails; its stdout. Raises LaunchError."""
    done = subprocess.run(
        argv,
        env=dict(environ),
        cwd=directory,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        preexec_fn=_die_with_parent(signal.SIGTERM),
    )
    if done.returncode:
        output = (done.stdout + done.stderr).strip()
        raise LaunchError(f"{doing} failed with {_ending(done.returncode)}:\n{output}")
    return done.stdout


def _end(process: subprocess.Popen[bytes]) -> None:
    """It gets time to stop what it started itself."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _ending(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def _die_with_parent(number: signal.Signals) -> Callable[[], None]:
    """For the child, before exec: Linux sends it `number` when the launcher dies, however it dies."""
    parent = os.getpid()
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None

    def prepare() -> None:
        if libc is not None:
            libc.prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)
            if os.getppid() != parent:
                os._exit(1)

    return prepare
