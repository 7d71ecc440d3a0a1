"""How much of the machine's memory the embedded PostgreSQL keeps pages in."""

import pytest

from cx_ops.launch.postgres import MIB, buffers


@pytest.mark.parametrize(
    ("mebibytes", "kept"), [(512, "128MB"), (2048, "256MB"), (6000, "750MB"), (24_576, "1024MB"), (262_144, "1024MB")]
)
def test_an_eighth_is_kept_within_bounds(mebibytes: int, kept: str) -> None:
    assert buffers(mebibytes * MIB) == kept
