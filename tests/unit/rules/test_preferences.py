from datalayer.records import Outcome
from datalayer.rules.loading import Loaded, StoredPreferences
from tests.support.rules import NOW, ann, delete_user, one, play, save_preferences, save_user


def kept(revisions: dict[str, int], **preferences: str) -> Loaded:
    return Loaded(users=[ann()], preferences=[StoredPreferences("ann", preferences, revisions)])


def test_each_key_keeps_its_newest_value() -> None:
    loaded = kept({"a": NOW, "b": NOW + 5}, a="old", b="newer")
    outcome, changes = one(save_preferences(2, a="mine", b="mine", c="mine"), loaded)
    [made] = changes.preferences
    assert outcome is Outcome.APPLIED
    assert made.preferences == {"a": "mine", "b": "newer", "c": "mine"}
    assert made.revisions == {"a": NOW + 2, "b": NOW + 5, "c": NOW + 2}


def test_a_key_that_was_removed_does_not_come_back_by_an_older_write() -> None:
    played = play(
        [save_preferences(3, a=None), save_preferences(2, a="older")], kept({"a": NOW}, a="x")
    )
    assert played.outcomes == [Outcome.APPLIED, Outcome.STALE]
    assert played.changes.preferences[0].preferences == {}


def test_the_same_write_twice_changes_nothing() -> None:
    outcome, changes = one(save_preferences(0, a="x"), kept({"a": NOW}, a="x"))
    assert (outcome, changes.preferences) == (Outcome.REPEATED, [])


def test_a_login_leaves_the_preferences_alone() -> None:
    _, changes = one(save_user(1, {"a": 1}), Loaded(users=[ann()]))
    assert (len(changes.users), changes.preferences) == (1, [])


def test_preferences_create_no_user() -> None:
    outcome, changes = one(save_preferences(1, a="x"), Loaded())
    assert (outcome, changes.users, changes.preferences) == (Outcome.ABSENT, [], [])
    gone = Loaded(tombstones={("user", "ann"): NOW + 2})
    assert one(save_preferences(1, a="x"), gone)[0] is Outcome.GONE


def test_preferences_go_with_their_user() -> None:
    played = play([save_preferences(1, a="x"), delete_user(2), save_user(3)], kept({}))
    assert played.changes.preferences == []
    assert len(played.changes.dropped_users) == 1
