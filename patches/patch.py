"""What a patch is, and the parts of the program that patches work with."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from access.guard.answers import RunningAnswers
from access.guard.limits import UploadLimits, WaitingFiles
from access.guard.origins import Origins
from access.guard.requests import RequestLimits
from access.guard.session_files import SessionFiles
from access.guard.temporary import TemporaryChats
from access.guard.user_limits import UserLimits
from access.login.base import LoginMode
from chat.actions.answers import AnswerActions
from chat.actions.editing import Editing
from chat.live.elsewhere import AnswersElsewhere
from chat.live.running import LiveThreads
from chat.models.registry import Models
from chat.options import Options
from chat.turn.turn import Turns
from common.concurrency.tasks import TaskSet
from common.processes.ending import Ending
from datalayer.layer import KeepchatDataLayer
from datalayer.stores.base import Store
from routes.files.links import SignedLinks
from routes.health.lag import LoopLag
from routes.health.meters import Meters
from routes.health.metrics import Readers
from routes.health.readiness import Readiness
from storage.base import Storage


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the program consists of. `bootstrap.parts` opens it; app.py hangs it into Chainlit."""

    prefix: str
    """Chainlit's root path."""
    store: Store
    storage: Storage
    links: SignedLinks | None
    layer: KeepchatDataLayer
    login: LoginMode
    hsts_s: int
    """For how long browsers are told to come by HTTPS alone; 0 for not at all."""
    requests: RequestLimits
    origins: Origins
    user_limits: UserLimits
    limits: UploadLimits
    waiting_files: WaitingFiles
    session_files: SessionFiles
    temporary: TemporaryChats
    running: RunningAnswers
    live: LiveThreads
    elsewhere: AnswersElsewhere
    actions: AnswerActions
    editing: Editing
    sharing: bool
    models: Models
    turns: Turns
    options: Options
    readiness: Readiness
    meters: Meters
    metrics_readers: Readers
    lag: LoopLag
    background: TaskSet
    """What Chainlit stores in tasks that it does not wait for."""
    ending: Ending
    answers_s: float
    """How many seconds answers that are on their way have as the program ends."""


class Moment(Enum):
    """When a patch is applied. `chainlit run -w` loads the code again, and keeps the server."""

    START = "once, before the server takes its first request"
    LOAD = "at each load of the code"


@dataclass(frozen=True, slots=True)
class Patch:
    """One change of Chainlit, and what it closes or mends."""

    name: str
    why: str
    moment: Moment
    apply: Callable[[Parts], None]
