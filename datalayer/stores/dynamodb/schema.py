"""Whose a table is: one item of it says that all others are of this version of the program."""

import logging
from contextlib import suppress
from datetime import tzinfo
from enum import Enum

from datalayer.errors import SchemaMismatch
from datalayer.reports import AdoptionReport
from datalayer.stores.dynamodb import table
from datalayer.stores.dynamodb.adoption import LoadTableAdopter
from datalayer.stores.dynamodb.format.items import new_nonce, number, number_of, text
from datalayer.stores.dynamodb.format.keys import Key
from datalayer.stores.dynamodb.requests import get
from datalayer.stores.dynamodb.sdk.client import Client
from datalayer.stores.dynamodb.sdk.errors import ConditionFailed, TableMissing

logger = logging.getLogger("keepchat.dynamodb")

VERSION = 3  # since then the index has threads in several places: 2 would find those of one alone
KEY = Key("KEEPCHAT", "SCHEMA")

_NEWER = (
    "The table {address} is of a newer version of Keepchat ({found}, this one knows {version}). "
    "Install that version again."
)
_BEHIND = (
    "The table {address} is not prepared for this version yet: run 'python manage.py migrate'."
)
_CHAINLITS = (
    "The table {address} is none of Keepchat's. Chainlit's own data layer has filled it, or its "
    "adoption was interrupted: make a backup, stop the old program and run 'python manage.py "
    "migrate --adopt', or set DATABASE_ADOPT=yes, to go on with it; or name another table."
)


class _Whose(Enum):
    OURS = "ours"
    OLDER = "an older version's"
    NOBODYS = "nobody's"
    CHAINLITS = "Chainlit's"


_BEFORE_OURS = (_Whose.NOBODYS, _Whose.OLDER)


class Schema:
    """Makes the table, says whose it is, and adopts what `load_adopter` knows.

    With `adopts` to migrate is to adopt. Every method raises `SchemaMismatch` where the store's
    does.
    """

    def __init__(
        self,
        client: Client,
        load_adopter: LoadTableAdopter | None = None,
        *,
        adopts: bool = False,
    ) -> None:
        self.client = client
        self._load_adopter = load_adopter
        self._adopts = adopts

    async def migrate(self) -> None:
        """Have a table that is there, can be used, and is ours."""
        await table.create(self.client)
        whose = await self._whose()
        if whose in _BEFORE_OURS:
            await self._make_ours()
        elif whose is _Whose.CHAINLITS:
            if not self._adopts:
                raise self._mismatch(_CHAINLITS)
            report = await self.adopt(None, dry_run=False)
            lines = "\n".join(report.lines() if report else ())
            logger.info("The table of Chainlit's layer is adopted. %s", lines)

    async def is_behind(self) -> bool:
        """Tell whether `migrate` would change anything."""
        if not await table.is_as_wanted(self.client):
            return True
        whose = await self._whose()
        if whose is _Whose.CHAINLITS:
            raise self._mismatch(_CHAINLITS)
        return whose in _BEFORE_OURS

    async def check(self) -> None:
        """Make sure that the table is ours."""
        whose = await self._whose()
        if whose is not _Whose.OURS:
            raise self._mismatch(_BEHIND if whose in _BEFORE_OURS else _CHAINLITS)

    async def adopt(self, zone: tzinfo | None, *, dry_run: bool) -> AdoptionReport | None:
        """Adopt what is in the table; None where nothing is, or it is ours."""
        if self._load_adopter is None or not await self._is_chainlits():
            return None
        report = await self._load_adopter().adopt(self.client, zone, dry_run=dry_run)
        if not dry_run:
            await self._make_ours()
        return report

    async def _is_chainlits(self) -> bool:
        with suppress(TableMissing):
            return await self._whose() is _Whose.CHAINLITS
        return False

    async def _whose(self) -> _Whose:
        if whose := await self._noted():
            return whose
        if await self._is_empty():
            return _Whose.NOBODYS
        # Somebody may have made it theirs, as we do, since we looked.
        return await self._noted() or _Whose.CHAINLITS

    async def _noted(self) -> _Whose | None:
        """Return which version has noted that the table is Keepchat's; None for none."""
        item = await get(self.client, KEY)
        if item is None:
            return None
        if (found := number_of(item, "version") or 0) > VERSION:
            address = self.client.address
            raise SchemaMismatch(_NEWER.format(address=address, found=found, version=VERSION))
        return _Whose.OURS if found == VERSION else _Whose.OLDER

    async def _is_empty(self) -> bool:
        answer = await self.client.call("Scan", Limit=1, ConsistentRead=True)
        return not answer["Items"]

    async def _make_ours(self) -> None:
        with suppress(ConditionFailed):  # somebody else was faster
            await self.client.call(
                "UpdateItem",
                Key=KEY.attributes,
                UpdateExpression="SET version = :version, v = :v",
                ConditionExpression="attribute_not_exists(version) OR version < :version",
                ExpressionAttributeValues={":version": number(VERSION), ":v": text(new_nonce())},
            )

    def _mismatch(self, message: str) -> SchemaMismatch:
        return SchemaMismatch(message.format(address=self.client.address))
