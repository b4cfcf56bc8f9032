"""What a store is told beside its URL."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from common.aws import AwsAccess
from common.recorder import NO_RECORDER, Recorder


@dataclass(frozen=True, slots=True)
class StoreOptions:
    """Options that no URL has; a store leaves out what does not concern it.

    `password_from` names a function for passwords that expire, `package.module:function`. With
    `migrates` a server is migrated before its first use. With `adopts` to migrate tables of
    Chainlit's own layer is to adopt them; `load_adopter` gives what can do that in the store's
    kind of database (`adoption.py` of its room). `aws` says who we are to Amazon. With `names_only`
    a search in DynamoDB looks at the names of threads alone. `recorder` is told what happens that
    the store alone knows.
    """

    password_from: str = ""
    migrates: bool = False
    adopts: bool = False
    load_adopter: Callable[[], Any] | None = None
    names_only: bool = False
    aws: AwsAccess = field(default_factory=AwsAccess)
    recorder: Recorder = NO_RECORDER


NO_OPTIONS = StoreOptions()
