"""Which model answers."""

import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from openai import AsyncAzureOpenAI

from chat.models import built_in, registry
from chat.models.built_in import DemoModel
from chat.models.endpoint import Endpoint
from chat.models.openai_model import OpenAIModel, first_form
from chat.models.registry import Models, ModelSettings, NoModel, find_models
from chat.wording.notice import DEMO, notice_about

NOWHERE = "http://127.0.0.1:9"


class Lister(BaseHTTPRequestHandler):
    """Lists models as Ollama and others do."""

    models: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        body = json.dumps({"data": [{"id": name} for name in self.models]}).encode()
        self.send_response(200 if self.path == "/v1/models" else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        """Say nothing."""


@pytest.fixture
def lister() -> Iterator[str]:
    Lister.models = ["llama3.2:3b", "qwen3:4b"]
    server = ThreadingHTTPServer(("127.0.0.1", 0), Lister)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def models(
    *, api_key: str = "", base_url: str | None = None, azure: str | None = None, **given: Any
) -> Models:
    common = Endpoint(model="", api_key=api_key, base_url=base_url, azure_version=azure)
    settings: dict[str, Any] = {"ollama_url": NOWHERE, "local": True, **given}
    return find_models(ModelSettings(endpoint=common, **settings))


def endpoint(found: Models) -> Endpoint:
    assert isinstance(found.default, OpenAIModel)
    return found.default._endpoint


def test_a_key_alone_means_openai() -> None:
    found = models(api_key="k")
    assert endpoint(found).base_url is None
    assert endpoint(found).model == registry.DEFAULT_MODEL
    assert notice_about(found) is None


def test_an_address_needs_no_key_and_may_name_no_model(lister: str) -> None:
    found = endpoint(models(base_url=f"{lister}/v1"))
    assert (found.model, found.base_url) == ("llama3.2:3b", f"{lister}/v1")


def test_an_address_that_lists_no_model_wants_one_named(lister: str) -> None:
    with pytest.raises(NoModel, match=r"^OPENAI_MODEL: .* lists no model"):
        models(base_url=f"{lister}/elsewhere")


def test_an_address_where_nobody_is_has_to_be_corrected() -> None:
    with pytest.raises(NoModel, match=r"^OPENAI_BASE_URL: .* cannot be reached \(.*refused\)"):
        models(base_url=f"{NOWHERE}/v1")


def test_an_ollama_on_this_machine_is_found_and_named(lister: str) -> None:
    found = models(ollama_url=lister)
    assert endpoint(found).model == "llama3.2:3b"
    notice = notice_about(found)
    assert notice is not None
    assert notice.kind == "info"
    assert "llama3.2:3b" in str(notice.text)
    assert "llama3.2:3b" in notice.text.in_language("zh")


def test_ollama_answers_with_the_model_that_is_set(lister: str) -> None:
    assert endpoint(models(ollama_url=lister, names=["qwen3"])).model == "qwen3:4b"


def test_an_ollama_without_models_is_passed_over(lister: str) -> None:
    Lister.models = []
    assert isinstance(models(ollama_url=lister).default, DemoModel)


def test_ollama_is_not_asked_when_it_is_off(lister: str) -> None:
    assert isinstance(models(ollama_url="").default, DemoModel)


def test_several_models_are_offered_in_their_order(lister: str) -> None:
    found = models(api_key="k", names=["b", "a"])
    assert found.names == ["b", "a"]
    assert found.default.name == "b"
    a = found.find("a")
    assert a is not None
    assert a.name == "a"
    assert found.find("c") is None
    assert found.find(None) is None
    assert found.of_profile("a") is a
    assert found.of_profile("c") is found.of_profile(None) is found.default
    assert models(ollama_url=lister, names=["qwen3", "absent", "llama3.2:3b"]).names == [
        "qwen3:4b",
        "llama3.2:3b",
    ]


def test_azure_is_asked_for_deployments() -> None:
    found = models(
        api_key="k", base_url="https://mine.openai.azure.com", azure="2024-10-21", names=["mine"]
    )
    assert endpoint(found).model == "mine"
    assert isinstance(found.default, OpenAIModel)
    assert isinstance(found.default._client, AsyncAzureOpenAI)


@pytest.mark.parametrize(
    ("given", "variable"),
    [({"api_key": "k"}, "OPENAI_MODEL"), ({"names": ["mine"]}, "AZURE_OPENAI_API_KEY")],
)
def test_azure_without_deployment_or_key_is_fatal(given: dict[str, Any], variable: str) -> None:
    with pytest.raises(NoModel, match=f"^{variable}: "):
        models(base_url="https://mine.openai.azure.com", azure="2024-10-21", **given)


def test_the_demo_model_says_that_it_is_one() -> None:
    assert notice_about(models()) == DEMO
    assert DEMO.kind == "warning"
    assert "OPENAI_API_KEY" in DEMO.text.en
    assert "OPENAI_API_KEY" in DEMO.text.zh


def test_outside_local_mode_a_missing_key_is_fatal(lister: str) -> None:
    with pytest.raises(NoModel, match=r"^OPENAI_API_KEY: "):
        models(local=False, ollama_url=lister)


def test_without_the_demo_model_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(built_in, "weights", lambda: None)
    with pytest.raises(NoModel, match="make run"):
        models()


def test_a_demo_model_that_cannot_be_loaded_is_said_before_anybody_asks(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "xllamacpp.py").write_text('raise ImportError("libgomp.so.1: no such file")')
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "xllamacpp", raising=False)
    with pytest.raises(NoModel, match=r"\(libgomp\.so\.1: .*apt-get install libgomp1"):
        models()


@pytest.mark.parametrize(
    ("base_url", "azure", "name"),
    [
        (None, None, "max_completion_tokens"),
        ("https://api.openai.com/v1", None, "max_completion_tokens"),
        ("https://mine.openai.azure.com/openai/v1", None, "max_completion_tokens"),
        ("https://mine.cognitiveservices.azure.com", "2024-10-21", "max_completion_tokens"),
        ("http://localhost:11434/v1", None, "max_tokens"),
        ("https://openai.com.evil.example/v1", None, "max_tokens"),
    ],
)
def test_the_limit_is_called_as_the_server_knows_it(
    base_url: str | None, azure: str | None, name: str
) -> None:
    endpoint = Endpoint(model="m", api_key="k", base_url=base_url, azure_version=azure)
    assert first_form(endpoint).limit_name == name


def test_of_two_models_of_one_name_each_is_found_by_its_tag(lister: str) -> None:
    Lister.models = ["llama3:70b", "llama3:8b"]
    assert models(ollama_url=lister, names=["llama3:8b", "llama3:1b", "llama3"]).names == [
        "llama3:8b",
        "llama3:70b",
    ]
