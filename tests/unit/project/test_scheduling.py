"""How the tests of a run are handed out to its processes."""

from types import SimpleNamespace
from typing import Any

import pytest

MATRIX = [f"tests/e2e/people/test_matrix.py::test_{n}[a::b]" for n in range(4)]
LOGIN = [f"tests/e2e/people/test_login.py::test_{n}" for n in range(3)]
OTHERS = [f"tests/unit/chat/test_reading.py::test_{n}" for n in range(5)]
COLLECTED = [*OTHERS, *LOGIN, *MATRIX]


class Process:
    """One that is sent tests."""

    shutting_down = False

    def __init__(self, name: str) -> None:
        self.gateway = SimpleNamespace(id=name)
        self.sent: list[str] = []

    def send_runtest_some(self, numbers: list[int]) -> None:
        self.sent += [COLLECTED[number] for number in numbers]


def test_a_module_that_shares_a_program_stays_in_one_process(pytestconfig: pytest.Config) -> None:
    processes = [Process(name) for name in ("one", "two", "three")]
    option = SimpleNamespace(loadscopereorder=True, dist="load")
    config = SimpleNamespace(option=option, getvalue={"tx": ["3*popen"]}.get)
    scheduler: Any = pytestconfig.hook.pytest_xdist_make_scheduler(config=config, log=None)
    for process in processes:
        scheduler.add_node(process)
        scheduler.add_node_collection(process, COLLECTED)
    scheduler.schedule()
    assert [process.sent for process in processes] == [MATRIX, LOGIN, OTHERS[:2]]
