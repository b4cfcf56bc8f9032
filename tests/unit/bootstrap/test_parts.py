"""The parts as a whole, and what ends the program before it begins."""

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import anyio
import pytest

from access.guard.user_limits import LimitReached
from bootstrap.parts import open_parts, with_new_turns
from datalayer.stores.sql.store import SqlStore
from patches.patch import Parts
from settings import Settings
from tests.support.builders import finish, new_id, thread, upload

NOWHERE = "http://127.0.0.1:9/v1"


def settings_of(folder: Path, **changed: Any) -> Settings:
    given = {"data_dir": folder, "openai_base_url": NOWHERE, "openai_model": "scripted"}
    return Settings.model_validate({**given, **changed})


def opened(settings: Settings, host: str = "127.0.0.1") -> Parts:
    parts = open_parts(settings, host=host, prefix="/chat")
    anyio.run(parts.store.close)
    return parts


def test_the_parts_are_as_the_settings_name_them(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, upload_max_files=3, thread_sharing="on")
    parts = opened(settings)
    assert (parts.prefix, parts.sharing, parts.limits.files) == ("/chat", True, 3)
    assert parts.login.is_personal
    assert parts.links is None
    assert parts.models.names == ["scripted"]
    assert parts.turns.models is parts.models
    assert opened(settings_of(tmp_path, auth_mode="password")).login.has_accounts


async def test_copies_are_limited_where_there_are_several_users(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, auth_mode="password", user_max_copies_mb=1)
    parts = open_parts(settings, host="127.0.0.1", prefix="/chat")
    await cast(SqlStore, parts.store).migrate()
    picture = upload(new_id())
    large = replace(finish(picture), size=2_000_000)
    await parts.store.apply([thread(picture.thread_id, name="A"), picture, large])
    with pytest.raises(LimitReached, match="1 MB"):
        await parts.layer.copy_thread(picture.thread_id, "B")
    await parts.layer.close()


def test_files_are_redirected_only_where_that_is_on(tmp_path: Path) -> None:
    assert opened(settings_of(tmp_path, storage_redirect="on")).links


def test_reloaded_code_gets_models_and_turns_of_its_own_and_nothing_else(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    parts = opened(settings)
    again = with_new_turns(parts, settings)
    assert again.models is not parts.models
    assert again.turns is not parts.turns
    assert again.turns.models is again.models
    kept = ("store", "storage", "layer", "login", "waiting_files")
    assert all(getattr(again, name) is getattr(parts, name) for name in kept)


def test_a_login_that_anybody_could_reach_ends_the_program(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"^AUTH_MODE: local .* 192\.168\.1\.2\. Use --host"):
        opened(settings_of(tmp_path), host="192.168.1.2")


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("openai_model", None, "OPENAI_BASE_URL: "),
        ("database_url", "postgresql://user:pass/word@host/db", "DATABASE_URL: "),
        ("storage_url", "s3:", "STORAGE_URL"),
    ],
)
def test_what_cannot_be_opened_ends_the_program_with_a_line(
    tmp_path: Path, name: str, value: object, sentence: str
) -> None:
    with pytest.raises(SystemExit, match=f"^{sentence}"):
        opened(settings_of(tmp_path, **{name: value}))
