"""What happens, for whoever counts it: rooms tell a recorder, and know no way of counting."""


class Recorder:
    """Is told what happens, and counts nothing; who counts overrides what it wants to know.

    All of it is called within the event loop, takes microseconds, never waits and raises nothing.
    Times are seconds, sizes bytes. Names are few: they come from the program and its settings.
    """

    def write_ended(self, kind: str, outcome: str) -> None:
        """Note what became of a write of a kind, once for each, but for those that wait on.

        Of those it is noted once, too, where they are durable nowhere meanwhile.
        """

    def write_accepted(self) -> None:
        """Note that a write is in the journal; what becomes of it is told later."""

    def batch_stored(self, writes: int, seconds: float) -> None:
        """Note that so many writes were stored at once, and how long the database took."""

    def batch_retried(self) -> None:
        """Note that a batch waits for the database and will be tried again."""

    def short_cut_declined(self, reason: str) -> None:
        """Note that a batch took the long way into the database."""

    def file_stored(self, size: int) -> None:
        """Note that a file is in the storage."""

    def file_failed(self) -> None:
        """Note that the storage did not take a file; it may be asked again."""

    def file_lost(self) -> None:
        """Note that a file was given up."""

    def first_token(self, model: str, seconds: float) -> None:
        """Note how long after its question the first of an answer was shown."""

    def answer_ended(
        self, model: str, state: str, input_tokens: int | None, output_tokens: int | None
    ) -> None:
        """Note how an answer ended, and what it took; None where nobody knows."""

    def error(self, kind: str) -> None:
        """Note that something could not be done for somebody."""


NO_RECORDER = Recorder()
