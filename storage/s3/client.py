"""The SDK's client for one bucket. Everything here blocks and runs in worker threads."""

import re
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import md5
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from common.aws import ANY_REGION, api_models, open_session
from storage.credentials import Credentials
from storage.s3.options import AddressingStyle, S3Options

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

POOL_SIZE = 16  # worker threads
_KEPT_CONNECTIONS = 64  # each download has one of its own
_CONNECT_SECONDS = 3
_ANSWER_SECONDS = 10  # without a byte from the service
_STORE_SECONDS = 30  # the same, where it may have much to do before it answers
_STORING = (
    *("PutObject", "CopyObject", "UploadPart", "UploadPartCopy"),
    "CompleteMultipartUpload",
)
_BRIEF_SECONDS = 3  # the same, and for all attempts together, where somebody waits for the end
_ATTEMPTS = 3
_REGION_RETRY_SECONDS = 10  # until a bucket that did not answer is asked again for its region
_SERVER_ERROR = 500
_AMAZON = re.compile(r"\.amazonaws\.com(\.cn)?/?$")


class RequestLimits(threading.local):
    """How requests of this thread are sent: for how long, and whether at all."""

    def __init__(self) -> None:
        self._check: Callable[[], None] | None = None
        self._timeout: float | None = None

    @contextmanager
    def override(self, check: Callable[[], None], timeout: float | None = None) -> Iterator[None]:
        """Start no attempt once `check` fails, and wait so many seconds for an answer."""
        before = self._check, self._timeout
        self._check, self._timeout = check, timeout
        try:
            yield
        finally:
            self._check, self._timeout = before

    @contextmanager
    def brief(self) -> Iterator[None]:
        """Start no attempt after a few seconds, and wait no longer for an answer."""
        deadline = time.monotonic() + _BRIEF_SECONDS

        def check() -> None:
            if time.monotonic() > deadline:
                message = "The service does not answer in time."
                raise TimeoutError(message)

        with self.override(check, _BRIEF_SECONDS):
            yield

    def apply(self, request: Any, event_name: str, **_: object) -> None:
        """Hold a request to them, before each attempt. Takes what the SDK's `before-send` gives."""
        if self._check:
            self._check()
        if self._timeout:
            request.context["read_timeout"] = self._timeout
        elif not event_name.endswith(_STORING):
            request.context["read_timeout"] = _ANSWER_SECONDS


class S3Connection:
    """The client, made at its first use, since finding role and region may take requests.

    Requests of a thread are held to the `limits` that are set in it.
    """

    def __init__(self, options: S3Options, credentials: Credentials) -> None:
        self._options = options
        self._endpoint = options.endpoint_url or credentials.aws_endpoint_url
        self._region = options.region or credentials.aws_region
        self._credentials = credentials
        self._lock = threading.Lock()
        self.limits = RequestLimits()
        api_models("s3")
        self._session: boto3.Session | None = None
        self._provisional: S3Client | None = None
        self._client: S3Client | None = None
        self._region_error: BotoCoreError | ClientError | OSError | None = None
        self._region_retry_at = 0.0

    def client(self) -> "S3Client":
        """Return the client; while the bucket does not tell its region, one of a likely region."""
        with self._lock:
            return self._client or self._find_client()

    def regional_client(self) -> "S3Client":
        """Return the client in the bucket's region. Raises why that is not known."""
        with self._lock:
            client = self._client or self._find_client()
            if self._region_error:
                raise self._region_error.with_traceback(None)
            return client

    def close(self) -> None:
        """Close its connections; it opens new ones if it is used again."""
        with self._lock:
            for client in (self._provisional, self._client):
                if client is not None:
                    client.close()

    def _find_client(self) -> "S3Client":
        if self._region:
            self._client = self._connect(self._region)
            return self._client
        if self._provisional is None:
            self._provisional = self._connect(self._likely_region())
        if time.monotonic() >= self._region_retry_at:
            self._find_region(self._provisional)
        return self._client or self._provisional

    def _find_region(self, client: "S3Client") -> None:
        likely = client.meta.region_name
        try:
            with self.limits.brief():
                region = _region_of(client, self._options.bucket) or likely
        except (BotoCoreError, ClientError, OSError) as exc:
            self._region_error = exc
            self._region_retry_at = time.monotonic() + _REGION_RETRY_SECONDS
        else:
            self._region_error = None
            self._client = client if region == likely else self._connect(region)

    def _likely_region(self) -> str:
        region = self._credentials.aws_ambient_region or self._open_session().region_name
        return region or ANY_REGION

    def _connect(self, region: str) -> "S3Client":
        client = _make_client(self._open_session(), region, self._endpoint, self._options)
        client.meta.events.register("before-send.s3", self.limits.apply)
        return client

    def _open_session(self) -> boto3.Session:
        if self._session is None:
            self._session = open_session(self._credentials.aws, "s3")
        return self._session


def _make_client(
    session: boto3.Session, region: str, endpoint: str | None, options: S3Options
) -> "S3Client":
    client = _styled_client(session, region, endpoint, options.addressing_style)
    if options.addressing_style != "auto" or not _AMAZON.search(client.meta.endpoint_url):
        return client
    # With auto the SDK signs links for a host of no region, which S3 answers with a redirect.
    client.close()
    style: AddressingStyle = "path" if "." in options.bucket else "virtual"
    return _styled_client(session, region, endpoint, style)


def _styled_client(
    session: boto3.Session, region: str, endpoint: str | None, style: AddressingStyle
) -> "S3Client":
    client = session.client(
        "s3",
        region_name=region,
        endpoint_url=endpoint,
        config=Config(
            signature_version="s3v4",
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_STORE_SECONDS,
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
            max_pool_connections=_KEPT_CONNECTIONS,
            s3={"addressing_style": style},
            # We give an MD5 with what we send, which every service knows, unlike the SDK's CRCs.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )
    client.meta.events.register("before-call.s3.DeleteObjects", _add_md5)
    return client


def _add_md5(params: dict[str, Any], **_: object) -> None:
    """Give DeleteObjects the MD5 that S3 asks for, and other services still do."""
    params["headers"]["Content-MD5"] = md5_of(params["body"])


def md5_of(content: bytes) -> str:
    """Return the value of a Content-MD5 header."""
    return b64encode(md5(content, usedforsecurity=False).digest()).decode()


def _region_of(client: "S3Client", bucket: str) -> str | None:
    """Return what the bucket says, None if it says nothing."""
    try:
        answer: Any = client.head_bucket(Bucket=bucket)
    except ClientError as exc:  # S3 says it even to whom it denies everything else
        answer = exc.response
        if answer["ResponseMetadata"]["HTTPStatusCode"] >= _SERVER_ERROR:
            raise
    region = answer["ResponseMetadata"].get("HTTPHeaders", {}).get("x-amz-bucket-region")
    return str(region) if region else None
