"""`python -m datalayer.stores.sql.postgres.search.worker`: computes what the index is to hold.

Each document on standard input has an answer on standard output, both behind their length. It ends
when there is no more input, as when whoever started it is gone.
"""

import os
import signal
import sys
from contextlib import suppress
from typing import BinaryIO

from datalayer.stores.sql.postgres.search.parts import plan_document

LENGTH_BYTES = 8
NICE = 5  # whoever reads comes first


def main() -> None:
    """Answer until there is no more input."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all of its processes
    if hasattr(os, "nice"):
        os.nice(NICE)
    with suppress(BrokenPipeError):
        answer_all(sys.stdin.buffer, sys.stdout.buffer)


def answer_all(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer each document; one that is cut off is the end."""
    while len(header := requests.read(LENGTH_BYTES)) == LENGTH_BYTES:
        length = int.from_bytes(header)
        if len(document := requests.read(length)) < length:
            return
        answers.write(frame(plan_document(document)))
        answers.flush()


def frame(document: bytes) -> bytes:
    """Return a document behind its length."""
    return len(document).to_bytes(LENGTH_BYTES) + document


if __name__ == "__main__":
    main()
