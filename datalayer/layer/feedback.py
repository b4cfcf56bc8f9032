"""Feedback on steps."""

from functools import partial

from chainlit.types import Feedback

from datalayer import convert
from datalayer.layer.steps import Steps
from datalayer.records import Outcome
from datalayer.values import as_id
from datalayer.writes import DeleteFeedback, SaveFeedback


class Feedbacks(Steps):
    """What is called about feedback: on a step that it may have to find first."""

    async def upsert_feedback(self, feedback: Feedback) -> str:
        given = partial(
            SaveFeedback,
            step_id=feedback.forId,
            value=feedback.value,
            comment=feedback.comment,
            extra=convert.feedback_extra(feedback),
            revision=self._clock.next(),
        )
        thread_id = feedback.threadId or await self._thread_of_step(feedback.forId)
        write = given(thread_id=thread_id)
        result = await self._writing.store(write)
        self._homes.threads.note({result.id or write.id: write.thread_id})
        return result.id or write.id

    async def get_feedback_thread(self, feedback_id: str) -> str:
        """Return the id of the thread that a feedback is in; empty where there is none.

        While the database is away one counts that was seen.
        """
        known_id = as_id(feedback_id)
        if known_id is None:
            return ""
        read = partial(self._read_feedback_thread, known_id)
        return await self._homes.threads.read(known_id, read, is_away=self.is_away)

    async def _read_feedback_thread(self, feedback_id: str) -> str:
        step = await self._store.get_feedback_step(feedback_id)
        return step.thread_id if step else ""

    async def _thread_of_step(self, step_id: str) -> str:
        if thread_id := await self.get_step_thread(step_id, wait=True):
            return thread_id
        message = f"There is no step {step_id} to give feedback on; create_step has to come first."
        raise ValueError(message)

    async def delete_feedback(self, feedback_id: str) -> bool:
        if (known_id := as_id(feedback_id)) is None:
            return False
        revision = self._clock.next()
        thread_id = await self.get_feedback_thread(known_id) or None
        write = DeleteFeedback(id=known_id, thread_id=thread_id, revision=revision)
        result = await self._writing.store(write)
        return result.outcome in (Outcome.APPLIED, Outcome.REPEATED, Outcome.ACCEPTED)
