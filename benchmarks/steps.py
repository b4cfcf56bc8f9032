"""Steps as Chainlit sends them."""

import random
import uuid
from typing import Any, cast

from chainlit.step import StepDict
from chainlit.utils import utc_now

from benchmarks import words


def message(thread_id: str, text: str, **changes: Any) -> StepDict:
    """Return a message of the user that was just sent."""
    now = utc_now()
    step = {
        "id": str(uuid.uuid4()),
        "threadId": thread_id,
        "parentId": None,
        "createdAt": now,
        "command": None,
        "modes": None,
        "start": now,
        "end": now,
        "output": text,
        "name": "user",
        "type": "user_message",
        "language": None,
        "streaming": False,
        "isError": False,
        "waitForAnswer": False,
        "metadata": {"state": "done"},
        "tags": None,
    }
    return cast(StepDict, step | changes)


def messages(thread_ids: list[str], count: int, *, end: str = "") -> list[StepDict]:
    """Return messages, spread over threads; all texts differ and end alike."""
    rng = random.Random(f"{words.SEED}:{count}:{thread_ids[0]}")
    return [
        message(thread_ids[number % len(thread_ids)], f"{words.text(rng)} {number} {end}")
        for number in range(count)
    ]
