"""What Chainlit's page is told to offer."""

from types import SimpleNamespace
from typing import cast

import pytest
from chainlit.config import config

from access.guard.limits import UploadLimits
from patches.http import features
from patches.http.features import accepted
from patches.patch import Parts

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
LIMITS = UploadLimits(files=2, megabytes=1, types=("*/*",), characters=1_000)


def test_the_page_gets_endings_under_their_types() -> None:
    assert accepted(("image/*", ".docx", ".txt", ".md", "text/plain")) == {
        "image/*": [],
        DOCX: [".docx"],
        "text/markdown": [".md"],
        "text/plain": [],
    }


def test_the_page_and_chainlit_know_the_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config.features, "spontaneous_file_upload", None)
    features.offer_uploads(cast(Parts, SimpleNamespace(limits=LIMITS)))
    shown = config.features.spontaneous_file_upload
    assert shown
    assert (shown.enabled, shown.accept) == (True, ["*/*"])
    assert (shown.max_files, shown.max_size_mb) == (2, 1)


@pytest.mark.parametrize("sharing", [True, False])
def test_sharing_is_offered_only_where_it_is_on(
    sharing: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config.features, "allow_thread_sharing", not sharing)
    monkeypatch.setattr(config.code, "on_shared_thread_view", None)
    features.offer_sharing(cast(Parts, SimpleNamespace(sharing=sharing)))
    assert config.features.allow_thread_sharing is sharing
    assert bool(config.code.on_shared_thread_view) is sharing
