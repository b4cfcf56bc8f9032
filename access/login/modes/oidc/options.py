"""What is set for the login at a provider."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcOptions:
    """The provider, and whom it may let in.

    Who has none of `domains` and `addresses` is refused where there are any, and who is in none of
    `groups` where there are any. Domains and addresses are in lower case.
    """

    issuer: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    label: str = ""
    """What the button calls the provider; empty for no name of its own."""
    domains: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    groups_claim: str = "groups"
    admin_claim: tuple[str, str] | None = None
    """A claim, and the value that makes whoever has it an operator."""
    links_by_email: bool = False
    """Who proves an e-mail address owns what an owner called so has, who has no account."""
    ends_at_provider: bool = False
    """Who signs out here signs out there."""
    public_url: str = ""
    """The origin that browsers see, where the request does not say it."""
