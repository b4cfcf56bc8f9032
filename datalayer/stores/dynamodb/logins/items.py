"""Accounts, the sessions of a person and their endings, as items. Pure.

A person's sessions are in one item, so that all of them end by one write. What ended is numbered,
without a gap, in the order in which it was stored.
"""

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from datalayer.stores.accounts import Account, LoginSession
from datalayer.stores.dynamodb.format import keys
from datalayer.stores.dynamodb.format.items import Attributes, Put, body_of, nonce_of, put_of, text
from datalayer.stores.dynamodb.format.keys import Key
from datalayer.stores.dynamodb.sdk.errors import Item

ACCOUNTS, ENDINGS, DUE = "ACCOUNTS", "ENDINGS", "LOGINS"
"""The partitions of accounts and of endings, and where the index has whose sessions expire when."""
ACCOUNT, ENDING = "ACCOUNT#", "ENDING#"


def account_key(key: str) -> Key:
    return Key(ACCOUNTS, f"{ACCOUNT}{_digest(key)}")


def subject_key(subject: tuple[str, str]) -> Key:
    """Return the key of what says whose account a subject has."""
    return Key(ACCOUNTS, f"SUBJECT#{_digest(*subject)}")


def person_key(identifier: str) -> Key:
    """Return the key of a person's sessions."""
    return Key(f"LOGINS#{_digest(identifier)}", "LOGINS")


def ending_key(number: int) -> Key:
    return Key(ENDINGS, f"{ENDING}{number:016}")


def number_of_ending(key: Key) -> int:
    """Return the number of the ending that an item is, or is a part of."""
    return int(key.sk.split("#")[1])


def _digest(*names: str) -> str:
    # Names may be longer than a key, and hold anything.
    return hashlib.sha256(json.dumps(names).encode()).hexdigest()


def account_of(item: Item | None) -> Account | None:
    """Return the account that an item is."""
    if item is None:
        return None
    body = body_of(item)
    subject = body.pop("subject")
    return Account(**body, subject=tuple(subject) if subject else None)


def account_put(account: Account, old: Item | None) -> Put:
    return put_of(account_key(account.key), old, asdict(account))


def subject_put(subject: tuple[str, str], key: str) -> Put:
    return put_of(subject_key(subject), None, {"key": key})


def deleted(item: Item) -> Attributes:
    """Return the action of a transaction that deletes an item as it was read."""
    return {"Delete": {"Key": Key.of(item).attributes, **_as_read(item)}}


def unchanged(key: Key, item: Item | None) -> Attributes:
    """Return the action of a transaction that finds an item as it was read, None for nothing."""
    nothing = {"ConditionExpression": "attribute_not_exists(v)"}
    return {"ConditionCheck": {"Key": key.attributes, **(_as_read(item) if item else nothing)}}


def _as_read(item: Item) -> Attributes:
    seen = text(nonce_of(item) or "")
    return {"ConditionExpression": "v = :seen", "ExpressionAttributeValues": {":seen": seen}}


@dataclass(frozen=True, slots=True)
class Person:
    """The sessions of somebody that have not expired; of those that ended little is left."""

    key: Key
    item: Item | None = None
    sessions: Sequence[LoginSession] = ()
    ended: dict[str, str] = field(default_factory=dict)
    """When they would have expired, by the ids of those that ended."""

    @classmethod
    def of(cls, key: Key, item: Item | None) -> "Person":
        body: dict[str, Any] = body_of(item) if item else {"sessions": [], "ended": {}}
        sessions = [LoginSession(**each) for each in body["sessions"]]
        return cls(key, item, sessions, body["ended"])

    def knows(self, session_id: str) -> bool:
        """Tell whether a session began, be it ended or not."""
        return session_id in self.ended or any(it.id == session_id for it in self.sessions)

    def has_any(self, ids: Collection[str]) -> bool:
        """Tell whether one of these sessions has not ended."""
        return any(each.id in ids for each in self.sessions)

    def unchanged(self) -> Attributes:
        """Return the action of a transaction that finds them as they were read."""
        return unchanged(self.key, self.item)

    def begin(self, session: LoginSession) -> Put:
        """Return them with one more session, without those that had expired when it began."""
        left = self._unexpired(session.created_at)
        return left._put([*left.sessions, session], left.ended)

    def end(self, ids: Collection[str]) -> Put:
        """Return them without some of their sessions, which ended."""
        kept = [each for each in self.sessions if each.id not in ids]
        gone = {each.id: each.expires_at for each in self.sessions if each.id in ids}
        return self._put(kept, self.ended | gone)

    def forget(self, now: str) -> Put:
        """Return them without those that have expired."""
        left = self._unexpired(now)
        return left._put(left.sessions, left.ended)

    def _unexpired(self, now: str) -> "Person":
        sessions = [each for each in self.sessions if each.expires_at > now]
        ended = {name: expires for name, expires in self.ended.items() if expires > now}
        return Person(self.key, self.item, sessions, ended)

    def _put(self, sessions: Sequence[LoginSession], ended: dict[str, str]) -> Put:
        body = {"sessions": [asdict(each) for each in sessions], "ended": ended}
        expiries = [*(each.expires_at for each in sessions), *ended.values()]
        due = {"UserThreadPK": text(DUE)} if expiries else {}
        if expiries:
            due["UserThreadSK"] = text(keys.place(min(expiries), self.key.pk))
        return put_of(self.key, self.item, body, **due)


@dataclass(frozen=True, slots=True)
class Ending:
    """Sessions that ended together; nobody asks for them after `expires_at`."""

    number: int
    ids: Sequence[str]
    expires_at: str

    @classmethod
    def of(cls, item: Item) -> "Ending":
        return cls(number_of_ending(Key.of(item)), **body_of(item))

    def put(self) -> Put:
        body = {"ids": list(self.ids), "expires_at": self.expires_at}
        return put_of(ending_key(self.number), None, body)
