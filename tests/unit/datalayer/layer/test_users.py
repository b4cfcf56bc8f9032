"""Users, as Chainlit asks for them."""

import asyncio

from chainlit.user import User

from datalayer.layer import KeepchatDataLayer
from datalayer.values import clean_time
from tests.support.builders import ALICE, BOB
from tests.support.layers import user


async def test_a_user_comes_back(layer: KeepchatDataLayer) -> None:
    made = await layer.create_user(User(identifier=ALICE, metadata={"role": "admin"}))
    assert made is not None
    assert (made.identifier, made.metadata) == (ALICE, {"role": "admin"})
    assert clean_time(made.createdAt) == made.createdAt
    assert await layer.get_user(ALICE) == made
    assert await layer.get_user(BOB) is None


async def test_a_user_is_made_once(layer: KeepchatDataLayer) -> None:
    found = await asyncio.gather(*(user(layer) for _ in range(20)))
    assert len({made.id for made in found}) == 1
