"""Garbage of the web process is collected between answers, not during one."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from core.memory import WORTH_IT, collecting_after


class Ring:
    """Garbage that only a collection finds."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def collecting_seldom() -> Iterator[None]:
    before = gc.get_threshold()
    gc.collect()
    gc.set_threshold(1_000_000, 20, 20)
    yield
    gc.set_threshold(*before)


@pytest.mark.parametrize(("rings", "is_kept"), [(10, True), (WORTH_IT, False)])
def test_much_garbage_is_collected_after_an_answer(rings: int, is_kept: bool) -> None:
    found: list[weakref.ref[Ring]] = []

    def application(environ: object, start_response: object) -> list[bytes]:
        found.extend(weakref.ref(Ring()) for _ in range(rings))
        return [b"answer"]

    answer = collecting_after(application)({}, lambda *_: None)
    assert b"".join(answer) == b"answer"
    assert found[0]() is not None
    answer.close()  # type: ignore[attr-defined]
    assert (found[0]() is not None) is is_kept


def test_what_is_answered_is_closed() -> None:
    closed: list[bool] = []

    class File:
        def __iter__(self) -> Iterator[bytes]:
            return iter([b"part"])

        def close(self) -> None:
            closed.append(True)

    answer = collecting_after(lambda *_: File())({}, lambda *_: None)
    assert list(answer) == [b"part"]
    answer.close()  # type: ignore[attr-defined]
    assert closed == [True]
