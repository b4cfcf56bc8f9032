"""The metrics of one program, as Prometheus reads them, in a registry of its own.

What happens is told by the rooms (`common.recorder`); how things stand is looked at when somebody
asks. Names and units are Prometheus' own; docs/operations.md has the table of them.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Metric,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.registry import Collector

from common.recorder import Recorder
from routes.health.probe import Probe

_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000)
_QUICK = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_PATIENT = (0.1, 0.25, 0.5, 0.75, 1, 1.5, 2.5, 5, 10, 20, 30, 60, 120, 300)
# The others that the library knows of the process never change.
_OF_THE_PROCESS = ("process_resident_memory_bytes", "process_cpu_seconds", "process_open_fds")

States = Mapping[str, tuple[str, Callable[[], float]]]
"""What is looked at when somebody asks: by name, its help and what returns it at once."""


class Meters(Recorder):
    """Counts what it is told of."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self._writes = Counter(
            "keepchat_writes",
            "Writes, by their kind and by what became of them in the database.",
            ["kind", "outcome"],
            registry=registry,
        )
        self._accepted = Counter(
            "keepchat_journal_accepted_writes",
            "Writes that were accepted by the journal, since the database had not stored them.",
            registry=registry,
        )
        self._batch_sizes = Histogram(
            "keepchat_batch_size_writes",
            "Writes that were stored at once.",
            buckets=_SIZES,
            registry=registry,
        )
        self._batch_times = Histogram(
            "keepchat_batch_duration_seconds",
            "How long the database took to store a batch.",
            buckets=_QUICK,
            registry=registry,
        )
        self._retries = Counter(
            "keepchat_batch_retries",
            "Batches that the database did not take and that were tried again.",
            registry=registry,
        )
        self._declined = Counter(
            "keepchat_short_cut_declined",
            "Batches that took the long way into PostgreSQL, by the reason.",
            ["reason"],
            registry=registry,
        )
        self._files = Counter(
            "keepchat_files_stored", "Files that the storage has taken.", registry=registry
        )
        self._file_bytes = Counter(
            "keepchat_files_stored_bytes", "Bytes of files that it has taken.", registry=registry
        )
        self._file_failures = Counter(
            "keepchat_file_failures", "Attempts to store a file that failed.", registry=registry
        )
        self._files_lost = Counter(
            "keepchat_files_lost", "Files that were given up.", registry=registry
        )
        self._first_tokens = Histogram(
            "keepchat_first_token_seconds",
            "How long after its question the first token of an answer was shown.",
            ["model"],
            buckets=_PATIENT,
            registry=registry,
        )
        self._answers = Counter(
            "keepchat_answers",
            "Answers that have ended, by how they did.",
            ["model", "state"],
            registry=registry,
        )
        self._tokens = Counter(
            "keepchat_tokens",
            "Tokens of questions (in) and answers (out), as servers told, or about.",
            ["model", "direction"],
            registry=registry,
        )
        self._errors = Counter(
            "keepchat_errors",
            "What could not be done for somebody, by kind.",
            ["kind"],
            registry=registry,
        )
        self._lags = Histogram(
            "keepchat_event_loop_lag_seconds",
            "How late the event loop does what it was to do at a given time.",
            buckets=_QUICK,
            registry=registry,
        )
        self._dead_letters = Gauge(
            "keepchat_dead_letters",
            "Writes that no database takes, kept with their reason.",
            registry=registry,
        )
        registry.register(_Process())
        self.count_dead_letters: Callable[[], Awaitable[int]] = _none
        """Tells how many there are, which takes a look at the disk. May raise `OSError`."""
        self._letters = Probe(self._look_at_dead_letters, holds_s=0.0)

    async def close(self) -> None:
        """Look at nothing any more."""
        await self._letters.close()

    def look_at(self, states: States) -> None:
        """Have these gauges, too."""
        for name, (about, value) in states.items():
            Gauge(name, about, registry=self._registry).set_function(value)

    async def exposition(self) -> bytes:
        """Return all of it in Prometheus' text format, version 0.0.4."""
        await self._letters.failure()  # then it stays as it was last seen
        return generate_latest(_WithoutTimes(self._registry))

    async def _look_at_dead_letters(self) -> None:
        self._dead_letters.set(await self.count_dead_letters())

    def loop_lagged(self, seconds: float) -> None:
        """Note how late the event loop was."""
        self._lags.observe(seconds)

    # What the rooms tell

    def write_ended(self, kind: str, outcome: str) -> None:
        self._writes.labels(kind, outcome).inc()

    def write_accepted(self) -> None:
        self._accepted.inc()

    def batch_stored(self, writes: int, seconds: float) -> None:
        self._batch_sizes.observe(writes)
        self._batch_times.observe(seconds)

    def batch_retried(self) -> None:
        self._retries.inc()

    def short_cut_declined(self, reason: str) -> None:
        self._declined.labels(reason).inc()

    def file_stored(self, size: int) -> None:
        self._files.inc()
        self._file_bytes.inc(size)

    def file_failed(self) -> None:
        self._file_failures.inc()

    def file_lost(self) -> None:
        self._files_lost.inc()

    def first_token(self, model: str, seconds: float) -> None:
        self._first_tokens.labels(model).observe(seconds)

    def answer_ended(
        self, model: str, state: str, input_tokens: int | None, output_tokens: int | None
    ) -> None:
        self._answers.labels(model, state).inc()
        self._tokens.labels(model, "in").inc(input_tokens or 0)
        self._tokens.labels(model, "out").inc(output_tokens or 0)

    def error(self, kind: str) -> None:
        self._errors.labels(kind).inc()


async def _none() -> int:
    return 0


class _Process(Collector):
    """What the system says of the process, where it does: on Linux."""

    def __init__(self) -> None:
        self._all = ProcessCollector(registry=None)

    def collect(self) -> Iterator[Metric]:
        return (it for it in self._all.collect() if it.name in _OF_THE_PROCESS)


class _WithoutTimes(Collector):
    """A registry without the times at which its counters were made, which never change."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def collect(self) -> Iterator[Metric]:
        for metric in self._registry.collect():
            metric.samples = [it for it in metric.samples if not it.name.endswith("_created")]
            yield metric
