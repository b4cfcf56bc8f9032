"""What pages may choose from. A new conversation begins as its user prefers."""

import asyncio
import logging
from collections.abc import Mapping
from weakref import WeakKeyDictionary

import chainlit as cl
from chainlit.context import init_ws_context
from chainlit.session import WebsocketSession

from access.guard.pages import sessions_of, user_of
from chat.models.base import GenerationSettings
from chat.models.registry import Models
from chat.preferences import MODEL, chosen_of, prompts_of
from chat.wording.commands import send_commands
from chat.wording.language import Localized
from chat.wording.profiles import send_models
from chat.wording.settings_panel import send_panel
from common.concurrency.tasks import TaskSet
from common.failures import in_one_line
from datalayer.errors import StoreUnavailable, level_of
from datalayer.layer import KeepchatDataLayer
from datalayer.values import Json

logger = logging.getLogger(__name__)

READ_S = 3.0  # how long a conversation that begins waits for what its user prefers

UNREAD = Localized(
    en="Your preferences cannot be read at the moment. This conversation begins without them.",
    zh="目前无法读取您的偏好设置。此对话暂不应用它们。",
)


class Options:
    """Tells each page what it may choose, and begins new conversations."""

    def __init__(
        self, layer: KeepchatDataLayer, models: Models, generation: GenerationSettings
    ) -> None:
        self.models = models
        self.generation = generation
        self._layer = layer
        self._beginning: WeakKeyDictionary[object, asyncio.Event] = WeakKeyDictionary()
        self._tasks = TaskSet()

    @property
    def longest_answer(self) -> int:
        """How long an answer of any of the models may be at most, in tokens."""
        return max(self.models.of_profile(name).longest_answer for name in self.models.names)

    async def begin(self) -> None:
        """Begin a conversation in the session as its user prefers, and offer what there is."""
        session = cl.context.session
        done = self._beginning[session] = asyncio.Event()
        try:
            preferences = await self._preferences()
            if preferences is None:
                await _tell_unread()
            await send_commands(prompts_of(preferences or {}))
            session.chat_settings = chosen_of(preferences or {})
            model = (preferences or {}).get(MODEL)
            session.chat_profile = self.models.of_profile(str(model)).name
            await send_models(self.models)
            await send_panel(self.models, self.generation)
        finally:
            done.set()

    async def begun(self) -> None:
        """Wait until the session's conversation has begun: a question may be faster."""
        if done := self._beginning.get(cl.context.session):
            await done.wait()

    async def resume(self) -> None:
        """Offer what there is in a conversation that goes on with what was chosen for it."""
        await self._offer_commands()
        await send_models(self.models)
        await send_panel(self.models, self.generation)

    async def take_model(self, chosen: object) -> None:
        """Let a model answer from now on that a page has chosen; what is none changes nothing."""
        session = cl.context.session
        if not isinstance(chosen, str) or not self.models.find(chosen):
            return
        if self.models.of_profile(session.chat_profile).name != chosen:
            session.chat_profile = chosen
            await send_panel(self.models, self.generation)

    def tell(self, user: str) -> None:
        """Let a user's open pages know that they prefer otherwise now."""
        for session in sessions_of(user):
            self._tasks.start(self._tell(session))

    async def _tell(self, session: WebsocketSession) -> None:
        init_ws_context(session)
        if session.has_first_interaction:
            await self._offer_commands()
        else:
            await self.begin()

    async def _offer_commands(self) -> None:
        await send_commands(prompts_of(await self._preferences() or {}))

    async def _preferences(self) -> Mapping[str, Json] | None:
        """Return what the session's user prefers, None where that cannot be read in time."""
        session = cl.context.session
        return await self._read(user_of(session)) if isinstance(session, WebsocketSession) else {}

    async def _read(self, user: str) -> Mapping[str, Json] | None:
        try:
            async with asyncio.timeout(READ_S):
                return await self._layer.get_preferences(user)
        except (TimeoutError, StoreUnavailable) as exc:
            logger.log(level_of(exc), "No preferences are applied: %s", in_one_line(exc))
            return None


async def _tell_unread() -> None:
    await cl.context.emitter.send_window_message({"keepchatUnread": UNREAD.of_session()})
