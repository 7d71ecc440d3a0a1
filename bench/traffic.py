"""What is sent, and how: insights as an integration would write them, over HTTP."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

JSON_TYPE = "application/json"
NDJSON_TYPE = "application/x-ndjson"


def insight(number: int, account: int, *, confidence: float, scored_at: datetime) -> dict[str, Any]:
    """The example of the API's contract, about one of the book's accounts."""
    return {
        "external_id": f"bench-{number}",
        "type": "churn_risk",
        "account": {"external_id": f"A{account}"},
        "confidence": confidence,
        "probability": 0.41,
        "horizon_days": 90,
        "model": "house-logit",
        "model_version": "1",
        "scored_at": f"{scored_at:%Y-%m-%dT%H:%M:%SZ}",
        "reason": "usage_drop",
        "factors": [
            {
                "name": "weekly active users",
                "value": 68,
                "was": 118,
                "contribution": 1.2,
                "observed_at": f"{scored_at:%Y-%m-%dT00:00:00Z}",
            }
        ],
        "talking_points": ["Ask about the admin hand-over"],
    }


def bodies(items: Iterator[dict[str, Any]], rows: int) -> Iterator[bytes]:
    """NDJSON bodies of `rows` items each."""
    lines: list[bytes] = []
    for item in items:
        lines.append(json.dumps(item, separators=(",", ":")).encode())
        if len(lines) == rows:
            yield b"\n".join(lines)
            lines = []
    if lines:
        yield b"\n".join(lines)


@dataclass
class Answer:
    """What came back."""

    status: int
    body: bytes
    headers: Mapping[str, str]


class Unexpected(Exception):
    """The server did not do what the benchmark needs."""


@dataclass
class Client:
    """One connection that is kept open."""

    port: int
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 120

    def __post_init__(self) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.timeout)

    def get(self, path: str, **headers: str) -> Answer:
        return self.send("GET", path, None, headers)

    def post(self, path: str, body: bytes, kind: str = JSON_TYPE) -> Answer:
        return self.send("POST", path, body, {"Content-Type": kind})

    def send(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        self.connection.request(method, path, body, {**self.headers, **headers})
        found = self.connection.getresponse()
        return Answer(found.status, found.read(), dict(found.getheaders()))

    def close(self) -> None:
        self.connection.close()


@contextmanager
def connected(port: int, headers: Mapping[str, str]) -> Iterator[Client]:
    client = Client(port, headers)
    try:
        yield client
    finally:
        client.close()


def send_all(client: Client, path: str, calls: Sequence[bytes], kind: str = NDJSON_TYPE) -> None:
    """Post one body after another; each must be taken whole. Raises `Unexpected`."""
    for body in calls:
        answer = client.post(path, body, kind)
        if answer.status not in (200, 201):
            raise Unexpected(f"{path} answered {answer.status}: {answer.body[:500]!r}")
