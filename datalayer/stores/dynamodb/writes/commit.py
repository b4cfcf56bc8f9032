"""Makes a plan: users first, then threads side by side, each in an order that a crash may end."""

import time
from collections import defaultdict
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from datalayer.stores.dynamodb.format import keys
from datalayer.stores.dynamodb.format.items import (
    Attributes,
    Claim,
    Head,
    Put,
    gone_of,
    number,
    text,
)
from datalayer.stores.dynamodb.format.keys import Key, Placement
from datalayer.stores.dynamodb.placements import hint
from datalayer.stores.dynamodb.recent import Recent
from datalayer.stores.dynamodb.requests import delete_many, put, together, transact, write
from datalayer.stores.dynamodb.sdk.client import Client, Operation
from datalayer.stores.dynamodb.sdk.errors import ConditionFailed, TransactionCancelled
from datalayer.stores.dynamodb.writes import deletes, heads
from datalayer.stores.dynamodb.writes.plan import FeedbackPlan, Plan, Star, ThreadPlan

_TOGETHER = 49  # of each sort in a transaction, which has at most 100
_STIR_AFTER_S = 30.0  # a head is taken for quiet after far longer


class Conflict(Exception):
    """Somebody else was faster; `made` tells whether something was changed before."""

    def __init__(self, *, made: bool) -> None:
        super().__init__("Somebody else was faster.")
        self.made = made


class Commit:
    """One attempt to make what is planned; `moment` is the time of its marks."""

    def __init__(self, client: Client, recent: Recent, moment: str) -> None:
        self.client = client
        self.recent = recent
        self.moment = moment

    async def make(self, plan: Plan) -> dict[str, bool]:
        """Make it all; return the ids of threads in conflict, and whether some of each was made.

        Raises `Conflict` where it is about users: then no thread is committed.
        """
        await self._put_users(plan.users)
        for user in plan.dropped_users:
            known = self.recent.listed.of(user.id)
            await deletes.drop_threads(self.client, user, self.moment, known)
        threads = [_ThreadCommit(self, thread) for thread in plan.threads]
        await together(map(_make_in_turn, _by_owner(threads)))
        await together(thread.change() for thread in threads)
        await delete_many(self.client, map(keys.removal, plan.forgotten))
        return {thread.plan.id: thread.made for thread in threads if thread.is_kept_back}

    async def _put_users(self, users: Sequence[Put]) -> None:
        made = []

        async def put_user(user: Put) -> None:
            await put(self.client, user)
            made.append(user)

        try:
            await together(map(put_user, users))
        except ConditionFailed as failed:
            raise Conflict(made=failed.was_repeated or bool(made)) from None


def _by_owner(threads: Iterable["_ThreadCommit"]) -> Iterable[list["_ThreadCommit"]]:
    groups: dict[str, list[_ThreadCommit]] = defaultdict(list)
    for thread in threads:
        groups[thread.plan.user_id or thread.plan.id].append(thread)
    return groups.values()


async def _make_in_turn(threads: Iterable["_ThreadCommit"]) -> None:
    """Make the threads of a user that are new: transactions that meet at one item would fail."""
    for thread in threads:
        await thread.make()


class _ThreadCommit:
    """What is planned in one thread. A conflict keeps back all that comes after it."""

    def __init__(self, commit: Commit, plan: ThreadPlan) -> None:
        self.plan = plan
        self.made = False
        """Whether something was changed, as far as we know."""
        self.is_kept_back = False
        self._is_recorded = False  # what is planned of files
        self._commit = commit
        self._client = commit.client
        self._rows = plan.rows  # that are still to be put
        self._seen = plan.head.nonce if plan.head else ""  # the head's nonce, as far as we know
        self._stirred_at = time.monotonic()  # no head that we saw has been the same for longer

    async def make(self) -> None:
        """Make the thread, if it is new."""
        if self.plan.made:
            await self._unless_in_conflict(self._make(self.plan.made))

    async def change(self) -> None:
        """Do all that is left to do."""
        if not self.is_kept_back:
            await self._unless_in_conflict(self._change())

    async def _unless_in_conflict(self, work: Awaitable[None]) -> None:
        try:
            await work
        except (ConditionFailed, TransactionCancelled) as failed:
            self.is_kept_back = True
            self.made = self.made or failed.was_repeated

    async def _change(self) -> None:
        if self.plan.tombstone is None:
            if self.plan.graves or self.plan.cut:  # what they delete may be saved here, too
                await self._touch()
            await self._bury()
            await self._save()
        else:
            await self._record(self.plan.removals)
            await self._delete(self.plan.tombstone)
        if not self._is_recorded:
            await self._record(self.plan.removals)

    async def _record(self, files: Mapping[str, int]) -> None:
        await together(deletes.record_removal(self._client, *it) for it in files.items())
        self._is_recorded = True

    async def _put(self, wanted: Put) -> None:
        await put(self._client, wanted)
        self.made = True

    # Deletes

    async def _bury(self) -> None:
        """Leave tombstones of what was deleted before it was there."""
        alone = self.plan.graves
        if alone and self.plan.removals:
            await self._with_files(alone[:_TOGETHER])
            alone = alone[_TOGETHER:]
        for grave in alone:
            await self._put(grave)

    async def _with_files(self, puts: Sequence[Put], *actions: Attributes) -> None:
        """Record the files that are to go with what says that their elements are deleted.

        After a crash in between nobody would know of them, and where this is decided anew they may
        have to stay.
        """
        files = list(self.plan.removals.items())
        await self._record(dict(files[_TOGETHER:]))
        recorded = (deletes.removal(*it) for it in files[:_TOGETHER])
        await transact(self._client, puts, *actions, *recorded)
        self.made = True

    async def _delete(self, revision: int) -> None:
        for grave in self.plan.graves:
            await self._put(grave)
        for feedback in self.plan.feedbacks:
            await self._put(feedback.claim)
        head = self.plan.head
        if head is None:
            await self._put(Put(deletes.tombstone(self.plan.id, revision), None))
        elif head.is_there:
            await deletes.delete_thread(self._client, head, revision, self._commit.moment)
        else:
            await deletes.move_on(self._client, keys.head(self.plan.id), revision)
        self.made = True

    async def _cut(self, head: Head) -> None:
        """Cut rows off by one write, and remove what is left of them."""
        await deletes.mark_cut(self._client, head.thread_id, self._commit.moment)
        update = heads.cut_rows(head, self._seen, self.plan.cut)
        if self.plan.removals:
            await self._with_files((), {"Update": update.parameters})
            self._note(update.nonce)
        else:
            await self._update(update)
        self.made = True
        await deletes.empty_cut(self._client, head.thread_id, self.plan.cut)

    # Saves

    async def _make(self, head: Put) -> None:
        """Make a thread with its owner, its name and its first row."""
        plan, first = self.plan, self._rows[:1]
        await together(self._set_star(row.star) for row in first if row.star)
        rows = [it for row in first for it in (row.claim, row.put)]
        puts = [it for it in (plan.owner, head, plan.details, *rows) if it]
        if plan.user_id:
            self._commit.recent.listed.note(plan.user_id, plan.id, head.item["updatedAt"]["S"])
            await hint(self._client, plan.user_id, plan.placement, plan.life)
        await transact(self._client, puts, *self._owner_checks())
        self.made, self._rows = True, self._rows[1:]
        self._note(head.nonce)

    async def _save(self) -> None:
        plan, rows = self.plan, self._rows
        if plan.head and plan.cut:
            await self._cut(plan.head)
        stars = [row.star for row in rows if row.star]
        await together(self._set_star(star) for star in stars if star.is_set)
        await together([self._touch(), *(self._claim(row.claim) for row in rows if row.claim)])
        details = plan.details if not plan.made else None
        is_moved = details and plan.head and plan.placement
        for wanted in (
            *(row.put for row in rows),
            *([details] if details and not is_moved else []),
        ):
            await self._stir(_STIR_AFTER_S)
            await self._put(wanted)
        if details and plan.head and plan.placement:
            await self._move(details, plan.head, plan.placement)
        for feedback in plan.feedbacks:
            await self._give(feedback)
        await together(self._unset_star(star) for star in stars if not star.is_set)

    def _owner_checks(self) -> list[Attributes]:
        """Return the condition that the owner was not deleted since."""
        plan = self.plan
        if plan.user_id is None or plan.owner:
            return []
        check = {
            "Key": keys.user(plan.user_id).attributes,
            "ConditionExpression": "life = :life",
            "ExpressionAttributeValues": {":life": number(plan.life)},
        }
        return [{"ConditionCheck": check}]

    async def _touch(self) -> None:
        """Move the thread to its last activity. Raises `ConditionFailed` where it is deleted."""
        head, moment = self.plan.head, self.plan.active_at
        if head is None:
            return
        if moment is None:
            await self._stir()
            return
        update = heads.touch(head, moment)
        if update.moves and head.user_id:
            self._commit.recent.listed.note(head.user_id, head.thread_id, moment)
        try:
            await self._update(update)
        except ConditionFailed as failed:
            if failed.item is None or gone_of(failed.item) is not None:
                raise
            # Else somebody else's activity was later.

    async def _stir(self, after_s: float = 0.0) -> None:
        """Have the head say that a text changes, unless it did so a moment ago."""
        if self.plan.changes_text and time.monotonic() - self._stirred_at >= after_s:
            await self._update(heads.stir(self.plan.id))

    async def _update(self, update: heads.HeadUpdate) -> None:
        await write(self._client, "UpdateItem", update.nonce, **update.parameters)
        self._note(update.nonce)

    def _note(self, nonce: str) -> None:
        self._seen, self._stirred_at = nonce, time.monotonic()
        self._commit.recent.unbuilt.note(self.plan.id, nonce)

    async def _move(self, details: Put, head: Head, placement: Placement) -> None:
        """Put what the thread says of itself, and with it the thread where that says."""
        user_id, listed = head.user_id or "", self._commit.recent.listed
        await hint(self._client, user_id, placement, head.life)
        known = listed.of(user_id).get(head.thread_id, "")
        listed.note(user_id, head.thread_id, max(known, head.shown_at or head.updated_at))
        update = heads.move(head, placement)
        await transact(self._client, [details], {"Update": update.parameters})
        self.made = True
        self._note(update.nonce)

    async def _claim(self, claim: Put) -> None:
        """Claim a row. Raises `ConditionFailed` where another thread has it, or it was deleted."""
        try:
            await put(self._client, claim)
        except ConditionFailed as failed:
            there = Claim.of(failed.item) if failed.item else None
            if there is None or there.gone is not None or there.thread_id != self.plan.id:
                raise

    async def _give(self, feedback: FeedbackPlan) -> None:
        """Give a step its feedback or take it, with the flags of the thread."""
        if feedback.step is None:
            await self._put(feedback.claim)
            return
        values = feedback.before, feedback.after
        update = heads.flag(self.plan.id, self._seen, feedback.step_id, *values)
        puts = [feedback.claim, feedback.step]
        await transact(self._client, puts, {"Update": update.parameters})
        self.made, self._seen = True, update.nonce

    # Favourites: there is a hint before there is a star, and until there is none.

    async def _set_star(self, star: Star) -> None:
        key = Key(keys.favorites(star.user_id), star.step_id)
        item = {
            **key.attributes,
            "thread": text(self.plan.id),
            "revision": number(star.revision),
        }
        condition = "attribute_not_exists(PK) OR revision < :at"
        await self._try("PutItem", condition, star, Item=item)

    async def _unset_star(self, star: Star) -> None:
        key = Key(keys.favorites(star.user_id), star.step_id)
        await self._try("DeleteItem", "revision <= :at", star, Key=key.attributes)

    async def _try(self, operation: Operation, condition: str, star: Star, **more: Any) -> None:
        """Make a write unless a newer star, or a newer lack of one, was there before."""
        with suppress(ConditionFailed):
            await self._client.call(
                operation,
                ConditionExpression=condition,
                ExpressionAttributeValues={":at": number(star.revision)},
                **more,
            )
