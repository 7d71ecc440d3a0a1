"""How the processes of the product collect garbage."""

import gc
from collections.abc import Callable, Iterable, Iterator
from typing import Any

# So many objects that may be garbage are looked through after an answer, instead of twelve times as many during one.
WORTH_IT = 20_000
# So many times garbage is looked for among the young, before once among those that survived it.
SELDOM = 20


def expect_batches() -> None:
    """Collect seldom, and never what the application is made of; for a process that has loaded all of it.

    A batch makes ten thousand short-lived objects: walking the whole application for each few hundred of them took a
    quarter of its time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(250_000, 20, 20)


class Answer:
    """What a WSGI application answers; once it is on its way, the garbage of those so far is collected."""

    def __init__(self, inner: Iterable[bytes]) -> None:
        self._inner = inner

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._inner)

    def close(self) -> None:
        if (close := getattr(self._inner, "close", None)) is not None:
            close()
        young, surviving, old = gc.get_count()
        if young > WORTH_IT:
            gc.collect(2 if old > SELDOM else 1 if surviving > SELDOM else 0)


def collecting_after(application: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """The WSGI application, which collects after an answer: a collection during one took a tenth of a second."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        return Answer(application(environ, start_response))

    return answer
