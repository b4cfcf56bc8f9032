"""One turn: the question is durable, the model is asked, its answer is shown and kept."""

import asyncio
import copy
import logging
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

import chainlit as cl

from chat.attachments.collect import Attachments
from chat.attachments.files import sent_with
from chat.attachments.notices import show_notices
from chat.live.exchanges import ERROR, Exchange, required
from chat.models.base import AnswerWithheld, EmptyAnswer, Ending, GenerationSettings, Model
from chat.models.registry import Models
from chat.turn.again import ask_again, below, forget, message_of, remove_from_page
from chat.turn.attempts import Attempt, next_attempt, refusals
from chat.turn.crowd import Crowd
from chat.turn.durability import until_kept, until_stored
from chat.turn.prompt import AnswerRequest, Prompt, Prompts
from chat.turn.reply import Reply
from chat.turn.titles import Titles
from chat.wording.commands import with_command
from chat.wording.faults import (
    AWAY,
    QuestionRefused,
    QuestionUnsaved,
    ThreadDeleted,
    fault_of,
    image_fault,
    is_defect,
)
from chat.wording.language import Localized
from chat.wording.sentences import (
    OPERATOR,
    Sentence,
    in_one_line,
    sentences_for,
)
from chat.wording.settings_panel import (
    generation_from,
    of_reader,
    personal_from,
    with_personal,
)
from chat.wording.unavailable import QUESTION
from common.concurrency.outages import Outage
from common.concurrency.tasks import TaskSet, to_its_end
from common.recorder import NO_RECORDER, Recorder
from datalayer.errors import DataLayerError, JournalUnusable, StepGone, WriteRefused
from datalayer.layer import KeepchatDataLayer
from datalayer.values import is_temporary

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Course:
    """One question on its way: what is asked, what is shown, and what was tried so far."""

    request: AnswerRequest
    reply: Reply
    attempt: Attempt
    prompt: Prompt | None = None
    notes: set[Localized[str]] = field(default_factory=set)
    """What was said of the question's files."""
    began: float = field(default_factory=time.monotonic)
    is_shown: bool = False
    """Whether something has arrived, be it a thought."""

    def next_attempt(self, exc: Exception) -> Attempt | None:
        """Return what to try after a failure; None where there is nothing more to try."""
        if self.prompt is None or self.reply.has_begun:
            return None
        return next_attempt(
            self.attempt,
            self.prompt.talk,
            fault_of(exc),
            images=image_fault(exc),
            again=self.prompt.follows_refusal,
        )

    def refusals(self, exc: Exception | None = None) -> Mapping[str, Sequence[str]]:
        """Return what is not sent again, where this ends well or with a failure."""
        was_answered = self.reply.has_begun or self.request.partial
        if exc is None or self.prompt is None or was_answered:
            return refusals(self.attempt)
        return refusals(self.attempt, self.prompt.talk, fault_of(exc))


class Turns:
    """Answers messages, each by the model and with the settings of its conversation."""

    def __init__(
        self,
        *,
        layer: KeepchatDataLayer,
        models: Models,
        generation: GenerationSettings,
        attachments: Attachments,
        titles: Titles | None = None,
        crowd: Crowd | None = None,
        users_are_operators: bool = False,
        recorder: Recorder = NO_RECORDER,
    ) -> None:
        """`users_are_operators`: whoever reads the page can mend the settings; else those can who
        are said to be operators.
        """
        self.models = models
        self.generation = generation
        self._layer = layer
        self._prompts = Prompts(layer, attachments)
        self._titles = titles
        self._crowd = crowd or Crowd()
        self._users_are_operators = users_are_operators
        self._recorder = recorder
        self._outages: dict[str, Outage] = {}  # by model
        self._tasks = TaskSet()
        self._is_closing = False
        self._kept: WeakKeyDictionary[object, tuple[str, dict[str, Any]]] = WeakKeyDictionary()

    async def close(self) -> None:
        """Cut short the answers that are on their way; what was shown of them is stored."""
        self._is_closing = True
        await self._tasks.cancel()
        if self._titles:
            await self._titles.close()

    def in_background(self, work: Coroutine[Any, Any, None]) -> None:
        """Do what nobody waits for; it ends with the program."""
        self._tasks.start(work)

    async def answer(self, question: cl.Message) -> None:
        """Answer a message in its thread; whatever goes wrong is said in the page."""
        request = self._request(question)
        await self._answer(request, Reply(self._layer, request.model.name))

    async def again(self, exchange: Exchange) -> None:
        """Answer a question of the open thread once more; its former answer is kept, and hidden.

        `exchange` is the last of the thread. Ends, without an error, when Stop cancels the task
        that this runs in. Raises `ValueError` without a question.
        """
        await ask_again(self._layer, exchange)

    async def go_on(self, exchange: Exchange) -> None:
        """Let the model go on with an answer of the open thread, in the same message.

        `exchange` is the last of the thread. Where nothing new comes the answer stays as it is.
        Ends, without an error, when Stop cancels the task that this runs in. Raises `ValueError`
        without a question and an answer.
        """
        question = message_of(required(exchange.question))
        former = message_of(required(exchange.answer))
        request = self._request(question, former.content)
        await self._forget(exchange.failures)
        with below(former.parent_id), suppress(asyncio.CancelledError):
            await self._answer(request, Reply(self._layer, request.model.name, former))

    async def _forget(self, failures: Sequence[str]) -> None:
        """Delete what was said of an answer that failed, since that is gone on with."""
        await remove_from_page(failures)
        forget(failures)
        for step_id in failures:
            self.in_background(self._layer.delete_step(step_id))

    async def _answer(self, request: AnswerRequest, reply: Reply) -> None:
        self._let_stop()
        question = request.question
        course = Course(request, reply, Attempt(sees_images=request.model.sees_images))
        try:
            with self._crowd.answer() as arrived:
                async with reply.checkpointing():
                    prompt = await self._stream_in_attempts(course, arrived)
                await reply.finish("done", course.refusals())
            self.outage_of(request.model).over("answers")
            if self._titles and prompt.is_first and not is_temporary(question.thread_id):
                self._titles.begin(request.model, question, reply.text)
        except asyncio.CancelledError:
            # A second Stop must not keep what was shown from being stored.
            await to_its_end(reply.finish("interrupted" if self._is_closing else "stopped"))
            raise
        except Exception as exc:  # every failure is said in the page, and the chat goes on
            sentences = sentences_for(exc, request.model.variables)
            self._recorder.error(fault_of(exc).name.lower())
            if fault_of(exc) in AWAY:
                self.outage_of(request.model).note("answers", str(sentences.operator))
            logger.warning(
                "No whole answer in thread %s: %s Cause: %s",
                question.thread_id,
                sentences.operator,
                in_one_line(exc),
                exc_info=exc if is_defect(exc) else None,
                extra={"kind": fault_of(exc).name.lower()},
            )
            await reply.finish("interrupted", course.refusals())
            await self._explain(sentences, course.refusals(exc))
        finally:
            reply.tell(self._recorder)
            self.in_background(self._keep_chosen(question.thread_id))

    def outage_of(self, model: Model) -> Outage:
        """Return what tells once that the server of a model is away."""
        return self._outages.setdefault(model.name, Outage(f"The server of the model {model.name}"))

    async def _explain(self, sentence: Sentence, refused: Mapping[str, Sequence[str]]) -> None:
        """Say in the page what went wrong; what was refused is noted with it."""
        said = sentence.operator if self._asks_operator() else sentence.user
        message = cl.ErrorMessage(content=said.of_session())
        message.metadata = {"state": ERROR, **refused}
        await message.send()

    def _asks_operator(self) -> bool:
        user = cl.context.session.user
        return self._users_are_operators or bool(user and user.metadata.get(OPERATOR))

    def _let_stop(self) -> None:
        """Let Stop, and the end of the program, end this task.

        Chainlit does the first for a new question, but not for an edited one.
        """
        if task := asyncio.current_task():
            cl.context.session.current_task = task
            self._tasks.add(task)

    def _request(self, question: cl.Message, partial: str = "") -> AnswerRequest:
        session = cl.context.session
        chosen = session.chat_settings
        generation = generation_from(chosen, of_reader(self.generation))
        generation = with_personal(generation, personal_from(chosen))
        return AnswerRequest(
            question=question,
            model=self.models.of_profile(session.chat_profile),
            generation=with_command(generation, question.command),
            partial=partial,
        )

    async def _stream_in_attempts(self, course: Course, arrived: Callable[[], None]) -> Prompt:
        """Stream the answer; what the server refuses is left out, and it is asked again."""
        while True:
            try:
                return await self._stream(course, arrived)
            except Exception as exc:
                following = course.next_attempt(exc)
                if following is None:
                    raise
                logger.info("Asked again without what was refused: %s", in_one_line(exc))
                if course.attempt.sees_images and not following.sees_images:
                    course.request.model.learn_blind()
                course.attempt = following

    async def _stream(self, course: Course, arrived: Callable[[], None]) -> Prompt:
        """Stream the answer while the question is being stored."""
        durable = asyncio.create_task(self._until_durable(course.request.question))
        try:
            prompt = course.prompt = await self._prompts.build(course.request, course.attempt)
            await show_notices([note for note in prompt.notes if note not in course.notes])
            course.notes.update(prompt.notes)
            await self._show(course, prompt, durable, arrived)
            await durable
        finally:
            durable.cancel()
        if not course.reply.has_begun and not course.reply.has_nothing_to_add:
            raise AnswerWithheld if course.reply.is_withheld else EmptyAnswer
        return prompt

    async def _show(
        self,
        course: Course,
        prompt: Prompt,
        durable: asyncio.Task[None],
        arrived: Callable[[], None],
    ) -> None:
        """Show the answer from the moment when the question is durable.

        What arrives while the page is let wait comes as one batch.
        """
        stream = course.request.model.stream(prompt.messages, course.request.generation)
        async with aclosing(stream) as batches:
            async for batch in batches:
                await durable
                if await course.reply.show(batch):
                    self._note_arrival(course)
                    arrived()
                if not isinstance(batch[-1], Ending):
                    await self._crowd.pause()

    def _note_arrival(self, course: Course) -> None:
        if not course.is_shown:
            course.is_shown = True
            self._recorder.first_token(course.request.model.name, time.monotonic() - course.began)

    async def _until_durable(self, question: cl.Message) -> None:
        """Wait until the question is stored, with its files.

        Raises `ThreadDeleted` when its thread is no more, `QuestionRefused` when its id is taken,
        `QuestionUnsaved` when it can be kept nowhere.
        When the database is away too long, the person is told and the answer shown all the same.
        """
        name = f"The question in thread {question.thread_id}"
        await until_stored(self._stored(question), name, QUESTION)
        files = self._layer.flush_files(question.thread_id, sent_with(question))
        await until_kept(files, question.thread_id)
        # Whoever opens it from now on goes on with the same model.
        self.in_background(self._keep_chosen_when_idle(question.thread_id))

    async def _stored(self, question: cl.Message) -> None:
        try:
            await self._layer.flush(question.thread_id, question.id)
        except WriteRefused as exc:
            home = await self._layer.get_step_thread(question.id)
            if home not in ("", question.thread_id):
                raise QuestionRefused(question.id) from exc
            raise
        except JournalUnusable as exc:
            raise QuestionUnsaved(question.id) from exc
        except StepGone as exc:
            if not await self._layer.get_thread_author(question.thread_id):
                raise ThreadDeleted(question.thread_id) from exc

    async def _keep_chosen_when_idle(self, thread_id: str) -> None:
        await self._crowd.until_idle()
        await self._keep_chosen(thread_id)

    async def _keep_chosen(self, thread_id: str) -> None:
        """Store what was chosen for the conversation; Chainlit does when the page is left."""
        session = cl.context.session
        chosen = {"chat_profile": session.chat_profile, "chat_settings": session.chat_settings}
        if self._kept.get(session) == (thread_id, chosen):
            return
        try:
            await self._layer.update_thread(thread_id, metadata=chosen)
        except DataLayerError as exc:
            logger.error(  # noqa: TRY400 - in one line
                "Profile and settings of thread %s are not stored: %s", thread_id, in_one_line(exc)
            )
        else:
            self._kept[session] = thread_id, copy.deepcopy(chosen)
