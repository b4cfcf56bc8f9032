"""What the log says as the program starts."""

import logging
import socket
from pathlib import Path

import pytest

from bootstrap.models import open_models
from bootstrap.start import place, require_port, tell_start
from settings import Settings


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (
            "postgresql://me:geheim@db.example.org:5432/chat?sslpassword=geheim",
            "postgresql://me@db.example.org:5432/chat",
        ),
        ("postgresql://:geheim@db/chat", "postgresql://db/chat"),
        ("sqlite:////srv/keepchat.db", "sqlite:////srv/keepchat.db"),
        ("file:/srv/files", "file:/srv/files"),
        ("s3://bucket/some/where?endpoint_url=https://a:geheim@s3", "s3://bucket/some/where"),
        ("azure://files?account_url=https://me.blob.core.windows.net/?sig=geheim", "azure://files"),
        ("https://key:geheim@host/v1", "https://key@host/v1"),
    ],
)
def test_a_place_without_its_secrets(url: str, shown: str) -> None:
    assert place(url) == shown


def test_the_block_says_what_runs_where_and_no_secret(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    given = {
        "data_dir": tmp_path,
        "database_url": "postgresql://me:geheim@db/chat",
        "storage_url": "s3://bucket?endpoint_url=https://x:geheim@s3.example.org",
        "openai_api_key": "geheim",
        "openai_base_url": "https://models.example.org/v1",
        "openai_model": "one",
        "auth_mode": "password",
    }
    settings = Settings.model_validate(given)
    with caplog.at_level(logging.INFO):
        tell_start(settings, open_models(settings), "0.0.0.0", 8000, "/chat")  # noqa: S104
    lines = [record.getMessage().split(maxsplit=1) for record in caplog.records]
    assert lines[0][0] == "Keepchat"
    assert dict(lines[1:]) == {
        "model": "one at https://models.example.org/v1",
        "database": "postgresql://me@db/chat",
        "storage": "s3://bucket at https://x@s3.example.org",
        "access": "AUTH_MODE=password",
        "address": "http://0.0.0.0:8000/chat",
    }
    assert "geheim" not in caplog.text


def test_a_port_that_is_taken_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(
            SystemExit, match=f"CHAINLIT_PORT: another program listens at port {port}"
        ):
            require_port("127.0.0.1", port)
    require_port("127.0.0.1", port)


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_an_address_that_is_not_ours_is_one_line(host: str) -> None:
    with pytest.raises(SystemExit, match=f"CHAINLIT_HOST: {host} is no address"):
        require_port(host, 8000)
