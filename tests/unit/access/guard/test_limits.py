"""How many files may be sent."""

from access.guard.limits import first_references


def test_a_message_names_each_file_once_and_not_too_many() -> None:
    given = [{"id": "1"}, {"id": "1"}, {"no": "id"}, "x", {"id": "2"}, {"id": "3"}]
    assert first_references(given, 2) == [{"id": "1"}, {"id": "2"}]
    assert first_references(None, 2) == []
