"""A page of as many bytes as asked for, with nothing behind it: what HTTP alone costs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

PAGE = b"x" * int(os.environ.get("BENCH_PAGE_BYTES", "0"))


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/html"), ("Content-Length", str(len(PAGE)))])
    return [PAGE]
