"""What a server cannot take of a request, learned from its refusals. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

Messages = Sequence[dict[str, Any]]

LimitName = Literal["max_tokens", "max_completion_tokens"]


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestForm:
    """In which form a server takes requests."""

    limit_names: tuple[LimitName, ...] = ("max_tokens", "max_completion_tokens")
    """What the limit on an answer's length may be called: the first is asked, others are left."""
    counts_tokens: bool = True
    takes_temperature: bool = True
    has_system_role: bool = True
    streams: bool = True

    def openais(self) -> "RequestForm":
        """Return the form for OpenAI's own servers."""
        return replace(self, limit_names=self.limit_names[::-1])

    @property
    def limit_name(self) -> LimitName | None:
        """What the limit on an answer's length is called, None where no name is taken."""
        return next(iter(self.limit_names), None)

    def learned(self, first: "RequestForm") -> list[str]:
        """Say what a server does not take that was first asked in another form."""
        told = {
            f"takes {self.limit_name or 'no limit'} instead of {first.limit_name}": (
                self.limit_name != first.limit_name
            ),
            "does not count tokens while it streams": not self.counts_tokens,
            "takes no temperature": not self.takes_temperature,
            "knows no system role: instructions are sent in the first question": (
                not self.has_system_role
            ),
            "does not stream": not self.streams,
        }
        return [sentence for sentence, is_so in told.items() if is_so]

    def body(
        self, messages: Messages, *, limit: int, temperature: float | None, streams: bool
    ) -> dict[str, Any]:
        """Return the part of a request that a server may refuse."""
        streams = streams and self.streams
        body: dict[str, Any] = {"messages": self.fitted(messages), "stream": streams}
        if self.limit_name:
            body[self.limit_name] = limit
        if self.takes_temperature and temperature is not None:
            body["temperature"] = temperature
        if streams and self.counts_tokens:
            body["stream_options"] = {"include_usage": True}
        return body

    def fitted(self, messages: Messages) -> list[dict[str, Any]]:
        """Return messages whose instructions are where this server takes them."""
        if self.has_system_role or not messages or messages[0]["role"] != "system":
            return list(messages)
        system, *others = messages
        if not others:
            return [{**system, "role": "user"}]
        first, *later = others
        return [{**first, "content": _joined(system["content"], first["content"])}, *later]


def _joined(instructions: str, content: Any) -> Any:
    if isinstance(content, str):
        return f"{instructions}\n\n{content}"
    return [{"type": "text", "text": instructions}, *content]


_NO = (
    r"unsupported|not support|unknown|unrecognized|unrecognised|unexpected|not permitted|"
    r"not allowed|not enabled|not implemented|not available|does not accept|no such|invalid|"
    r"deprecated|extra (inputs|fields)|only the default|only .{0,40}(supported|allowed)|must be|"
    r"cannot be|can't be|not found in|extra_forbidden|removed|instead"
)
_ALTERNATE = r"alternat"
_SYSTEM = (
    r"system[ _]?(role|message|prompt|instruction)|role.{0,20}['\"`]?system|"
    r"developer (instruction|role|message)|only user.{0,20}assistant|" + _ALTERNATE
)
_A_VALUE = re.compile(
    r"too (large|long|high|low)|at most|at least|less than|greater than|exceed|maximum|between|"
    r"range|[<>]",
)


def after_refusal(form: RequestForm, body: dict[str, Any], said: str) -> RequestForm | None:
    """Return the form to ask in again, None where another form would not help.

    `body` is what was refused, and `said` the server's words.
    """
    lower = said.lower()
    if not re.search(f"{_NO}|{_ALTERNATE}", lower):
        return None
    return next(_lessons(form, body, lower), None)


def _lessons(form: RequestForm, body: dict[str, Any], said: str) -> Iterator[RequestForm]:
    if "stream_options" in body and ("stream_options" in said or "include_usage" in said):
        yield replace(form, counts_tokens=False)
    if not _A_VALUE.search(said):
        if "temperature" in body and "temperature" in said:
            yield replace(form, takes_temperature=False)
        if form.limit_names and re.search(r"max_(completion_)?tokens", said):
            yield replace(form, limit_names=form.limit_names[1:])
    if body["messages"][0]["role"] == "system" and re.search(_SYSTEM, said):
        yield replace(form, has_system_role=False)
    if body["stream"] and re.search(r"\bstream(ing)?\b", said):
        yield replace(form, streams=False)
