"""Which writes are sent once more where something newer is there."""

from typing import get_args

from datalayer import writes
from datalayer.layer.writing import ASKED_FOR
from datalayer.writes import Write

# A deletion is overtaken by nothing; an element is what the program says it is.
NOT_ASKED_FOR = {
    *(writes.DeleteUser, writes.DeleteThread, writes.DeleteStep, writes.DeleteStepsAfter),
    *(writes.SaveElement, writes.FinishElement, writes.DeleteElement, writes.ForgetRemovals),
    writes.SaveThread,  # some of what it says
}


def test_of_each_kind_of_write_it_is_said_whether_a_person_asks_for_it() -> None:
    assert {*get_args(ASKED_FOR), *NOT_ASKED_FOR} == {*get_args(Write)}
