"""The product's settings with the peer's one address."""

from cx_ops.settings import *  # noqa: F403

ROOT_URLCONF = "bench.peers.drf"
