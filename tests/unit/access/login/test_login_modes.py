"""What every login mode does for the program, whichever it is."""

from pathlib import Path
from typing import get_args

import pytest
from chainlit import oauth_providers
from chainlit.auth import require_login
from chainlit.config import config

from access.login.base import LoginMode
from access.login.factory import MODES, LoginOptions, mode_of, open_login
from access.login.modes.oidc.options import OidcOptions
from access.login.tokens import Tokens
from datalayer.stores.memory import MemoryStore
from patches.http.logins import ModesOwn
from settings import Settings


@pytest.fixture
def options(tmp_path: Path) -> LoginOptions:
    provider = OidcOptions(issuer="https://id.example.org", client_id="keepchat")
    return LoginOptions(local_token=tmp_path / "local_token", oidc=provider)


def opened(name: str, options: LoginOptions) -> LoginMode:
    return open_login(name, options, MemoryStore().accounts, Tokens("k" * 48))


def test_the_settings_name_the_modes_that_there_are() -> None:
    assert set(get_args(Settings.model_fields["auth_mode"].annotation)) == set(MODES)


def test_an_unknown_mode_is_told_the_known_ones(options: LoginOptions) -> None:
    with pytest.raises(
        ValueError, match=r"^AUTH_MODE is 'none'; it must be one of local, password, oidc, header$"
    ):
        opened("none", options)


@pytest.mark.parametrize("name", MODES)
def test_a_mode_makes_chainlit_want_a_login(
    name: str, options: LoginOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    for callback in ("password_auth_callback", "header_auth_callback", "oauth_callback"):
        monkeypatch.setattr(config.code, callback, None)
    assert not require_login()
    mode = opened(name, options)
    offered = [ModesOwn(mode.button.id)] if mode.button else []
    monkeypatch.setattr(oauth_providers, "providers", offered)
    mode.register()
    assert require_login()


def test_only_at_ones_own_computer_any_model_will_do() -> None:
    personal = {name for name in MODES if mode_of(name).is_personal}
    with_accounts = {name for name in MODES if mode_of(name).has_accounts}
    assert (personal, with_accounts) == ({"local"}, {"header", "oidc", "password"})


def test_only_at_ones_own_computer_who_reads_the_page_runs_the_program() -> None:
    operators = {name for name in MODES if mode_of(name).users_are_operators}
    assert operators == {"local"}
