"""docker-compose.yml, Dockerfile and `make compose-env`, as far as they go without Docker."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from access.login.accounts.administration import free_name, make_account
from access.login.accounts.errors import AccountError
from datalayer.stores.memory import MemoryStore
from deploy import compose_env
from tests.support import compose

SECRETS = set(compose_env.MADE)


def made(tmp_path: Path, text: str = "") -> dict[str, str]:
    path = tmp_path / ".env"
    if text:
        path.write_text(text)
    compose_env.write_env(path)
    assert path.stat().st_mode & 0o777 == 0o600
    return compose.variables_of(path.read_text())


@pytest.mark.slow
def test_the_file_is_what_the_compose_specification_asks_for() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run([*command, compose.FILE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_there_are_no_default_passwords(tmp_path: Path) -> None:
    with pytest.raises(compose.UnsetError, match="run 'make compose-env' first"):
        compose.resolved({})
    variables = made(tmp_path)
    for name in SECRETS - {"AZURITE_KEY"}:
        rest = {known: value for known, value in variables.items() if known != name}
        with pytest.raises(compose.UnsetError, match=name):
            compose.resolved(rest)


def test_images_are_pinned_and_data_is_kept() -> None:
    services = compose.raw()["services"]
    for name, service in services.items():
        assert re.search(r":\d+\.\d+", service["image"]), name
        assert service["restart"] == "unless-stopped"
        [volume] = service["volumes"]
        assert volume.split(":")[0] in compose.raw()["volumes"]
    for name in ("db", "s3", "azurite"):
        assert services[name]["healthcheck"]["test"][0] == "CMD"
        assert services["app"]["depends_on"][name]["condition"] == "service_healthy"
        assert "ports" not in services[name]
        assert services[name]["networks"] == ["back"]
    assert "HEALTHCHECK" in (compose.ROOT / "Dockerfile").read_text()
    assert services["azurite"]["profiles"] == ["azurite"]


def test_what_is_made_is_different_each_time(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one, two = made(tmp_path / "one"), made(tmp_path / "two")
    assert set(one) == set(two) == SECRETS
    for name in SECRETS:
        assert one[name] != two[name]
        assert len(one[name]) >= 20


def test_what_is_there_stays(tmp_path: Path) -> None:
    text = "OPENAI_API_KEY=mine\n#POSTGRES_PASSWORD=no\nCHAINLIT_AUTH_SECRET = kept\nX=1"
    first = made(tmp_path, text)
    content = (tmp_path / ".env").read_text()
    assert content.startswith(text)
    assert set(first) >= SECRETS - {"CHAINLIT_AUTH_SECRET"}
    assert content.count("CHAINLIT_AUTH_SECRET") == 1
    made(tmp_path)
    assert (tmp_path / ".env").read_text() == content


@pytest.mark.parametrize(
    ("text", "named"),
    [
        *(("OPENAI_API_KEY=x", True), ("AZURE_OPENAI_ENDPOINT=https://a", True), ("", False)),
        *(("#OPENAI_API_KEY=x", False), ("OPENAI_API_KEY=", False)),
    ],
)
def test_a_model_is_named_or_not(text: str, named: bool) -> None:
    assert compose_env.names_a_model(text) is named


def test_without_docker_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compose_env, "ENV", tmp_path / ".env")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit, match=r"docker\.io docker-compose-v2"):
        compose_env.main()
    assert set(compose.variables_of((tmp_path / ".env").read_text())) == SECRETS


DOCKER = """#!{python}
import sys
if "run" in sys.argv:
    assert sys.stdin.readline().strip()
    print({said!r}, file=sys.stderr)
    sys.exit({code})
"""


@pytest.mark.parametrize(
    ("code", "said", "expected"),
    [
        (0, "", "Password: "),
        (1, "There is an account admin already.", "is there already; its password stays."),
        (1, "no such image", "No account was made"),
    ],
)
def test_what_is_said_of_the_account(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    code: int,
    said: str,
    expected: str,
) -> None:
    program = tmp_path / "docker"
    program.write_text(DOCKER.format(python=sys.executable, said=said, code=code))
    program.chmod(0o700)
    monkeypatch.setattr(compose_env, "ENV", tmp_path / ".env")
    monkeypatch.setenv("PATH", str(tmp_path))
    try:
        compose_env.main()
        ended = ""
    except SystemExit as exc:
        ended = str(exc)
    assert expected in capsys.readouterr().out + ended


async def test_an_account_that_is_there_says_already() -> None:
    """`compose_env` looks for the word in what the program says."""
    accounts = MemoryStore().accounts
    await make_account(accounts, compose_env.ACCOUNT, "$hash$")
    with pytest.raises(AccountError, match="already"):
        await free_name(accounts, compose_env.ACCOUNT)


def test_the_app_gets_all_settings_but_those_that_compose_makes() -> None:
    example = (compose.ROOT / ".env.example").read_text()
    known = set(re.findall(r"^#([A-Z][A-Z0-9_]+)=", example, re.MULTILINE)) - compose.OWN
    given = compose.raw()["services"]["app"]["environment"]
    elsewhere = {name for name in known if name.startswith(("AWS_", "APP_", "AZURE_STORAGE_"))}
    left_out = {
        "CHAINLIT_PORT",
        "CHAINLIT_SSL_CERT",
        "CHAINLIT_SSL_KEY",
        "USERS_FILE",
        "DATABASE_PASSWORD_FROM",
        "BUCKET_NAME",
        "DEV_AWS_ENDPOINT",
        *("HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "SSL_CERT_FILE"),  # Docker's own settings
    }
    assert set(given) - known == set()
    assert known - set(given) == (elsewhere - set(given)) | left_out


def test_what_the_file_itself_reads_is_in_the_example() -> None:
    named = set(re.findall(r"\$\{([A-Z0-9_]+)", compose.FILE.read_text()))
    assert named - {"CHAINLIT_AUTH_SECRET"} == compose.OWN


def test_people_behind_a_proxy_of_the_app_can_be_told_apart() -> None:
    """Else all have the address of the proxy, and wait for one another's guesses."""
    assert "FORWARDED_ALLOW_IPS" in compose.raw()["services"]["app"]["environment"]


def test_the_image_gets_all_that_git_has_of_the_program() -> None:
    """And nothing else: what is new has to be named in .dockerignore."""
    listed = subprocess.run(
        ["git", "ls-files"], cwd=compose.ROOT, capture_output=True, text=True, check=True
    )
    python = {path.split("/")[0] for path in listed.stdout.split() if path.endswith(".py")}
    lines = (compose.ROOT / ".dockerignore").read_text().split("\n")
    taken = {line[1:] for line in lines if line.startswith("!")}
    assert python - taken == {".ci", "benchmarks", "deploy", "examples", "tests"}
    assert all((compose.ROOT / name).exists() for name in taken)
    assert not any(re.search(r"\.env|data$|\.git", name) for name in taken)


def test_the_health_check_of_the_image(monkeypatch: pytest.MonkeyPatch) -> None:
    script = compose.ROOT / "deploy" / "healthy.py"
    environment = {**os.environ, "CHAINLIT_PORT": "1"}
    done = subprocess.run(
        [sys.executable, script], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("It does not answer: ")
