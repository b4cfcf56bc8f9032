"""What only S3 can do wrong: credentials, buckets, regions, clocks; and what it is told."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import botocore.auth
import httpx2
import pytest

from storage.credentials import Credentials
from storage.errors import (
    InvalidKey,
    StorageDenied,
    StorageError,
    StorageMisconfigured,
    StorageUnavailable,
)
from storage.factory import open_storage
from storage.s3.upload import PART_SIZE
from tests.support.s3_storages import BIG, BUSY, OpenS3, heads_of, through_proxy
from tests.support.servers.proxy import running_proxy
from tests.support.servers.seaweedfs import BUCKET, CREDENTIALS, KEY, READER, SECRET, SeaweedFS
from tests.support.storages import (
    MB,
    OLD,
    big_file,
    get,
    keys,
    put,
    stream,
)
from tests.support.waiting import free_port

pytestmark = pytest.mark.usefixtures("no_aws")

WRONG = "wrong-secret-wrong-secret"

# Credentials


@pytest.mark.parametrize(
    "wrong",
    [
        replace(CREDENTIALS, aws_access_key_id="NOBODY"),
        replace(CREDENTIALS, aws_secret_access_key=WRONG),
    ],
    ids=["key", "secret"],
)
async def test_wrong_credentials(s3: OpenS3, key: str, wrong: Credentials, tmp_path: Path) -> None:
    storage = s3(wrong)
    for refused in (
        put(storage, key, b"x"),
        put(storage, key, big_file(tmp_path, BIG)),
        get(storage, key),
        storage.delete([key]),
        keys(storage),
        storage.check(),
    ):
        with pytest.raises(StorageDenied, match="AWS_SECRET_ACCESS_KEY") as caught:
            await refused
        assert WRONG not in str(caught.value) + str(caught.value.__cause__)
    assert await keys(s3()) == []


async def test_no_credentials(s3: OpenS3, key: str) -> None:
    with pytest.raises(StorageDenied, match="AWS_ACCESS_KEY_ID") as caught:
        await put(s3(Credentials()), key, b"x")
    assert "role" in str(caught.value)


async def test_half_of_the_credentials(s3: OpenS3, key: str) -> None:
    with pytest.raises(StorageDenied, match="AWS_SECRET_ACCESS_KEY"):
        await put(s3(Credentials(aws_access_key_id=KEY)), key, b"x")


async def test_an_unknown_profile(s3: OpenS3, key: str) -> None:
    with pytest.raises(StorageDenied, match=r"nobody.*AWS_PROFILE"):
        await put(s3(Credentials(aws_profile="nobody")), key, b"x")


async def test_credentials_of_the_environment(
    s3: OpenS3, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    await put(s3(Credentials()), key, b"x")


@pytest.mark.parametrize("profile", [None, "chat"])
async def test_credentials_of_a_profile(
    s3: OpenS3, key: str, tmp_path: Path, profile: str | None
) -> None:
    (tmp_path / "AWS_SHARED_CREDENTIALS_FILE").write_text(
        f"[{profile or 'default'}]\naws_access_key_id={KEY}\naws_secret_access_key={SECRET}\n"
    )
    await put(s3(Credentials(aws_profile=profile)), key, b"x")


@pytest.mark.parametrize("profile", ["", "nobody"])
async def test_keys_that_are_given_need_no_profile(
    s3: OpenS3, key: str, monkeypatch: pytest.MonkeyPatch, profile: str
) -> None:
    monkeypatch.setenv("AWS_PROFILE", profile)
    await put(s3(replace(CREDENTIALS, aws_profile=profile or None)), key, b"x")


async def test_a_service_of_a_profile(seaweedfs: SeaweedFS, prefix: str, tmp_path: Path) -> None:
    (tmp_path / "AWS_CONFIG_FILE").write_text(
        f"[profile chat]\nregion=eu-west-3\nendpoint_url={seaweedfs.endpoint}\n"
        f"aws_access_key_id={KEY}\naws_secret_access_key={SECRET}\n"
    )
    storage = open_storage(f"s3://{BUCKET}/{prefix}", tmp_path, Credentials(aws_profile="chat"))
    await put(storage, "t/1", b"x")
    link = str(await storage.read_url("t/1", 60))
    assert link.startswith(f"{seaweedfs.endpoint}/{BUCKET}/{prefix}/t/1?")
    assert "eu-west-3" in link
    await storage.close()


async def test_credentials_of_a_role(s3: OpenS3, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    until = datetime.now().astimezone() + timedelta(hours=1)
    role = (
        f'{{"AccessKeyId": "{KEY}", "SecretAccessKey": "{SECRET}", "Token": "", '
        f'"Expiration": "{until.isoformat()}"}}'
    ).encode()
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
    async with running_proxy(free_port()) as service:
        service.answers = [answer % (len(role), role)] * 9
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{service.url}/role")
        await put(s3(Credentials()), key, b"x")
        assert service.heads[0].startswith("GET /role ")


async def test_a_session_token_is_sent_and_signed(seaweedfs: SeaweedFS, prefix: str) -> None:
    temporary = replace(CREDENTIALS, aws_session_token="temporary-token")
    async with through_proxy(seaweedfs, prefix, credentials=temporary) as (proxy, storage):
        with pytest.raises(StorageDenied) as caught:  # this service gave us no such token
            await put(storage, "t/1", b"x")
        assert "temporary-token" not in str(caught.value)
        [head] = heads_of(proxy, "PUT")
        assert "x-amz-security-token: temporary-token" in head
        assert ";x-amz-security-token," in head
        assert "X-Amz-Security-Token=temporary-token" in str(await storage.read_url("t/1", 60))


async def test_who_may_only_read_is_told_what_to_allow(s3: OpenS3, key: str) -> None:
    await put(s3(), key, OLD)
    storage = s3(READER)
    assert await get(storage, key) == OLD
    with pytest.raises(StorageDenied, match="s3:PutObject"):
        await put(storage, key, b"x")
    with pytest.raises(StorageDenied, match=f"{key}.*s3:DeleteObject"):
        await storage.delete([key])
    assert await get(s3(), key) == OLD


def test_no_secret_is_shown(s3: OpenS3) -> None:
    storage = s3()
    assert BUCKET in str(storage)
    for shown in (str(storage), repr(storage), repr(CREDENTIALS), repr(vars(storage))):
        assert SECRET not in shown


# Bucket, region, clock


async def test_a_missing_bucket(s3: OpenS3, key: str, tmp_path: Path) -> None:
    storage = s3(bucket="not-there")
    for refused in (
        put(storage, key, b"x"),
        put(storage, key, big_file(tmp_path, BIG)),
        get(storage, key),
        storage.delete([key]),
        keys(storage),
        storage.check(),
    ):
        with pytest.raises(StorageMisconfigured, match=r"not-there.*STORAGE_URL"):
            await refused


async def test_a_prefix_is_a_folder_of_its_own(
    s3: OpenS3, seaweedfs: SeaweedFS, prefix: str
) -> None:
    await put(s3(), "t/1", b"x")
    assert seaweedfs.client.get_object(Bucket=BUCKET, Key=f"{prefix}/t/1")["Body"].read() == b"x"
    seaweedfs.client.put_object(Bucket=BUCKET, Key=f"{prefix}-other/t/2", Body=b"x")
    seaweedfs.client.put_object(Bucket=BUCKET, Key=f"{prefix}/marked/", Body=b"")
    assert await keys(s3()) == ["t/1"]


async def test_a_key_that_is_too_long_with_its_prefix(s3: OpenS3) -> None:
    with pytest.raises(InvalidKey, match="shorter"):
        await put(s3(), "/".join(["a" * 250] * 4), b"x")


@pytest.mark.parametrize("ambient", [None, "us-west-2", "eu-south-2"])
async def test_the_region_is_found(
    seaweedfs: SeaweedFS, prefix: str, monkeypatch: pytest.MonkeyPatch, ambient: str | None
) -> None:
    if ambient:
        monkeypatch.setenv("AWS_DEFAULT_REGION", ambient)
    given = replace(CREDENTIALS, aws_ambient_region=ambient)
    async with through_proxy(seaweedfs, prefix, credentials=given) as (proxy, storage):
        proxy.header = b"x-amz-bucket-region: eu-south-2\r\n"
        await put(storage, "t/1", b"x")
        assert "/eu-south-2/s3/aws4_request" in heads_of(proxy, "PUT")[0]
        link = str(await storage.read_url("t/1", 60))
        assert "%2Feu-south-2%2Fs3" in link
        assert (await asyncio.to_thread(httpx2.get, link)).content == b"x"
        assert len(heads_of(proxy, "HEAD")) == 1


async def test_a_bucket_that_says_no_region_is_in_the_ambient_one(
    seaweedfs: SeaweedFS, prefix: str
) -> None:
    given = replace(CREDENTIALS, aws_ambient_region="us-west-2")
    async with through_proxy(seaweedfs, prefix, credentials=given) as (proxy, storage):
        await put(storage, "t/1", b"x")
        assert "/us-west-2/s3/aws4_request" in heads_of(proxy, "PUT")[0]
        assert "%2Fus-west-2%2Fs3" in str(await storage.read_url("t/1", 60))


async def test_a_region_that_cannot_be_found_is_not_asked_for_by_each_call(
    seaweedfs: SeaweedFS, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.s3.client._BRIEF_SECONDS", 0.2)
    given = replace(CREDENTIALS, aws_ambient_region="us-west-2")
    async with through_proxy(seaweedfs, prefix, credentials=given) as (proxy, storage):
        proxy.holds_after = 1
        with pytest.raises(StorageUnavailable, match="t/1"):
            await storage.read_url("t/1", 60)
        assert len(heads_of(proxy, "HEAD")) == 1
        proxy.holds_after = 0
        await put(storage, "t/1", b"x")
        assert "/us-west-2/s3/aws4_request" in heads_of(proxy, "PUT")[0]
        with pytest.raises(StorageUnavailable):  # it might lead elsewhere
            await storage.read_url("t/1", 60)
        assert len(heads_of(proxy, "HEAD")) == 1


async def test_a_region_that_could_not_be_found_is_asked_for_later(
    seaweedfs: SeaweedFS, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.s3.client._REGION_RETRY_SECONDS", 0)
    async with through_proxy(seaweedfs, prefix) as (proxy, storage):
        proxy.answers = [BUSY] * 3
        with pytest.raises(StorageUnavailable, match="t/1"):
            await storage.read_url("t/1", 60)
        proxy.answers = []
        proxy.header = b"x-amz-bucket-region: eu-south-2\r\n"
        assert "%2Feu-south-2%2Fs3" in str(await storage.read_url("t/1", 60))


@pytest.mark.parametrize("way", ["option", "setting"])
async def test_a_region_that_is_given_is_not_asked_for(
    seaweedfs: SeaweedFS, prefix: str, way: str
) -> None:
    options = "&region=eu-west-3" if way == "option" else ""
    given = replace(CREDENTIALS, aws_region="us-west-2" if way == "option" else "eu-west-3")
    async with through_proxy(seaweedfs, prefix, options, given) as (proxy, storage):
        await put(storage, "t/1", b"x")
        assert "/eu-west-3/s3/aws4_request" in heads_of(proxy, "PUT")[0]
        assert heads_of(proxy, "HEAD") == []


@pytest.mark.parametrize(
    ("url", "start"),
    [
        (
            "s3://files-x/p?region=eu-central-1",
            "https://files-x.s3.eu-central-1.amazonaws.com/p/k?",
        ),
        ("s3://files-x?region=us-east-1", "https://files-x.s3.amazonaws.com/k?"),
        ("s3://files.x?region=us-west-2", "https://s3.us-west-2.amazonaws.com/files.x/k?"),
        (
            "s3://files-x?region=us-west-2&addressing_style=path",
            "https://s3.us-west-2.amazonaws.com/files-x/k?",
        ),
        ("s3://files-x?region=cn-north-1", "https://files-x.s3.cn-north-1.amazonaws.com.cn/k?"),
        ("s3://f-x?region=auto&endpoint_url=https://r2.test", "https://r2.test/f-x/k?"),
        (
            "s3://f-x?region=auto&endpoint_url=https://r2.test&addressing_style=virtual",
            "https://f-x.r2.test/k?",
        ),
    ],
)
async def test_the_host_of_links(url: str, start: str, tmp_path: Path) -> None:
    storage = open_storage(url, tmp_path, CREDENTIALS)
    link = str(await storage.read_url("k", 60))
    assert link.startswith(start)
    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in link
    assert "X-Amz-Expires=60" in link
    await storage.close()


async def test_virtual_style(
    seaweedfs: SeaweedFS, prefix: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    host, find = f"{BUCKET}.{seaweedfs.domain}", socket.getaddrinfo

    def resolve(name: str | bytes | None, *given: Any, **options: Any) -> Any:
        return find("127.0.0.1" if name in (host, host.encode()) else name, *given, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    endpoint = f"http://{seaweedfs.domain}:{seaweedfs.port}"
    url = f"s3://{BUCKET}/{prefix}?endpoint_url={endpoint}&addressing_style=virtual"
    storage = open_storage(url, tmp_path, CREDENTIALS)
    await put(storage, "t/1", b"some bytes")
    link = str(await storage.read_url("t/1", 60))
    assert link.startswith(f"http://{host}:{seaweedfs.port}/{prefix}/t/1?")
    assert httpx2.get(link).content == b"some bytes"
    assert seaweedfs.client.get_object(Bucket=BUCKET, Key=f"{prefix}/t/1")["ContentLength"] == 10
    await storage.close()


@pytest.mark.parametrize("hours", [-2, 2])
async def test_a_clock_that_is_wrong(
    s3: OpenS3, key: str, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    right: Callable[..., datetime] = vars(botocore.auth)["get_current_datetime"]

    def wrong(*args: object, **options: object) -> datetime:
        return right(*args, **options) + timedelta(hours=hours)

    with monkeypatch.context() as patch:
        patch.setattr(botocore.auth, "get_current_datetime", wrong)
        with pytest.raises(StorageDenied, match="clock"):
            await put(s3(), key, b"x")
    assert await keys(s3()) == []


# What the service is told


async def test_the_object_says_what_it_is(s3: OpenS3, seaweedfs: SeaweedFS, prefix: str) -> None:
    content = stream(bytes(9 * MB))
    for key, source in (("small", b"x"), ("big", content)):
        await s3().put(key, source, mime="image/png", filename='a "b" 文.png')
        found = seaweedfs.client.head_object(Bucket=BUCKET, Key=f"{prefix}/{key}")
        assert found["ContentType"] == "image/png"
        assert found["ContentDisposition"] == (
            'attachment; filename="a \\"b\\" _.png"; filename*=UTF-8\'\'a%20%22b%22%20%E6%96%87.png'
        )


@pytest.mark.parametrize("size", [10, BIG])
@pytest.mark.parametrize(
    ("options", "headers"),
    [
        ("&sse=AES256", ["x-amz-server-side-encryption: aes256"]),
        (
            "&sse=aws:kms&kms_key_id=alias/files",
            [
                "x-amz-server-side-encryption: aws:kms",
                "x-amz-server-side-encryption-aws-kms-key-id: alias/files",
            ],
        ),
    ],
)
async def test_encryption_is_asked_for(
    seaweedfs: SeaweedFS, prefix: str, options: str, headers: list[str], size: int
) -> None:
    async with through_proxy(seaweedfs, prefix, options) as (proxy, storage):
        with suppress(StorageError):  # this service has no KMS
            await put(storage, "t/1", bytes(size))
        [head, *_] = heads_of(proxy, "PUT" if size < BIG else "POST")
        for header in headers:
            assert header in head


async def test_encryption_by_the_service(s3: OpenS3, seaweedfs: SeaweedFS, prefix: str) -> None:
    await put(s3(sse="AES256"), "t/1", b"x")
    found = seaweedfs.client.head_object(Bucket=BUCKET, Key=f"{prefix}/t/1")
    assert found["ServerSideEncryption"] == "AES256"


async def test_each_upload_has_its_md5(seaweedfs: SeaweedFS, prefix: str, tmp_path: Path) -> None:
    async with through_proxy(seaweedfs, prefix) as (proxy, storage):
        await put(storage, "t/1", b"x")
        await put(storage, "t/2", big_file(tmp_path, BIG))
        await storage.delete(["t/1"])
        sent = heads_of(proxy, "PUT") + [
            head for head in heads_of(proxy, "POST") if "?delete" in head
        ]
        assert len(sent) == 2 + -(-BIG // PART_SIZE)
        assert all("content-md5: " in head for head in sent)
