"""All of Chainlit's contract is there."""

import inspect

from chainlit.data.base import BaseDataLayer

from datalayer.layer import KeepchatDataLayer


def test_every_method_of_chainlits_is_its_own() -> None:
    assert inspect.isabstract(BaseDataLayer)
    assert not inspect.isabstract(KeepchatDataLayer)
    theirs = {name for name in vars(BaseDataLayer) if not name.startswith("_")}
    kept = {it for it in theirs if getattr(KeepchatDataLayer, it) is getattr(BaseDataLayer, it)}
    assert kept == set()


async def test_there_is_no_debug_link(layer: KeepchatDataLayer) -> None:
    assert await layer.build_debug_url() == ""
