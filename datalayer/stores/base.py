"""The written contract of every store.

For all methods:

* Ids are UUIDs in canonical form; times are UTC, ISO 8601 with microseconds and `Z`.
* What is absent is None or empty, never an exception.
* A database that cannot be reached or is busy raises `StoreUnavailable`, and the same call may
  succeed later; a value that it can never hold raises `WriteRejected`. A driver's own error never
  leaves a store.
* A cancelled call leaves no open transaction and no checked-out connection.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from typing import Protocol

from datalayer.records import (
    ElementRecord,
    FileRecord,
    Result,
    SearchPage,
    StepRecord,
    ThreadPage,
    ThreadRecord,
    UserRecord,
)
from datalayer.reports import StoreDescription
from datalayer.stores.accounts import AccountStore
from datalayer.stores.answers import AnswerBoard
from datalayer.values import Json
from datalayer.writes import Write


class Store(ABC):
    """Keeps users, threads, steps, elements and feedback in one database.

    What only some stores can do is in `datalayer.stores.capabilities`.
    """

    concurrency: int
    """How many batches `apply` may run at once with profit."""

    is_remote: bool
    """Whether the database may be away and come back: the program starts and waits for it."""

    accounts: AccountStore
    """Accounts and sessions, in the same database and by the same connections."""

    answers: AnswerBoard
    """What processes with this database tell each other of answers that are on their way."""

    # Life cycle

    @abstractmethod
    async def describe(self) -> StoreDescription:
        """Say what database it is and how it is reached, changing nothing."""

    @abstractmethod
    async def close(self) -> None:
        """Close and end whatever was opened and started; further calls raise `StoreUnavailable`."""

    # Writes

    @abstractmethod
    async def apply(self, writes: Sequence[Write]) -> list[Result]:
        """Make the changes of all writes and return a result for each, in order.

        Each write is made whole or not at all, those of a thread in their order, each on what those
        before it leave. All are stored when it returns; when it raises some may be, and applying
        the batch again stores the rest. `WriteRejected` comes before anything is stored. A
        cancelled call may be carried to its end; `close` waits for it. Threads that somebody else
        has locked are not waited for: `ThreadsLocked` names them, and is a `StoreHeldUp`, which
        says that less at once may succeed, or the same a little later. What a write means is
        decided in `datalayer.rules`, for all stores:

        * `APPLIED` says that something changed, `REPEATED` that nothing did since this very write,
          or all that it says, was stored before, `STALE` that nothing did since something newer is
          there: `newest` is its revision. Every field keeps the value of the newest write that
          gives it, `createdAt` that of the oldest, in whatever order the writes arrive.
        * A field that a write does not name keeps its value. `metadata` of a step is one field, but
          for its key `favorite`, which is a field of its own.
        * A step, an element or a thread may come before what it belongs to: the thread is
          created, with the owner of the first write in it, and so is the owner. Afterwards the
          owner never changes, a thread without one included: a write under another owner is
          `REFUSED`, as is one that names an existing id under another thread; it creates nothing.
          A write without an owner is not checked for one.
        * `SavePreferences`: preferences merge key by key as a thread's metadata does. They go with
          their user, and create none (`ABSENT`).
        * `SaveThread`: metadata merges key by key, each key a field; concurrent merges all survive,
          None removes a key. With nothing but metadata, or `creates` false, it never creates a
          thread (`ABSENT`).
        * What the metadata of a thread say of its place in the sidebar (`datalayer.sections`) is
          what `list_section` goes by, from then on.
        * `SaveStep` and `SaveElement` make the time of their revision the thread's last
          activity, if it is the latest; so does being created. A rename or metadata do not.
        * `SaveFeedback`: a step has one feedback, the newest; for a step that is not in that thread
          it is `REFUSED`, for one that was deleted `GONE`. The result's `id` is the feedback's.
        * `SetFavorite` and `FinishElement` for what is not there are `ABSENT`, under another thread
          `REFUSED`.
        * A delete removes all below it in the same transaction, records the files of all removed
          elements for removal, and leaves a tombstone, also when there was nothing to delete
          (`ABSENT`; `REPEATED` where this very delete left one). Later writes to a deleted thread,
          step or element are `GONE`. A deleted user
          or feedback can be made again, but only by a newer write; deleting one that was made
          again since is `STALE`.
        * `DeleteStepsAfter` removes, as one delete each would, the steps that were created after
          that one and written before the delete, with all below them; the step itself stays.
        * `FinishElement` of a deleted element is `GONE` and its file is recorded for removal. Of
          one that is `ABSENT` the file stays: its row may be a dead letter, and come later.
        * `ForgetRemovals` strikes files off the list of removals; `ABSENT` if none was on it.
        """

    # Reads

    @abstractmethod
    async def get_user(self, identifier: str) -> UserRecord | None:
        """Return the user with this identifier."""

    @abstractmethod
    async def get_user_by_id(self, user_id: str) -> UserRecord | None:
        """Return the user with this id."""

    @abstractmethod
    async def get_preferences(self, identifier: str) -> Mapping[str, Json]:
        """Return the preferences of the user with this identifier, empty for nobody."""

    @abstractmethod
    async def get_thread(self, thread_id: str) -> ThreadRecord | None:
        """Return a thread whole: its steps with their feedback, and its elements that are ready.

        Hidden steps are among them, as in all reads but the search: what is shown of a thread is
        told by `datalayer.siblings`, and the data layer leaves the rest out. Steps are ordered by
        creation, then by arrival, each after its parent. The parent of a step whose parent is
        missing is None.
        """

    @abstractmethod
    async def get_thread_author(self, thread_id: str) -> str | None:
        """Return the identifier of the thread's owner; None for no thread or no owner."""

    @abstractmethod
    async def get_thread_name(self, thread_id: str) -> str | None:
        """Return a thread's name alone, empty where it has none; None for no thread."""

    @abstractmethod
    async def get_thread_metadata(self, thread_id: str) -> Mapping[str, Json] | None:
        """Return a thread's metadata alone; None for no thread."""

    @abstractmethod
    async def list_threads(
        self,
        user_id: str,
        *,
        first: int,
        after: str | None = None,
        search: str | None = None,
        feedback: int | None = None,
    ) -> ThreadPage:
        """Return a page of a user's threads, latest activity first, then by id, descending.

        The page has `first` threads if so many are left. `after` is the `next_cursor` of the page
        before, stable while threads are added; one that no page gave raises `ValueError`. `search`
        keeps the threads that `search` finds; where it says nothing there is no search. `feedback`
        (0 or 1) keeps those with at least one such feedback, on hidden steps, too.
        """

    @abstractmethod
    async def list_section(
        self, user_id: str, section: str, *, first: int, after: str | None = None
    ) -> ThreadPage:
        """Return a page of a section of a user's sidebar, as `datalayer.sections` names it.

        Pinned threads come first, and either in the order of `list_threads`. Cursors are as there,
        and those of the one mean nothing to the other.
        """

    @abstractmethod
    async def list_folders(self, user_id: str) -> list[str]:
        """Return the folders that a user has threads in, in alphabetical order."""

    @abstractmethod
    async def search(
        self, user_id: str, search: str, *, first: int, after: str | None = None
    ) -> SearchPage:
        """Return a page of a user's threads that say all of what is looked for, and where.

        That is words in any order, and phrases in quotes (`datalayer.search.terms`). Each stands,
        as any part of it, in the thread's name or in the output of one of its steps that are not
        `hidden`, compared folded (`datalayer.search.folding`), no other character being special.
        Of a longer search its first 1,000 characters and 32 words count; one that says nothing
        (blanks, quotes) finds nothing. Order and cursors are those of `list_threads`. A page may
        have fewer than `first` where some of it was changed or deleted meanwhile.
        """

    @abstractmethod
    async def get_step(self, step_id: str) -> StepRecord | None:
        """Return a step, whatever thread it is in."""

    @abstractmethod
    async def get_element(self, thread_id: str, element_id: str) -> ElementRecord | None:
        """Return an element of that thread if it is ready."""

    @abstractmethod
    async def get_feedback_step(self, feedback_id: str) -> StepRecord | None:
        """Return the step that a feedback belongs to."""

    @abstractmethod
    async def get_favorites(self, user_id: str) -> list[StepRecord]:
        """Return the steps whose `metadata.favorite` is true in a user's threads, newest first.

        Hidden ones are among them.
        """

    @abstractmethod
    async def list_removals(self, limit: int, *, skip: int = 0) -> list[str]:
        """Return up to `limit` object keys of files to remove, longest waiting first.

        The first `skip` are left out.
        """

    # Export

    @abstractmethod
    def users(self) -> AsyncIterator[UserRecord]:
        """Iterate over all users in a stable order, a page in memory at a time."""

    @abstractmethod
    def files(self) -> AsyncIterator[FileRecord]:
        """Iterate over all elements that have a file, by the thread's id and then their own.

        Those whose bytes are not stored yet are among them. A page is in memory at a time.
        """

    @abstractmethod
    async def named_files(self, element_ids: Collection[str]) -> set[str]:
        """Return the object keys that the elements with these ids name, ready or not."""

    @abstractmethod
    def threads(self) -> AsyncIterator[ThreadRecord]:
        """Iterate over all threads, whole, in a stable order, one in memory at a time.

        Hidden steps are among theirs.
        """


class ThreadReads(Protocol):
    """What is read of one thread, or of what is in one: as `Store` has it."""

    async def get_thread(self, thread_id: str) -> ThreadRecord | None:
        """See Store."""

    async def get_thread_author(self, thread_id: str) -> str | None:
        """See Store."""

    async def get_thread_name(self, thread_id: str) -> str | None:
        """See Store."""

    async def get_thread_metadata(self, thread_id: str) -> Mapping[str, Json] | None:
        """See Store."""

    async def get_step(self, step_id: str) -> StepRecord | None:
        """See Store."""

    async def get_element(self, thread_id: str, element_id: str) -> ElementRecord | None:
        """See Store."""
