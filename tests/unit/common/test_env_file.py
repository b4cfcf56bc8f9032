"""The file `.env`: read in UTF-8, with a mark or without, and nothing else."""

from pathlib import Path

import pytest

from common.env_file import (
    fault_of,
    fault_of_path,
    fault_of_toml,
    fault_of_values,
    names,
)

LINES = "# A comment\n\nexport A='1\n2'\nB=\n  C = Grüße # so\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / ".env"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_what_is_right(file: Path, encoding: str, newline: str) -> None:
    file.write_bytes(LINES.replace("\n", newline).encode(encoding))
    assert fault_of(file) is None
    assert names(file) == ["A", "B", "C"]


def test_there_may_be_none(file: Path) -> None:
    assert fault_of(file) is None
    assert names(file) == ()


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("utf-16", "it is in UTF-16"),
        ("utf-16-be", "it has zero bytes"),
        ("utf-32", "it is in UTF-32"),
        ("cp1252", "line 6: it is not in UTF-8"),
        ("latin-1", "line 6: it is not in UTF-8"),
    ],
)
def test_other_encodings(file: Path, encoding: str, said: str) -> None:
    file.write_bytes(LINES.encode(encoding))
    assert said in str(fault_of(file))


@pytest.mark.parametrize(
    ("text", "line"), [("A=1\nhello\nB=2", 2), ("\n\n$env:A = 'x", 3), ("A=1\n\nB: geheim\n", 3)]
)
def test_what_is_no_assignment_is_named_by_its_line_alone(file: Path, text: str, line: int) -> None:
    file.write_text(text)
    said = str(fault_of(file))
    assert said.startswith(f"{file}, line {line}: it is no assignment")
    assert "geheim" not in said


def test_a_folder(file: Path) -> None:
    file.mkdir()
    assert "cannot be read" in str(fault_of(file))


@pytest.mark.parametrize("given", ["chat", "/", "/chat/", "//chat", "/a b", "/{x}", "/a?b"])
def test_wrong_paths(given: str) -> None:
    assert fault_of_path(given)


@pytest.mark.parametrize("given", ["", "/chat", "/team/chat-2", "/~me/v1.0"])
def test_right_paths(given: str) -> None:
    assert fault_of_path(given) is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--port", "abc"],
            "--port: it is a number, such as 8000 (it is 'abc'). See .env.example.",
        ),
        (["--port=80a"], "--port: it is a number, such as 8000 (it is '80a'). See .env.example."),
        (["--root-path", "chat"], "--root-path: it begins with / and ends with none"),
        (["--port", "x", "--port", "8000"], None),
        (["--port", "8000", "--root-path", "/chat"], None),
        (["--ssl-cert", "/none.pem"], "--ssl-cert: there is no file '/none.pem'."),
        ([], "CHAINLIT_PORT: it is a number, such as 8000 (it is 'y'). See .env.example."),
    ],
)
def test_options_go_before_variables(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str | None
) -> None:
    monkeypatch.setenv("CHAINLIT_PORT", "" if arguments[:1] == ["--root-path"] else "y")
    monkeypatch.delenv("CHAINLIT_ROOT_PATH", raising=False)
    if arguments[:1] == ["--ssl-cert"]:
        monkeypatch.delenv("CHAINLIT_PORT")
    found = fault_of_values(["chainlit", "run", "app.py", *arguments])
    assert found == said or (said and str(found).startswith(said))


def test_the_configuration_is_toml(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    assert fault_of_toml(path) is None
    path.write_text("[UI]\nname = 'x'\n")
    assert fault_of_toml(path) is None
    path.write_text("[UI]\nname = x\n")
    assert str(fault_of_toml(path)).startswith(f"{path}: it is no TOML: ")
    assert "line 2" in str(fault_of_toml(path))
    path.write_bytes(b"name = '\xff'")
    assert "not in UTF-8" in str(fault_of_toml(path))
