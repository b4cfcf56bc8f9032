"""STORAGE_URL for S3: what it may say, and what is said about one that may not be."""

from pathlib import Path

import pytest

from storage.credentials import Credentials
from storage.factory import open_storage
from storage.s3.options import S3Options


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("s3://files", S3Options("files")),
        ("s3://files/", S3Options("files")),
        ("S3://my.files-1/a/b%20c/", S3Options("my.files-1", "a/b c/")),
        ("s3://files?region=eu-central-1", S3Options("files", region="eu-central-1")),
        (
            "s3://files/p?endpoint_url=http://127.0.0.1:9000&addressing_style=path",
            S3Options("files", "p/", endpoint_url="http://127.0.0.1:9000", addressing_style="path"),
        ),
        (
            "s3://files?endpoint_url=https%3A%2F%2Fr2.example%2Fpath&region=auto",
            S3Options("files", region="auto", endpoint_url="https://r2.example/path"),
        ),
        ("s3://files?sse=AES256", S3Options("files", sse="AES256")),
        (
            "s3://files?sse=aws:kms&kms_key_id=alias/files",
            S3Options("files", sse="aws:kms", kms_key_id="alias/files"),
        ),
    ],
)
def test_a_url(url: str, expected: S3Options) -> None:
    assert S3Options.from_url(url) == expected


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("s3:files", "s3://bucket/prefix"),
        ("s3://", "s3://bucket/prefix"),
        ("s3://f", "s3://bucket/prefix"),
        ("s3://key:geheim@files", "without keys"),
        ("s3://files:80", "without keys or ports"),
        ("s3://files/../other", "prefix"),
        ("s3://files/a//b", "prefix"),
        ("s3://files#geheim", "%23"),
        ("s3://files?secret=geheim", "unknown option 'secret'; known are addressing_style"),
        ("s3://files?Region=eu", "kms_key_id, region, sse"),
        ("s3://files?region=", "one value for region"),
        ("s3://files?region=a&region=b", "one value for region"),
        ("s3://files?region=EU%20west", "eu-central-1"),
        ("s3://files?endpoint_url=host:9000", "https://host:port"),
        ("s3://files?endpoint_url=http://u:geheim@host", "https://host:port"),
        ("s3://files?addressing_style=dns", "auto, path, virtual"),
        ("s3://files?sse=yes", "AES256, aws:kms"),
        ("s3://files?kms_key_id=geheim", "sse=aws:kms"),
        ("s3://files?sse=AES256&kms_key_id=geheim", "sse=aws:kms"),
    ],
)
def test_a_wrong_url_is_told_at_the_start(url: str, hint: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^STORAGE_URL ") as caught:
        open_storage(url, tmp_path)
    assert hint in str(caught.value)
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("endpoint", ["http://a:geheim@host", "host:9000", "http://[geheim"])
def test_a_wrong_endpoint_of_the_settings_is_told_at_the_start(
    tmp_path: Path, endpoint: str
) -> None:
    with pytest.raises(ValueError, match=r"^AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL ") as caught:
        open_storage("s3://files", tmp_path, Credentials(aws_endpoint_url=endpoint))
    assert "STORAGE_URL" not in str(caught.value)
    assert "geheim" not in str(caught.value)
