"""What the program has accepted and not stored, as commands see it: they change nothing of it."""

from dataclasses import dataclass

from cli.doctor.findings import Finding, failed, ok, warning
from datalayer.pipeline.journal.dead_letters import DeadLetters
from datalayer.pipeline.journal.reading import WaitingWrites, waiting_writes
from datalayer.pipeline.spool.reading import WaitingFile, waiting_files
from datalayer.values import time_of_revision
from settings import Settings

SUBJECT = "journal"
LOOK = "Run 'python manage.py journal list'"


@dataclass(frozen=True, slots=True)
class Waiting:
    """Dead letters by id, and what waits; the oldest first."""

    letters: list[str]
    writes: WaitingWrites
    files: list[WaitingFile]

    @property
    def is_empty(self) -> bool:
        return not (self.letters or self.writes.depth or self.files)


def dead_letters(settings: Settings) -> DeadLetters:
    """Return the dead letters below DATA_DIR."""
    return DeadLetters(settings.dead_letters_path)


def look(settings: Settings) -> Waiting:
    """Look at what is there. Raises `OSError`."""
    return Waiting(
        dead_letters(settings).ids(),
        waiting_writes(settings.journal_path),
        waiting_files(settings.spool_path),
    )


def finding(settings: Settings) -> Finding:
    """Return what the doctor says of it."""
    try:
        waiting = look(settings)
    except OSError as exc:
        return failed(SUBJECT, f"{exc.filename}: {exc.strerror}.", "See to DATA_DIR and its disk.")
    if waiting.is_empty:
        return ok(SUBJECT, "nothing waits, and there are no dead letters")
    remedies = [_TO_DO_WITH_LETTERS] if waiting.letters else []
    if waiting.writes.depth or waiting.files:
        remedies.append(STORED_LATER)
    return warning(SUBJECT, " ".join(sentences(waiting)), " ".join(remedies))


STORED_LATER = "What waits is stored as soon as the program runs, and database and storage work."
_TO_DO_WITH_LETTERS = f"{LOOK}, and then 'journal retry' or 'journal drop'."


def sentences(waiting: Waiting) -> list[str]:
    """Say in a sentence each how much there is, and since when."""
    said = []
    if waiting.letters:
        since = time_of_letter(waiting.letters[0])
        said.append(f"{_count(len(waiting.letters), 'dead letter')}, the oldest of {since}.")
    if waiting.writes.depth:
        count = _count(waiting.writes.depth, "write")
        since, size = _time(waiting.writes.since), in_megabytes(waiting.writes.size)
        said.append(f"Up to {count} ({size}) in the journal, the oldest of {since}.")
    if waiting.files:
        size = in_megabytes(sum(file.size for file in waiting.files))
        since, count = _time(waiting.files[0].since), _count(len(waiting.files), "file")
        said.append(f"{count} ({size}) in the spool, the oldest of {since}.")
    return said


def time_of_letter(letter_id: str) -> str:
    """Return when a dead letter was kept."""
    return _time(int(letter_id.partition("-")[0]))


def in_megabytes(size: int) -> str:
    """Return a number of bytes in words."""
    return f"{size / 1e6:,.1f} MB"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _time(revision: int | None) -> str:
    return time_of_revision(revision) if revision else "an unknown time"
