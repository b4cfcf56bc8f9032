"""The SDK's client for one bucket. Everything here blocks and runs in worker threads."""

import os
import re
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from hashlib import md5
from typing import TYPE_CHECKING, Any

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.loaders import Loader
from botocore.session import Session

from storage.credentials import Credentials
from storage.s3.options import Options, Style

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

THREADS = 16
_CONNECTIONS = 64  # that are kept; each download has one of its own
_CONNECT_SECONDS = 3
_ANSWER_SECONDS = 10  # without a byte from the service
_STORE_SECONDS = 30  # the same, where it may have much to do before it answers
_STORING = ("PutObject", "UploadPart", "CompleteMultipartUpload")
_BRIEF_SECONDS = 3  # the same, and for all attempts together, where somebody waits for the end
_ATTEMPTS = 3
_DOUBT_SECONDS = 10  # until a bucket that did not answer is asked again for its region
_SERVER_ERROR = 500
_MAIN_REGION = "us-east-1"
_AMAZON = re.compile(r"\.amazonaws\.com(\.cn)?/?$")
_NOTHING_OF_THE_USER: dict[str, Any] = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}


class Terms(threading.local):
    """How requests of this thread are sent: for how long, and whether at all."""

    def __init__(self) -> None:
        self._check: Callable[[], None] | None = None
        self._seconds: float | None = None

    @contextmanager
    def set(self, check: Callable[[], None], seconds: float | None = None) -> Iterator[None]:
        """Start no attempt once `check` fails, and wait so long for an answer."""
        before = self._check, self._seconds
        self._check, self._seconds = check, seconds
        try:
            yield
        finally:
            self._check, self._seconds = before

    @contextmanager
    def brief(self) -> Iterator[None]:
        """Start no attempt after a few seconds, and wait no longer for an answer."""
        until = time.monotonic() + _BRIEF_SECONDS

        def check() -> None:
            if time.monotonic() > until:
                message = "The service does not answer in time."
                raise TimeoutError(message)

        with self.set(check, _BRIEF_SECONDS):
            yield

    def apply(self, request: Any, event_name: str, **_: object) -> None:
        """Hold a request to them, before each attempt. Takes what the SDK's `before-send` gives."""
        if self._check:
            self._check()
        if self._seconds:
            request.context["read_timeout"] = self._seconds
        elif not event_name.endswith(_STORING):
            request.context["read_timeout"] = _ANSWER_SECONDS


class Connection:
    """The client, made at its first use, since finding role and region may take requests.

    What `terms` are set in a thread its requests are held to.
    """

    def __init__(self, options: Options, credentials: Credentials) -> None:
        self._options = options
        self._endpoint = options.endpoint_url or credentials.aws_endpoint_url
        self._region = options.region or credentials.aws_region
        self._credentials = credentials
        self._making = threading.Lock()
        self.terms = Terms()
        _models()
        self._session: boto3.Session | None = None
        self._asking: S3Client | None = None
        self._client: S3Client | None = None
        self._doubt: BotoCoreError | ClientError | OSError | None = None
        self._ask_again = 0.0

    def client(self) -> "S3Client":
        """Return the client; while the bucket does not tell its region, one of a likely region."""
        with self._making:
            return self._client or self._find()

    def certain_client(self) -> "S3Client":
        """Return the client in the bucket's region. Raises why that is not known."""
        with self._making:
            found = self._client or self._find()
            if self._doubt:
                raise self._doubt.with_traceback(None)
            return found

    def close(self) -> None:
        """Close its connections; it opens new ones if it is used again."""
        with self._making:
            for client in (self._asking, self._client):
                if client is not None:
                    client.close()

    def _find(self) -> "S3Client":
        if self._region:
            self._client = self._connect(self._region)
            return self._client
        if self._asking is None:
            self._asking = self._connect(self._likely_region())
        if time.monotonic() >= self._ask_again:
            self._ask(self._asking)
        return self._client or self._asking

    def _ask(self, client: "S3Client") -> None:
        likely = client.meta.region_name
        try:
            with self.terms.brief():
                region = _region_of(client, self._options.bucket) or likely
        except (BotoCoreError, ClientError, OSError) as exc:
            self._doubt = exc
            self._ask_again = time.monotonic() + _DOUBT_SECONDS
        else:
            self._doubt = None
            self._client = client if region == likely else self._connect(region)

    def _likely_region(self) -> str:
        found = self._credentials.aws_ambient_region or self._opened().region_name
        return found or _MAIN_REGION

    def _connect(self, region: str) -> "S3Client":
        client = _styled(self._opened(), region, self._endpoint, self._options)
        client.meta.events.register("before-send.s3", self.terms.apply)
        return client

    def _opened(self) -> boto3.Session:
        if self._session is None:
            self._session = _session(self._credentials)
        return self._session


@cache
def _models() -> Loader:
    """Return what the SDK knows of S3, read once, before there is work that would wait for it.

    Making the first client takes a fifth of a second, in which no other thread gets on.
    """
    session = Session(session_vars=_NOTHING_OF_THE_USER)
    config = Config(signature_version=UNSIGNED)
    session.create_client("s3", region_name=_MAIN_REGION, config=config).close()
    loader: Loader = session.get_component("data_loader")
    return loader


def _session(credentials: Credentials) -> boto3.Session:
    has_keys = credentials.aws_access_key_id is not None
    # Keys that are given need no profile, and so none that AWS_PROFILE names and nobody has.
    models = Session(session_vars={"profile": _NOTHING_OF_THE_USER["profile"]} if has_keys else {})
    models.register_component("data_loader", _models())
    return boto3.Session(
        botocore_session=models,
        aws_access_key_id=credentials.aws_access_key_id,
        aws_secret_access_key=credentials.aws_secret_access_key,
        aws_session_token=credentials.aws_session_token,
        profile_name=None if has_keys else credentials.aws_profile,
    )


def _styled(
    session: boto3.Session, region: str, endpoint: str | None, options: Options
) -> "S3Client":
    client = _client(session, region, endpoint, options.addressing_style)
    if options.addressing_style != "auto" or not _AMAZON.search(client.meta.endpoint_url):
        return client
    # With auto the SDK signs links for a host of no region, which S3 answers with a redirect.
    client.close()
    style: Style = "path" if "." in options.bucket else "virtual"
    return _client(session, region, endpoint, style)


def _client(session: boto3.Session, region: str, endpoint: str | None, style: Style) -> "S3Client":
    client = session.client(
        "s3",
        region_name=region,
        endpoint_url=endpoint,
        config=Config(
            signature_version="s3v4",
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_STORE_SECONDS,
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
            max_pool_connections=_CONNECTIONS,
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
