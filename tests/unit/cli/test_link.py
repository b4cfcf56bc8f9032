"""`manage.py link`: the link that lets a browser in."""

import stat
from pathlib import Path

import pytest

import manage
from settings import Settings


@pytest.fixture(autouse=True)
def _settings_of_the_test(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setitem(Settings.model_config, "env_file", None)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))


def link(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        manage.main(["link", *arguments])
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_before_the_first_start_the_secret_is_made(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert link() == 0
    kept = tmp_path / "data" / "local_token"
    assert capsys.readouterr().out == f"http://localhost:8000/?token={kept.read_text()}\n"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    link()
    assert kept.read_text() in capsys.readouterr().out


def test_it_is_where_chainlit_is_told_to_listen(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAINLIT_PORT", "9000")
    monkeypatch.setenv("CHAINLIT_ROOT_PATH", "/chat")
    link()
    assert capsys.readouterr().out.startswith("http://localhost:9000/chat?token=")
    link("https://here.localhost/thread/x?a=1")
    assert capsys.readouterr().out.startswith("https://here.localhost/thread/x?a=1&token=")


@pytest.mark.parametrize("address", ["localhost:8000", "javascript:x", "//x", "http://["])
def test_what_is_no_address_gets_no_secret(
    capsys: pytest.CaptureFixture[str], address: str
) -> None:
    assert link(address) == 1
    assert capsys.readouterr().out == ""


def test_where_people_sign_in_there_is_none(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AUTH_MODE", "password")
    assert link() == 1
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "With AUTH_MODE=password people sign in at the page.\n")
    assert not (tmp_path / "data").exists()


def test_a_secret_that_is_none_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "local_token").write_text("")
    assert link() == 1
    assert "local_token holds no secret" in capsys.readouterr().err
