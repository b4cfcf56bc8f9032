"""What is set for identities from a reverse proxy."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from typing import Literal

from access.login.published_keys import require_safe

Network = IPv4Network | IPv6Network
Kind = Literal["none", "jwt", "cloudflare", "aws-alb"]

# Where an assertion of each kind is, unless told otherwise.
HEADERS: Mapping[Kind, str] = {
    "cloudflare": "Cf-Access-Jwt-Assertion",
    "aws-alb": "X-Amzn-Oidc-Data",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AssertionOptions:
    """What a signed assertion of the proxy has to say; `claim` says who it is."""

    kind: Kind = "none"
    header: str = ""
    claim: str = "email"
    issuer: str = ""
    audience: str = ""
    keys_url: str = ""
    """Where a set of keys is, or, of an AWS load balancer, the folder of keys."""
    signer: str = ""
    """The ARN of an AWS load balancer."""

    def problems(self) -> Iterator[str]:
        """Yield a sentence for each reason why it could not be told from a forged one."""
        needed = {"AUTH_HEADER_ASSERTION_NAME": self.header, "AUTH_HEADER_KEYS_URL": self.keys_url}
        if self.kind == "aws-alb":
            needed["AUTH_HEADER_SIGNER"] = self.signer
        else:
            needed["AUTH_HEADER_ISSUER"] = self.issuer
            needed["AUTH_HEADER_AUDIENCE"] = self.audience
        yield from (f"{name} is not set." for name, value in needed.items() if not value)
        if self.keys_url:
            try:
                require_safe(self.keys_url)
            except ValueError as exc:
                yield f"AUTH_HEADER_KEYS_URL: {exc}"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderOptions:
    """Which proxies are believed, by what proof, and where they say what."""

    proxies: tuple[Network, ...] = ()
    user: str = ""
    display_name: str = ""
    groups: str = ""
    allowed_groups: frozenset[str] = frozenset()
    admin_group: str = ""
    secret: str = field(default="", repr=False)
    secret_header: str = "X-Keepchat-Proxy-Secret"  # noqa: S105 - a name
    assertion: AssertionOptions = AssertionOptions()
    logout_url: str = ""

    def problems(self) -> Iterator[str]:
        """Yield a sentence for each reason why nobody could be believed."""
        if not self.proxies:
            yield "AUTH_HEADER_PROXIES names no address that the proxy comes from."
        if self.assertion.kind != "none":
            yield from self.assertion.problems()
        else:
            if not self.secret:
                yield (
                    "Nothing proves that the proxy sends it: set AUTH_HEADER_SECRET, or "
                    "AUTH_HEADER_ASSERTION."
                )
            if not self.user:
                yield "AUTH_HEADER_USER names no header that says who it is."
        if (self.allowed_groups or self.admin_group) and not self.groups:
            yield "AUTH_HEADER_GROUPS names no header, or claim, that says the groups."


def assertion_options(
    kind: Kind,
    *,
    header: str = "",
    claim: str = "email",
    issuer: str = "",
    audience: str = "",
    keys_url: str = "",
    signer: str = "",
) -> AssertionOptions:
    """Return the options, with what follows from the kind where it is not set."""
    issuer = issuer.rstrip("/") if kind == "cloudflare" else issuer
    if kind == "cloudflare" and issuer:
        keys_url = keys_url or f"{issuer}/cdn-cgi/access/certs"
    region = signer.split(":")[3:4]  # arn:aws:elasticloadbalancing:REGION:…
    if kind == "aws-alb" and region:
        keys_url = keys_url or f"https://public-keys.auth.elb.{region[0]}.amazonaws.com"
    return AssertionOptions(
        kind=kind,
        header=header or HEADERS.get(kind, ""),
        claim=claim,
        issuer=issuer,
        audience=audience,
        keys_url=keys_url.rstrip("/") if kind == "aws-alb" else keys_url,
        signer=signer,
    )
