"""What goes wrong with accounts."""


class AccountError(Exception):
    """What was asked of an account cannot be done; the message says why, and what to do."""
