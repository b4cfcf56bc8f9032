"""Settings: `.env.example` is complete, a wrong value is one line that names the variable."""

import os
import re
import secrets
import stat
from dataclasses import fields
from pathlib import Path

import chainlit
import pytest

import settings as environment
from access.login.modes.oidc.options import OidcOptions
from bootstrap.login import oidc_options
from common import env_file
from common.aws import AwsAccess
from settings import ROOT, Settings
from settings.names import meant
from storage.credentials import Credentials
from tests.support import compose

EXAMPLE = ROOT / ".env.example"
ROOMS = (
    *("access", "bootstrap", "chat", "cli", "common"),
    *("datalayer", "patches", "routes", "storage"),
)
VARIABLE = re.compile(r"^#?([A-Z][A-Z0-9_]+)=(.*)$", re.MULTILINE)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setitem(Settings.model_config, "env_file", None)


def example() -> dict[str, str]:
    return dict(VARIABLE.findall(EXAMPLE.read_text()))


# What libraries read, all that ask others for something.
OF_LIBRARIES = {"HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "SSL_CERT_FILE"}

# What Chainlit reads and has no meaning here, each with what has its place.
NOT_HERE = re.compile(
    r"""
    OAUTH_.* | CHAINLIT_(CUSTOM_AUTH | STATE_COOKIE_LIFETIME)  # AUTH_MODE=oidc
    | CHAINLIT_(AUTH_COOKIE_PATH | PARENT_ROOT_PATH)           # CHAINLIT_ROOT_PATH
    | (SLACK | TEAMS | DISCORD)_.*   # other pages than ours, which know none of our rules
    | LITERAL_.* | APP_GCS_.* | STORAGE_EXPIRY_TIME            # DATABASE_URL, STORAGE_URL
    | CHAINLIT_(APP_ROOT | ENV_FILE)                           # it is started where it lies
    | RUN_TARGET | WATCH | HEADLESS | (CHAINLIT_)?DEBUG | CI | NO_CACHE  # of its command line
    | UVICORN_WS_.*                                            # for measuring the server
    | HTTP_.*                                                  # a header
    """,
    re.VERBOSE,
)
READS = re.compile(r"(?:environ(?:\.get)?[(\[]|getenv\(|envvar=)\s*\"([A-Z][A-Z0-9_]+)\"")


def test_the_example_lists_exactly_the_settings() -> None:
    fields = {name.upper() for name in Settings.model_fields}
    assert set(example()) == fields | compose.OWN | OF_LIBRARIES


def test_the_example_has_what_chainlit_reads_and_matters_here() -> None:
    folder = Path(chainlit.__file__).parent
    texts = (path.read_text(encoding="utf-8") for path in folder.rglob("*.py"))
    read = {name for text in texts for name in READS.findall(text)}
    assert {"CHAINLIT_PORT", "CHAINLIT_ROOT_PATH", "CHAINLIT_SSL_KEY"} <= read
    assert {name for name in read - set(example()) if not NOT_HERE.fullmatch(name)} == set()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("CHAINLIT_COOKIE_SAMESITE", "none", "lax or strict"),
        ("CHAINLIT_AUTH_COOKIE_NAME", "a b", "letters"),
        ("CHAINLIT_SSL_CERT", "/nowhere", "no file"),
    ],
)
def test_what_chainlit_would_fail_at_is_one_line(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    assert env_file.fault_of_values([]) is None
    monkeypatch.setenv(name, value)
    fault = env_file.fault_of_values([])
    assert fault
    assert fault.startswith(f"{name}: ")
    assert said in fault


def test_the_address_is_of_https_where_there_is_a_certificate(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CHAINLIT_SSL_CERT", "/etc/cert.pem")
    with pytest.raises(SystemExit, match="CHAINLIT_SSL_CERT is given without CHAINLIT_SSL_KEY"):
        environment.load()
    monkeypatch.setenv("CHAINLIT_SSL_KEY", "/etc/key.pem")
    assert Settings().address == "https://localhost:8000"


def test_the_example_as_it_stands_can_be_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in example().items():
        monkeypatch.setenv(name, value)
    assert Settings().openai_model == "gpt-4.1-mini"


def test_the_example_shows_the_defaults() -> None:
    shown = {name: value for name, value in example().items() if value}
    defaults = {name.upper(): str(field.default) for name, field in Settings.model_fields.items()}
    shown = {name: value for name, value in shown.items() if name not in compose.OWN}
    own = {"OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL", "DATABASE_URL", "STORAGE_URL"}
    assert {name: shown[name] for name in shown.keys() - own} == {
        name: defaults[name] for name in shown.keys() - own
    }


def test_the_limits_are_described_with_their_defaults() -> None:
    table = (ROOT / "docs/security.md").read_text(encoding="utf-8")
    described = dict(
        re.findall(r"`((?:USER_MAX|REQUEST|UPLOAD_MAX|MESSAGE_MAX)_[A-Z_]+)` \| (\d+)", table)
    )
    limits = {name for name in example() if name in described or name.startswith("USER_MAX_")}
    assert described == {name: str(Settings.model_fields[name.lower()].default) for name in limits}


def test_database_and_files_lie_in_the_data_folder_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    settings = Settings()
    assert settings.database == f"sqlite:///{tmp_path / 'keepchat.db'}"
    assert settings.storage == f"file:{tmp_path / 'files'}"


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("OPENAI_BASE_URL", "http://me:geheim\uff03x@host/v1", "percent-encoded"),
        ("STORAGE_URL", "s3://me:geheim\uff03x@host/v1", "percent-encoded"),
        ("OPENAI_BASE_URL", "localhost:1234", "http:"),
        ("OLLAMA_URL", "nowhere", "http:"),
        ("AUTH_MODE", "none", "'local'"),
        ("OIDC_ISSUER", "http://id.example.org", "https:"),
        ("OIDC_ISSUER", "id.example.org", "https:"),
        ("OIDC_ISSUER", "https://me@id.example.org", "neither user"),
        ("OIDC_ISSUER", "https://id.example.org?a=1", "neither user"),
        ("OIDC_LABEL", "a{{b}}", "plain text"),
        ("OIDC_ALLOWED_DOMAINS", "anna@example.org", "no domain"),
        ("OIDC_ALLOWED_EMAILS", "example.org", "no e-mail"),
        ("OIDC_ADMIN_CLAIM", "admins", "groups=admins"),
        ("CHAINLIT_URL", "chat.example.org", "https://chat.example.org"),
        ("AUTH_HEADER_USER", "Remote_User", "letters, digits and hyphens"),
        ("AUTH_HEADER_PROXIES", "10.0.0.1, proxy", "'proxy' is no address"),
        ("AUTH_HEADER_PROXIES", "10.0.0.1/8", "10.0.0.0/8"),
        ("AUTH_HEADER_SECRET", "short", "could be the proxy"),
        ("AUTH_HEADER_KEYS_URL", "ftp://x", "http:"),
        ("DATABASE_PASSWORD_FROM", "tokens.rds", "package.module:function"),
        ("DATABASE_PASSWORD_FROM", "tokens:rds()", "package.module:function"),
        ("DATABASE_MIGRATE", "maybe", "'on' or 'off'"),
        ("DATABASE_SEARCH", "off", "'all' or 'names'"),
        ("MODEL_TIMEOUT_S", "soon", "number"),
        ("MODEL_LOAD_TIMEOUT_S", "0", "0"),
        ("OPENAI_API_KEY", "sk\u2013geheim", "copy it anew"),
        ("MODEL_CONTEXT_TOKENS", "1", "256"),
        ("MODEL_TEMPERATURE", "9", "2"),
        ("MODEL_IMAGE_PIXELS", "3", "64"),
        ("ATTACHMENT_TIMEOUT_S", "0", "0"),
        ("UPLOAD_MAX_FILES", "0", "1"),
        ("UPLOAD_TYPES", "image/*,docx", "'docx'"),
    ],
)
def test_a_wrong_value_ends_the_program_with_one_line(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, hint: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as stopped:
        environment.load()
    message = str(stopped.value)
    assert message.startswith(f"{name}: ")
    assert hint in message
    assert "\n" not in message
    assert "geheim" not in message


def test_addresses_and_keys_are_taken_as_people_copy_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", " Bearer sk-1\u200b ")
    monkeypatch.setenv("OPENAI_BASE_URL", "https://example.org/v1/chat/completions")
    settings = Settings()
    assert settings.openai_api_key is not None
    assert settings.openai_api_key.get_secret_value() == "sk-1"
    assert settings.openai_base_url == "https://example.org/v1"


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        *(("\u201c", "\u201d"), ("\u2018", "\u2019"), ("\u201e", "\u201c")),
        *(("«", "»"), ('"', '"'), ("'", "'")),
    ],
)
def test_quotation_marks_around_a_value_are_none_of_it(
    monkeypatch: pytest.MonkeyPatch, begin: str, end: str
) -> None:
    for name, value in (("DATABASE_URL", "sqlite:///a.db"), ("UPLOAD_MAX_MB", "7")):
        monkeypatch.setenv(name, f"{begin}{value}{end} ")
    said = f"{begin}Be brief.{end} {begin}Be kind.{end}"
    monkeypatch.setenv("SYSTEM_PROMPT", said)
    settings = Settings()
    assert settings.database_url.get_secret_value() == "sqlite:///a.db"
    assert (settings.upload_max_mb, settings.system_prompt) == (7, said)


PROVIDER = {"OIDC_ISSUER": "https://id.example.org", "OIDC_CLIENT_ID": "keepchat"}


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ({"AUTH_MODE": "oidc"}, "OIDC_ISSUER and OIDC_CLIENT_ID"),
        ({"AUTH_MODE": "oidc", "OIDC_ISSUER": "https://id.example.org"}, "OIDC_CLIENT_ID"),
        (PROVIDER, "OIDC_ISSUER is given, and AUTH_MODE is local"),
        ({"OIDC_ALLOWED_GROUPS": "chat"}, "OIDC_ALLOWED_GROUPS is given, and AUTH_MODE is local"),
        ({**PROVIDER, "AUTH_MODE": "oidc", "OIDC_SCOPES": "email"}, "OIDC_SCOPES lacks openid"),
        (
            {
                **PROVIDER,
                "AUTH_MODE": "oidc",
                "OIDC_SCOPES": "openid",
                "OIDC_ALLOWED_DOMAINS": "example.org",
            },
            "OIDC_ALLOWED_DOMAINS looks at e-mail addresses, and OIDC_SCOPES lacks email",
        ),
    ],
)
def test_a_provider_is_named_whole_or_not_at_all(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], hint: str
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit, match=re.escape(hint)):
        environment.load()


def test_a_provider_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {
        **PROVIDER,
        "AUTH_MODE": "oidc",
        "OIDC_CLIENT_SECRET": "geheim",
        "OIDC_ALLOWED_DOMAINS": "Example.org, @example.com",
        "OIDC_ALLOWED_EMAILS": "Anna@Example.net",
        "OIDC_ADMIN_CLAIM": "groups=a=b",
        "OIDC_LINK_BY_EMAIL": "on",
        "CHAINLIT_URL": "https://chat.example.org/",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert oidc_options(settings) == OidcOptions(
        issuer="https://id.example.org",
        client_id="keepchat",
        client_secret="geheim",
        domains=frozenset({"example.org", "example.com"}),
        addresses=frozenset({"anna@example.net"}),
        admin_claim=("groups", "a=b"),
        links_by_email=True,
        public_url="https://chat.example.org",
    )
    assert "geheim" not in repr((settings, oidc_options(settings)))


def test_an_answer_longer_than_the_context_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_ANSWER_TOKENS", "20000")
    with pytest.raises(SystemExit, match="MODEL_ANSWER_TOKENS has to be smaller"):
        environment.load()


def test_adopting_at_a_start_that_changes_nothing_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABASE_ADOPT", "yes")
    monkeypatch.setenv("DATABASE_MIGRATE", "off")
    with pytest.raises(SystemExit, match=r"DATABASE_ADOPT=yes.*DATABASE_MIGRATE=off"):
        environment.load()


def test_a_search_of_names_alone_is_for_dynamodb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_SEARCH", "names")
    with pytest.raises(SystemExit, match=r"DATABASE_SEARCH=names.*DATABASE_URL"):
        environment.load()
    monkeypatch.setenv("DATABASE_URL", "dynamodb://keepchat?region=eu-central-1")
    assert environment.load().database_search == "names"


def test_more_text_of_files_than_the_model_takes_in_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MODEL_CONTEXT_TOKENS", "8000")
    assert environment.load().model_file_tokens == 8_000  # what was not asked for is cut to fit
    monkeypatch.setenv("MODEL_FILE_TOKENS", "4001")
    with pytest.raises(SystemExit, match="MODEL_FILE_TOKENS has to fit"):
        environment.load()


def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "")
    assert Settings().openai_api_key is None


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg"])
def test_a_database_server_leaves_no_folder_and_shows_no_password(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, scheme: str
) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("DATABASE_URL", f"{scheme}://user:geheim@host/db")
    monkeypatch.chdir(tmp_path)
    settings = environment.load()
    environment.prepare_data_dir(settings)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
    assert list((tmp_path / "data").iterdir()) == []
    assert "geheim" not in repr(settings)


def test_ollama_can_be_turned_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_URL", "off")
    assert Settings().ollama_url == ""


def test_the_secret_is_made_once_and_only_its_owner_reads_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    made = []
    for _ in range(2):
        settings = Settings()
        environment.export_auth_secret(settings)
        made.append(os.environ["CHAINLIT_AUTH_SECRET"])
        monkeypatch.delenv("CHAINLIT_AUTH_SECRET")
    assert made[0] == made[1]
    assert len(made[0]) >= 48
    assert stat.S_IMODE((tmp_path / "auth_secret").stat().st_mode) == 0o600


def test_a_secret_that_is_given_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    given = secrets.token_urlsafe(48)
    monkeypatch.setenv("CHAINLIT_AUTH_SECRET", given)
    environment.export_auth_secret(Settings())
    assert os.environ["CHAINLIT_AUTH_SECRET"] == given
    assert not (tmp_path / "auth_secret").exists()


@pytest.mark.parametrize("name", ["CHAINLIT_AUTH_SECRET", "AUTH_SECRET_PREVIOUS"])
@pytest.mark.parametrize(
    "weak",
    [
        "geheim-geheim",
        "x" * 64,
        "0123456789abcdef0123456789abcdef",
        "your-auth-secret-that-nobody-knows-of-1234",
        "please_CHANGE_me_to_aL0ngString_of_yours",
    ],
)
def test_a_secret_that_is_soon_found_ends_the_program_and_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, name: str, weak: str
) -> None:
    monkeypatch.setenv(name, weak)
    with pytest.raises(SystemExit, match=f"^{name}.*token_urlsafe") as ended:
        environment.load()
    assert weak not in str(ended.value)


def test_a_data_folder_that_cannot_be_made_ends_the_program(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "file" / "data"))
    with pytest.raises(SystemExit, match="DATA_DIR: "):
        environment.prepare_data_dir(Settings())


# Files in a bucket

SAME = {
    "APP_AWS_ACCESS_KEY": ("AWS_ACCESS_KEY_ID", "aws_access_key_id"),
    "APP_AWS_SECRET_KEY": ("AWS_SECRET_ACCESS_KEY", "aws_secret_access_key"),
    "DEV_AWS_ENDPOINT": ("AWS_ENDPOINT_URL_S3", "aws_endpoint_url"),
    "APP_AZURE_STORAGE_ACCOUNT": ("AZURE_STORAGE_ACCOUNT", "azure_account"),
    "APP_AZURE_STORAGE_ACCESS_KEY": ("AZURE_STORAGE_KEY", "azure_key"),
}


PAIRS = {
    name: pair
    for pair in (
        ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
        ("APP_AWS_ACCESS_KEY", "APP_AWS_SECRET_KEY"),
    )
    for name in pair
}


@pytest.mark.parametrize("theirs", SAME)
def test_chainlits_names_mean_the_same(monkeypatch: pytest.MonkeyPatch, theirs: str) -> None:
    ours, field = SAME[theirs]
    for names in ([theirs], [ours], [theirs, ours]):
        with monkeypatch.context() as patch:
            for name in {each for one in names for each in PAIRS.get(one, (one,))}:
                patch.setenv(name, "http://one-value")
            assert Settings().storage_credentials[field] == "http://one-value"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        *((ours, theirs) for theirs, (ours, _) in SAME.items()),
        ("AWS_ENDPOINT_URL", "DEV_AWS_ENDPOINT"),
    ],
)
def test_two_names_that_contradict_each_other_are_both_named(
    monkeypatch: pytest.MonkeyPatch, one: str, other: str
) -> None:
    monkeypatch.setenv(one, "http://geheim-1")
    monkeypatch.setenv(other, "http://geheim-2")
    with pytest.raises(SystemExit) as stopped:
        environment.load()
    message = str(stopped.value)
    assert f"{one} and {other}" in message
    assert "geheim" not in message


@pytest.mark.parametrize(
    ("first", "second", "field"),
    [
        ("AWS_REGION", "AWS_DEFAULT_REGION", "aws_ambient_region"),
        ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "aws_endpoint_url"),
    ],
)
def test_of_amazons_own_names_the_first_counts(
    monkeypatch: pytest.MonkeyPatch, first: str, second: str, field: str
) -> None:
    monkeypatch.setenv(second, "http://second")
    assert Settings().storage_credentials[field] == "http://second"
    monkeypatch.setenv(first, "http://first")
    assert Settings().storage_credentials[field] == "http://first"


def test_a_region_of_the_surroundings_is_not_the_buckets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    assert Settings().storage_credentials["aws_region"] is None
    monkeypatch.setenv("APP_AWS_REGION", "eu-west-3")
    found = environment.load().storage_credentials
    assert (found["aws_region"], found["aws_ambient_region"]) == ("eu-west-3", "us-west-2")


@pytest.mark.parametrize("given", PAIRS)
def test_half_a_pair_is_refused(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    other = next(name for name in PAIRS[given] if name != given)
    for name in PAIRS.keys() - {other}:  # also beside another one that is whole
        monkeypatch.setenv(name, "geheim")
    with pytest.raises(SystemExit, match=f"{given} is given without {other}") as stopped:
        environment.load()
    assert "geheim" not in str(stopped.value)


def test_a_token_of_another_pair_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("APP_AWS_ACCESS_KEY", "APP_AWS_SECRET_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, name)
    found = environment.load().storage_credentials
    assert found["aws_access_key_id"] == "APP_AWS_ACCESS_KEY"
    assert found["aws_secret_access_key"] == "APP_AWS_SECRET_KEY"
    assert found["aws_session_token"] is None


def test_a_profile_without_a_name_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
        monkeypatch.setenv(name, "")
    assert environment.load().storage_credentials["aws_profile"] is None
    assert not {"AWS_PROFILE", "AWS_DEFAULT_PROFILE"} & os.environ.keys()
    monkeypatch.setenv("AWS_PROFILE", "chat")
    assert environment.load().storage_credentials["aws_profile"] == "chat"
    assert os.environ["AWS_PROFILE"] == "chat"


def test_what_is_not_given_is_left_to_the_services_own_tools() -> None:
    given = Settings().storage_credentials
    assert set(given.values()) == {None}
    assert set(given) == {field.name for field in fields(Credentials)}


def test_to_a_database_of_amazons_only_amazons_own_names_say_who_we_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("APP_AWS_ACCESS_KEY", "APP_AWS_SECRET_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, name)
    found = Settings().aws_access
    assert set(found.values()) == {None}  # a token without its pair is none
    assert set(found) == {field.name for field in fields(AwsAccess)}
    for name in ("APP_AWS_ACCESS_KEY", "APP_AWS_SECRET_KEY"):
        monkeypatch.delenv(name)
    for name in PAIRS["AWS_ACCESS_KEY_ID"]:
        monkeypatch.setenv(name, name)
    found = environment.load().aws_access
    assert found["access_key_id"] == "AWS_ACCESS_KEY_ID"
    assert found["secret_access_key"] == "AWS_SECRET_ACCESS_KEY"
    assert found["session_token"] == "AWS_SESSION_TOKEN"


@pytest.mark.parametrize(
    ("first", "second", "field"),
    [
        ("AWS_REGION", "AWS_DEFAULT_REGION", "region"),
        ("AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL", "endpoint_url"),
    ],
)
def test_where_a_database_of_amazons_is(
    monkeypatch: pytest.MonkeyPatch, first: str, second: str, field: str
) -> None:
    monkeypatch.setenv(second, "http://second")
    assert Settings().aws_access[field] == "http://second"
    monkeypatch.setenv(first, "http://first")
    assert Settings().aws_access[field] == "http://first"


def test_a_bucket_of_chainlits_is_taken_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUCKET_NAME", "files")
    assert Settings().storage == "s3://files"
    monkeypatch.setenv("APP_AZURE_STORAGE_ACCOUNT", "account")
    assert Settings().storage == "azure://files"
    monkeypatch.setenv("STORAGE_URL", "s3://files/prefix?region=eu-central-1")
    assert Settings().storage == "s3://files/prefix?region=eu-central-1"


@pytest.mark.parametrize("url", ["s3://other", "azure://other/files", "file:files"])
def test_two_places_for_files_are_both_named(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("BUCKET_NAME", "files")
    monkeypatch.setenv("STORAGE_URL", url)
    with pytest.raises(SystemExit, match="STORAGE_URL and BUCKET_NAME"):
        environment.load()


def test_two_services_for_chainlits_bucket_are_both_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUCKET_NAME", "files")
    monkeypatch.setenv("APP_AZURE_STORAGE_ACCOUNT", "account")
    monkeypatch.setenv("APP_AWS_ACCESS_KEY", "key")
    with pytest.raises(SystemExit, match="APP_AZURE_STORAGE_ACCOUNT and APP_AWS_ACCESS_KEY"):
        environment.load()


SECRETS = (
    *("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "APP_AWS_SECRET_KEY"),
    *("AZURE_STORAGE_CONNECTION_STRING", "AZURE_STORAGE_KEY", "AZURE_STORAGE_SAS_TOKEN"),
    "APP_AZURE_STORAGE_ACCESS_KEY",
)


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_not_shown(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    aws = PAIRS["AWS_ACCESS_KEY_ID"] if name == "AWS_SESSION_TOKEN" else ()
    for each in {name, *aws, *PAIRS.get(name, ())}:
        monkeypatch.setenv(each, "geheim" if each in SECRETS else "name")
    settings = Settings()
    assert "geheim" in settings.storage_credentials.values()
    assert "geheim" not in repr(settings)


def test_nothing_else_reads_the_environment() -> None:
    readers = [
        path.relative_to(ROOT).as_posix()
        for folder in (*ROOMS, "settings", "sql")
        for path in (ROOT / folder).rglob("*.py")
        if re.search(r"os\.environ|getenv", path.read_text())
    ]
    before = "common/env_file.py"  # which is run before there are settings
    assert readers == [before, "settings/environment.py"]


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("LOG_LEVEL", "LOG_DEBUG"),
        ("LOG_LEVELL", "LOG_DEBUG"),
        ("DATA_DIRECTORY", "DATA_DIR"),
        ("UPLOAD_LIMIT_MB", "UPLOAD_MAX_MB"),
        ("OLAMA_HOST", "OLLAMA_URL"),
    ],
)
def test_what_others_call_it_counts_in_our_file_alone(name: str, ours: str) -> None:
    known = {each.upper() for each in Settings.model_fields}
    assert meant(name, known, is_filed=True) == ours
    assert meant(name, known, is_filed=False) is None


@pytest.mark.parametrize(
    ("old", "ours"),
    [
        ("OPENAI_API_BASE", "OPENAI_BASE_URL"),
        ("AZURE_OPENAI_KEY", "AZURE_OPENAI_API_KEY"),
    ],
)
@pytest.mark.slow
def test_a_name_that_others_have_is_told_where_ours_is_not_given(
    monkeypatch: pytest.MonkeyPatch, old: str, ours: str
) -> None:
    monkeypatch.delenv(ours, raising=False)
    monkeypatch.setenv(old, "x")
    monkeypatch.setenv("DATABASE_URI", "x")  # of some other program: it is not in our file
    said = [it for it in environment.misspelt() if it.startswith((old, "DATABASE_URI"))]
    assert said == [f"{old} is not known, and does nothing. Did you mean {ours}?"]
    monkeypatch.setenv(ours, "y")
    assert not [it for it in environment.misspelt() if it.startswith(old)]


@pytest.mark.parametrize("name", ["KEEPCHAT_OPENAI_MODEL", "$env:OPENAI_MODEL"])
@pytest.mark.slow
def test_a_name_with_more_before_it_is_told(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "x")
    monkeypatch.setenv("KEEPCHAT_COLOUR", "x")
    said = [it for it in environment.misspelt() if it.startswith((name, "KEEPCHAT_COLOUR"))]
    assert said == [f"{name} is not known, and does nothing. Did you mean OPENAI_MODEL?"]
