"""Configuration from the environment: what is understood, and what is refused by name."""

import pytest

from cx_ops import environment
from cx_ops.environment import ConfigurationError, Mode


@pytest.mark.parametrize(
    ("url", "host", "port", "user", "password", "name"),
    [
        ("postgresql://cx@/cx_ops?host=%2Frun%2Fpg", "/run/pg", "", "cx", "", "cx_ops"),
        ("postgresql://cx@/cx_ops?host=/run/pg&port=5433", "/run/pg", "5433", "cx", "", "cx_ops"),
        ("postgres://ana:p%40ss%2Fw@db.example.com:5433/cx", "db.example.com", "5433", "ana", "p@ss/w", "cx"),
        ("postgresql://[::1]:5432/cx", "::1", "5432", "", "", "cx"),
        ("postgresql:///cx", "", "", "", "", "cx"),
    ],
)
def test_database_url_is_read(url: str, host: str, port: str, user: str, password: str, name: str) -> None:
    found = environment.database_from_url(url)
    assert (found["HOST"], found["PORT"], found["USER"]) == (host, port, user)
    assert (found["PASSWORD"], found["NAME"], found["OPTIONS"]) == (password, name, {})


def test_options_of_the_database_url_reach_libpq() -> None:
    found = environment.database_from_url("postgresql://db.example.com/cx?sslmode=verify-full")
    assert found["OPTIONS"] == {"sslmode": "verify-full"}


@pytest.mark.parametrize("url", ["mysql://host/cx", "postgresql://host/", "postgresql://host:no/cx"])
def test_database_url_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="DATABASE_URL"):
        environment.database_from_url(url)


@pytest.mark.parametrize(
    ("redis", "broker"),
    [
        ("redis://h:6379/1", "redis://h:6379/1"),
        ("rediss://:secret@h:6379/1", "rediss://:secret@h:6379/1"),
        ("unix:///run/s.sock", "redis+socket:///run/s.sock?virtual_host=0"),
        ("unix://:secret@/run/s.sock?db=3", "redis+socket://:secret@/run/s.sock?virtual_host=3"),
        ("redis+socket:///run/s.sock?virtual_host=2", "redis+socket:///run/s.sock?virtual_host=2"),
    ],
)
def test_redis_url_is_read_for_celery(redis: str, broker: str) -> None:
    assert environment.broker_from_url(redis) == broker


def test_broker_url_is_read_back_for_redis_py() -> None:
    assert environment.redis_from_url("redis+socket:///run/s.sock?virtual_host=2") == "unix:///run/s.sock?db=2"
    assert environment.redis_from_url("redis://h:6379/1") == "redis://h:6379/1"


def test_other_brokers_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="REDIS_URL"):
        environment.broker_from_url("amqp://localhost")


def test_nothing_said_is_production() -> None:
    assert environment.read_mode({}) is Mode.PRODUCTION


@pytest.mark.parametrize(("word", "meaning"), [("1", True), ("Yes", True), ("0", False), ("", False)])
def test_flags(word: str, *, meaning: bool) -> None:
    assert environment.read_flag("CX_FLAG", environ={"CX_FLAG": word}) is meaning


def test_what_cannot_be_read_is_refused_by_name() -> None:
    with pytest.raises(ConfigurationError, match="CX_FLAG"):
        environment.read_flag("CX_FLAG", environ={"CX_FLAG": "perhaps"})
    with pytest.raises(ConfigurationError, match="CX_COUNT"):
        environment.read_integer("CX_COUNT", default=1, environ={"CX_COUNT": "many"})
    with pytest.raises(ConfigurationError, match="CX_ENV"):
        environment.read_mode({"CX_ENV": "staging"})


def test_lists_drop_blanks() -> None:
    assert environment.read_list("CX_HOSTS", default=["x"], environ={"CX_HOSTS": "a, b,,"}) == ["a", "b"]
    assert environment.read_list("CX_HOSTS", default=["x"], environ={}) == ["x"]
