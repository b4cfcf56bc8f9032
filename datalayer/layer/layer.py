"""The one BaseDataLayer: what Chainlit calls becomes writes and reads.

Chainlit calls most writing methods as tasks that nobody awaits, and goes on changing what it
passed. So everything is copied before the first `await`, and the write has its revision by then: of
two calls the later one wins, whichever is stored first. The write enters the writer in the same
step, in the order of the calls, unless something has to be read for it: who has a user's id that is
not known here, or in which thread a step or a feedback is that is named alone.
"""

from chainlit.data.base import BaseDataLayer

from datalayer.layer.elements import Elements
from datalayer.layer.feedback import Feedbacks
from datalayer.layer.lists import ThreadLists
from datalayer.layer.users import Users


class KeepchatDataLayer(Users, ThreadLists, Feedbacks, Elements, BaseDataLayer):
    """Chainlit's data layer over any `Store` and any `Storage`."""

    async def build_debug_url(self) -> str:
        return ""
