"""Accounts and sessions in SQL databases.

What ends sessions is alone while it does, so that later numbers of endings are never seen before
earlier ones: `ended` grows in the order of the commits.
"""

from collections.abc import Collection, Sequence
from functools import partial

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    delete,
    func,
    or_,
    select,
    union_all,
    update,
)

from datalayer.stores.accounts import Account, AccountStore, EndedSessions, LoginSession
from datalayer.stores.sql.database import Database, write_when_free
from datalayer.stores.sql.dialect import insert, lock_names
from datalayer.stores.sql.queries import Query, Row
from datalayer.stores.sql.tables import login_accounts, login_sessions
from datalayer.values import clean_text

_ENDINGS = "endings of sessions"  # the name that is locked

_ACCOUNTS = select(login_accounts)
_ACCOUNT = Query(_ACCOUNTS.where(login_accounts.c.key == bindparam("key")))
_OF_SUBJECT = (
    login_accounts.c.issuer == bindparam("issuer"),
    login_accounts.c.subject == bindparam("subject"),
)
_ACCOUNT_OF = Query(_ACCOUNTS.where(*_OF_SUBJECT))
_ALL_ACCOUNTS = Query(_ACCOUNTS)
_SESSIONS = Query(
    select(login_sessions).where(
        login_sessions.c.identifier == bindparam("identifier"),
        login_sessions.c.ended.is_(None),
        login_sessions.c.expiresAt > bindparam("now"),
    )
)
_ENDING = select(login_sessions.c.id, login_sessions.c.ended)
_ENDED = Query(
    union_all(
        _ENDING.where(login_sessions.c.ended > bindparam("number")),
        _ENDING.where(login_sessions.c.id == bindparam("last")),
    )
)
_LAST_ENDING = (
    select(func.max(login_sessions.c.ended))
    .where(login_sessions.c.ended.is_not(None))
    .scalar_subquery()
)


class SqlAccounts(AccountStore):
    """Keeps accounts and sessions in two tables."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # Accounts

    async def get_account(self, key: str) -> Account | None:
        rows = await self._database.fetch(_ACCOUNT, key=_asked(key))
        return _account(rows[0]) if rows else None

    async def get_account_of(self, subject: tuple[str, str]) -> Account | None:
        issuer, theirs = map(_asked, subject)
        rows = await self._database.fetch(_ACCOUNT_OF, issuer=issuer, subject=theirs)
        return _account(rows[0]) if rows else None

    async def list_accounts(self) -> list[Account]:
        rows = await self._database.fetch(_ALL_ACCOUNTS)
        # Here, since databases sort by their own alphabets.
        return sorted(map(_account, rows), key=lambda account: account.key)

    async def save_account(
        self, account: Account, *, replaces: Account | None, keeps: str | None = None
    ) -> bool:
        return await write_when_free(
            self._database, partial(_save_account, account=account, replaces=replaces, keeps=keeps)
        )

    async def delete_account(self, account: Account) -> bool:
        return await write_when_free(self._database, partial(_delete_account, account=account))

    # Sessions

    async def begin_session(self, session: LoginSession, account: Account | None) -> bool:
        return await write_when_free(
            self._database, partial(_begin, session=session, account=account)
        )

    async def list_sessions(self, identifier: str, *, now: str) -> list[LoginSession]:
        rows = await self._database.fetch(_SESSIONS, identifier=_asked(identifier), now=now)
        sessions = map(_session, rows)
        return sorted(sessions, key=lambda each: (each.created_at, each.id), reverse=True)

    async def end_sessions(self, identifier: str, ids: Sequence[str] | None = None) -> list[str]:
        these = _are_of({_asked(identifier)})
        if ids is not None:
            these &= login_sessions.c.id.in_([_asked(each) for each in ids])
        return await write_when_free(self._database, partial(_end, these=these))

    async def ended_sessions(self, cursor: str = "") -> EndedSessions:
        number, _, last = cursor.partition(" ")
        rows = await self._database.fetch(_ENDED, number=int(number or 0), last=last)
        endings = {f"{row['ended']} {row['id']}": row for row in rows}
        if cursor and endings.pop(cursor, None) is None:
            # The database is not what it was then: a backup, or a server that took over.
            return await self.ended_sessions()
        newest = max(endings, key=lambda ending: endings[ending]["ended"], default=cursor)
        return EndedSessions([row["id"] for row in endings.values()], newest)

    async def forget_expired(self, *, now: str) -> None:
        await write_when_free(self._database, partial(_forget, now=now))


def _save_account(
    connection: Connection, account: Account, replaces: Account | None, keeps: str | None
) -> bool:
    lock_names(connection, [_ENDINGS])
    if _stored(connection, _is_key(account)) != replaces or _is_taken(connection, account):
        return False
    row = _row(account)
    statement = insert(connection.dialect.name, login_accounts).values(row)
    connection.execute(statement.on_conflict_do_update(index_elements=["key"], set_=row))
    identifiers = {account.identifier, (replaces or account).identifier}
    _end(connection, _are_of(identifiers) & (login_sessions.c.id != (keeps or "")))
    return True


def _delete_account(connection: Connection, account: Account) -> bool:
    lock_names(connection, [_ENDINGS])
    if _stored(connection, _is_key(account)) != account:
        return False
    connection.execute(delete(login_accounts).where(_is_key(account)))
    _end(connection, _are_of({account.identifier}))
    return True


def _begin(connection: Connection, session: LoginSession, account: Account | None) -> bool:
    # Who changes the account waits until the session is there, and ends it; or this waits for them.
    if account and (
        account.status != "active"
        or _stored(connection, _is_key(account), with_lock=True) != account
    ):
        return False
    row = {
        "id": session.id,
        "identifier": session.identifier,
        "createdAt": session.created_at,
        "expiresAt": session.expires_at,
        "mode": session.mode,
        "client": session.client,
        "address": session.address,
    }
    statement = insert(connection.dialect.name, login_sessions).values(row)
    made = statement.on_conflict_do_nothing().returning(login_sessions.c.id)
    return connection.execute(made).first() is not None


def _end(connection: Connection, these: ColumnElement[bool]) -> list[str]:
    """End those of these sessions that have not; to lock the name again costs nothing."""
    lock_names(connection, [_ENDINGS])
    ended = (
        update(login_sessions)
        .where(these, login_sessions.c.ended.is_(None))
        .values(ended=func.coalesce(_LAST_ENDING, 0) + 1)
        .returning(login_sessions.c.id)
    )
    return list(connection.scalars(ended))


def _forget(connection: Connection, now: str) -> None:
    # The last ending stays, so that its number is never given again.
    lock_names(connection, [_ENDINGS])
    is_last = login_sessions.c.ended == _LAST_ENDING
    forgotten = and_(
        login_sessions.c.expiresAt <= now, or_(login_sessions.c.ended.is_(None), ~is_last)
    )
    connection.execute(delete(login_sessions).where(forgotten))


def _stored(
    connection: Connection, of: ColumnElement[bool], *, with_lock: bool = False
) -> Account | None:
    query: Select[tuple[str]] = _ACCOUNTS.where(of)
    if with_lock:
        query = query.with_for_update(read=True)
    row = connection.execute(query).mappings().first()
    return _account(row) if row else None


def _is_taken(connection: Connection, account: Account) -> bool:
    if account.subject is None:
        return False
    issuer, subject = account.subject
    of = and_(login_accounts.c.issuer == issuer, login_accounts.c.subject == subject)
    return _stored(connection, and_(of, ~_is_key(account))) is not None


def _is_key(account: Account) -> ColumnElement[bool]:
    return login_accounts.c.key == account.key


def _are_of(identifiers: Collection[str]) -> ColumnElement[bool]:
    return login_sessions.c.identifier.in_(identifiers)


def _asked(text: str) -> str:
    """Return what is looked for: nobody's name for what no database can hold."""
    return text if clean_text(text) == text else ""


def _row(account: Account) -> dict[str, str | None]:
    issuer, subject = account.subject or (None, None)
    return {
        "key": account.key,
        "identifier": account.identifier,
        "changedAt": account.changed_at,
        "status": account.status,
        "passwordHash": account.password_hash,
        "issuer": issuer,
        "subject": subject,
    }


def _account(row: Row) -> Account:
    return Account(
        key=row["key"],
        identifier=row["identifier"],
        changed_at=row["changedAt"],
        status=row["status"],
        password_hash=row["passwordHash"],
        subject=None if row["issuer"] is None else (row["issuer"], row["subject"]),
    )


def _session(row: Row) -> LoginSession:
    return LoginSession(
        id=row["id"],
        identifier=row["identifier"],
        created_at=row["createdAt"],
        expires_at=row["expiresAt"],
        mode=row["mode"],
        client=row["client"],
        address=row["address"],
    )
