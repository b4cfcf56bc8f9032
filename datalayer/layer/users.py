"""Users, and what each of them wants always."""

from collections.abc import Mapping

from chainlit.user import PersistedUser, User

from datalayer import convert
from datalayer.errors import WriteRefused
from datalayer.layer.base import LayerBase
from datalayer.records import Outcome
from datalayer.values import Json
from datalayer.writes import SavePreferences, SaveUser, describe


class Users(LayerBase):
    """What is called about users."""

    async def get_user(self, identifier: str) -> PersistedUser | None:
        record = await self._users.get(identifier, is_away=self.is_away)
        return convert.persisted_user(record) if record else None

    async def create_user(self, user: User) -> PersistedUser | None:
        revision = self._clock.next_of(user.identifier)
        write = SaveUser(identifier=user.identifier, metadata=user.metadata, revision=revision)
        try:
            await self._writing.store(write)
        finally:
            self._users.forget(write.identifier)
        return await self.get_user(write.identifier)

    async def get_preferences(self, identifier: str) -> Mapping[str, Json]:
        """Return what a user wants always, empty for nobody.

        What was accepted here counts, also while the database is away; `StoreUnavailable` is raised
        where nothing is known then.
        """
        is_behind = self._writer.is_behind(identifier)
        if is_behind and not self._preferences.knows(identifier):
            await self._catch_up(identifier)
            is_behind = False
        return await self._preferences.get(identifier, is_away=is_behind or self.is_away)

    async def save_preferences(self, identifier: str, changed: Mapping[str, Json]) -> None:
        """Change what is named of a user's preferences, None removes; waits until it is durable.

        Raises `JournalUnusable` where it is not, `WriteRefused` where there is no such user.
        """
        revision = self._clock.next_of(identifier)
        write = SavePreferences(identifier=identifier, preferences=changed, revision=revision)
        result = await self._writing.store(write)
        if result.outcome in (Outcome.ABSENT, Outcome.GONE):
            message = f"{describe(write)}: {result.reason}."
            raise WriteRefused(message)
        self._preferences.note(identifier, write.preferences)
