"""The accounts and sessions of a table: each change is one transaction on what was read.

To read an account takes 1 read unit, and so does a poll where little has ended. A login takes 2
read and 4 write units, a logout the same, while somebody's sessions deflate to 1 KB.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Sequence
from functools import partial
from itertools import takewhile
from typing import Any, TypeVar

from common.concurrency.retry import RetryPolicy
from datalayer.errors import StoreHeldUp
from datalayer.stores.accounts import Account, AccountStore, EndedSessions, LoginSession
from datalayer.stores.dynamodb.format import keys
from datalayer.stores.dynamodb.format.items import Attributes, Put, body_of, text
from datalayer.stores.dynamodb.format.keys import Key
from datalayer.stores.dynamodb.logins.items import (
    ACCOUNT,
    ACCOUNTS,
    DUE,
    ENDING,
    ENDINGS,
    Ending,
    Person,
    account_key,
    account_of,
    account_put,
    deleted,
    ending_key,
    number_of_ending,
    person_key,
    subject_key,
    subject_put,
    unchanged,
)
from datalayer.stores.dynamodb.requests import (
    Items,
    delete_many,
    get,
    get_many,
    indexed,
    made_whole,
    pages,
    put,
    transact,
)
from datalayer.stores.dynamodb.sdk.client import Client
from datalayer.stores.dynamodb.sdk.errors import ConditionFailed, Item, TransactionCancelled

T = TypeVar("T")

_AGAIN = RetryPolicy(first_pause_s=0.01, longest_pause_s=0.5, limit_s=10.0, jitter=0.5)
_CONFLICTS = (ConditionFailed, TransactionCancelled)


class DynamoAccounts(AccountStore):
    """Keeps accounts and sessions in the table that has the conversations."""

    def __init__(self, client: Client) -> None:
        self._client = client

    # Accounts

    async def get_account(self, key: str) -> Account | None:
        return account_of(await get(self._client, account_key(key)))

    async def get_account_of(self, subject: tuple[str, str]) -> Account | None:
        claim = await get(self._client, subject_key(subject))
        account = await self.get_account(body_of(claim)["key"]) if claim else None
        return account if account and account.subject == subject else None

    async def list_accounts(self) -> list[Account]:
        found = [item async for page in self._pages(ACCOUNTS, ACCOUNT) for item in page.values()]
        accounts = [account for item in found if (account := account_of(item))]
        return sorted(accounts, key=lambda account: account.key)

    async def save_account(
        self, account: Account, *, replaces: Account | None, keeps: str | None = None
    ) -> bool:
        return await _until_made(partial(self._save_account, account, replaces, keeps))

    async def _save_account(
        self, account: Account, replaces: Account | None, keeps: str | None
    ) -> bool:
        before = replaces or account
        subjects = {subject_key(it.subject) for it in (account, before) if it.subject}
        people = {person_key(it.identifier) for it in (account, before)}
        there = account_key(account.key)
        found = await get_many(self._client, [there, *subjects, *people])
        if account_of(found.get(there)) != replaces or _is_taken(found, account):
            return False
        puts, actions = [account_put(account, found.get(there))], _given_up(found, account, before)
        if account.subject and subject_key(account.subject) not in found:
            puts.append(subject_put(account.subject, account.key))
        await self._end_with(_people(found, people), puts, actions, keeps=keeps)
        return True

    async def delete_account(self, account: Account) -> bool:
        return await _until_made(partial(self._delete_account, account))

    async def _delete_account(self, account: Account) -> bool:
        there, person = account_key(account.key), person_key(account.identifier)
        subjects = [subject_key(account.subject)] if account.subject else []
        found = await get_many(self._client, [there, person, *subjects])
        if account_of(found.get(there)) != account:
            return False
        actions = [deleted(found[key]) for key in (there, *subjects) if key in found]
        await self._end_with(_people(found, [person]), [], actions)
        return True

    # Sessions

    async def begin_session(self, session: LoginSession, account: Account | None) -> bool:
        if account and account.status != "active":
            return False
        return await _until_made(partial(self._begin_session, session, account))

    async def _begin_session(self, session: LoginSession, account: Account | None) -> bool:
        key = person_key(session.identifier)
        there = [account_key(account.key)] if account else []
        found = await get_many(self._client, [key, *there])
        person = Person.of(key, found.get(key))
        if person.knows(session.id):
            return False
        if account and account_of(found.get(there[0])) != account:
            return False
        actions = [unchanged(each, found.get(each)) for each in there]
        await transact(self._client, [person.begin(session)], *actions)
        return True

    async def list_sessions(self, identifier: str, *, now: str) -> list[LoginSession]:
        sessions = (await self._person(identifier)).sessions
        left = [each for each in sessions if each.expires_at > now]
        return sorted(left, key=lambda each: (each.created_at, each.id), reverse=True)

    async def end_sessions(self, identifier: str, ids: Sequence[str] | None = None) -> list[str]:
        return await _until_made(partial(self._end_sessions, identifier, ids))

    async def _end_sessions(self, identifier: str, ids: Sequence[str] | None) -> list[str]:
        person = await self._person(identifier)
        return await self._end_with([person], [], [], ids=ids)

    async def _person(self, identifier: str) -> Person:
        key = person_key(identifier)
        return Person.of(key, await get(self._client, key))

    async def _end_with(
        self,
        people: Sequence[Person],
        puts: Sequence[Put],
        actions: Sequence[Attributes],
        *,
        ids: Collection[str] | None = None,
        keeps: str | None = None,
    ) -> list[str]:
        """Do other things and end sessions of people, all or nothing, and return which."""
        ended = [
            session
            for person in people
            for session in person.sessions
            if session.id != keeps and (ids is None or session.id in ids)
        ]
        gone = {session.id for session in ended}
        changed = [it.end(gone) for it in people if it.has_any(gone)]
        # Nobody signs in meanwhile, unseen by this.
        checks = [it.unchanged() for it in people if not it.has_any(gone)]
        if ended:
            expires_at = max(session.expires_at for session in ended)
            number = await self._last_ending() + 1
            changed.append(Ending(number, sorted(gone), expires_at).put())
        if changed or puts or actions:
            await transact(self._client, [*puts, *changed], *actions, *checks)
        return sorted(gone)

    # Those that ended

    async def ended_sessions(self, cursor: str = "") -> EndedSessions:
        last = int(cursor or 0)
        more: dict[str, Any] = {
            "KeyConditionExpression": "PK = :pk AND SK > :last",
            # What is a part of the last one sorts after it, and before the next.
            "ExpressionAttributeValues": {
                ":pk": text(ENDINGS),
                ":last": text(ending_key(last).sk + "$"),
            },
        }
        found = [it async for page in self._pages(ENDINGS, **more) for it in page.values()]
        endings = [Ending.of(item) for item in found]
        ids = [name for ending in endings for name in ending.ids]
        return EndedSessions(ids, str(_seen_up_to(last, [it.number for it in endings])))

    async def _last_ending(self) -> int:
        async for page in pages(self._client, ENDINGS, ENDING, ScanIndexForward=False, Limit=1):
            for item in page:
                return number_of_ending(Key.of(item))
        return 0

    async def forget_expired(self, *, now: str) -> None:
        await self._forget_endings(now)
        place = {
            "KeyConditionExpression": "UserThreadPK = :pk AND UserThreadSK < :due",
            "ExpressionAttributeValues": {":pk": text(DUE), ":due": text(keys.place(now, "~"))},
        }
        async for page in indexed(self._client, DUE, **place):
            for entry in page:
                await _until_made(partial(self._forget_sessions, Key.of(entry), now))

    async def _forget_sessions(self, key: Key, now: str) -> None:
        item = await get(self._client, key)
        if item is not None:
            await put(self._client, Person.of(key, item).forget(now))

    async def _forget_endings(self, now: str) -> None:
        """Delete the first endings, but the last of all: the others stay without a gap."""
        found = [item async for page in pages(self._client, ENDINGS, ENDING) for item in page]
        endings = [Ending.of(item) for item in (await self._whole(found)).values()]
        over = {it.number for it in takewhile(lambda it: it.expires_at <= now, endings[:-1])}
        of_them = [key for key in map(Key.of, found) if number_of_ending(key) in over]
        await delete_many(self._client, of_them)

    async def _pages(self, pk: str, prefix: str = "", **more: Any) -> AsyncIterator[Items]:
        """Iterate over the items of a partition, their bodies whole."""
        async for page in pages(self._client, pk, prefix, **more):
            yield await self._whole(page)

    async def _whole(self, page: Sequence[Item]) -> Items:
        found = {Key.of(item): item for item in page}
        items = {key: item for key, item in found.items() if not keys.is_part(key)}
        return await made_whole(self._client, items, found)


def _is_taken(found: Items, account: Account) -> bool:
    claim = found.get(subject_key(account.subject)) if account.subject else None
    return claim is not None and body_of(claim)["key"] != account.key


def _given_up(found: Items, account: Account, before: Account) -> list[Attributes]:
    if before.subject is None or before.subject == account.subject:
        return []
    claim = found.get(subject_key(before.subject))
    return [deleted(claim)] if claim else []


def _people(found: Items, people: Iterable[Key]) -> list[Person]:
    return [Person.of(key, found.get(key)) for key in people]


def _seen_up_to(last: int, numbers: Sequence[int]) -> int:
    """Return the number up to which nothing is missing: one that is may be on its way."""
    for number in numbers:
        if last and number != last + 1:
            break
        last = number
    return last


async def _until_made(attempt: Callable[[], Awaitable[T]]) -> T:
    """Return what an attempt returns that nobody else was faster than. Raises `StoreHeldUp`."""
    try:
        return await _AGAIN.call(attempt, passes=_was_slower)
    except _CONFLICTS:
        message = "Others change the same account or sessions all the time; try again later."
        raise StoreHeldUp(message) from None


def _was_slower(error: BaseException) -> bool:
    return isinstance(error, _CONFLICTS)
