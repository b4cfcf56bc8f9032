"""People chat and send files while all that a program needs goes away in turn: nothing is lost."""

import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.drills.crowd.faults import EVERYWHERE, ON_POSTGRES, ON_SERVERS, Scene
from tests.drills.crowd.gathering import break_amid, chatting, judge, logins_of, signed_in_all
from tests.drills.crowd.model import running_model, settings_of
from tests.drills.crowd.person import Person
from tests.drills.crowd.places import PLACES
from tests.support.page.application import Application, clone

PEOPLE, PEOPLE_IN_SHORT = 20, 4
KILLS = 20
AWAY_S, AWAY_IN_SHORT_S = 30.0, 2.5
FAULTS = {**ON_SERVERS, **ON_POSTGRES}
ANSWER_S, ANSWER_IN_SHORT_S = 2.0, 0.8
LOG_SHOWN = 20_000  # characters


def faults_of(places: str, full_count: bool) -> list[str]:
    """The names of what goes wrong, in the order in which it does."""
    found = [*(EVERYWHERE if places.startswith("sqlite") else ON_SERVERS)]
    found += ON_POSTGRES if places.startswith("postgres") else ()
    return [*["kill"] * (KILLS - 1), *found] if full_count else found


@pytest.fixture(params=PLACES)
def kind(request: pytest.FixtureRequest) -> str:
    """What the program keeps things in."""
    return str(request.param)


@pytest.mark.drill
@pytest.mark.server
@pytest.mark.timeout(3_600)
async def test_nothing_that_was_shown_is_lost(
    request: pytest.FixtureRequest,
    kind: str,
    full_count: bool,
    tmp_path: Path,
    report: Callable[[str], None],
) -> None:
    answer_s = ANSWER_S if full_count else ANSWER_IN_SHORT_S
    names = [f"person-{n}" for n in range(PEOPLE if full_count else PEOPLE_IN_SHORT)]
    clone(tmp_path / "project")
    async with PLACES[kind](request, tmp_path) as places, running_model(answer_s) as model:
        settings = {**places.settings, **settings_of(model), **logins_of(names, tmp_path)}
        program = Application(tmp_path / "project", tmp_path / "home", settings)
        program.log_by_pipe()
        try:
            await program.start()
            people = await signed_in_all(program, names, Person)
            away_s = AWAY_S if full_count else AWAY_IN_SHORT_S
            scene = Scene(program, model, places, people, random.Random(1), away_s, answer_s)
            faults = faults_of(kind, full_count)
            async with chatting(people):
                for name in faults:
                    await break_amid(scene, FAULTS[name])
            said = await judge(people, places.url, program)
        except BaseException as exc:
            exc.add_note(program.log()[-LOG_SHOWN:])
            raise
        finally:
            await program.kill()
    done = ", ".join(f"{name} {count}" for name, count in Counter(faults).items())
    report(f"{kind}, {len(names)} people: {said}; {done}")
