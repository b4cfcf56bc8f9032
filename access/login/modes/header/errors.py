"""Why nobody is believed, or cannot be for now."""


class NotByProxy(Exception):
    """Nothing proves that the proxy sent it. The message says why, for the log alone."""


class NotAllowed(Exception):
    """The proxy says who it is, and that person may not come in. As before."""


class KeysUnavailable(Exception):
    """The keys that assertions are signed with cannot be had. As before."""
