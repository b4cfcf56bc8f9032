"""What the doctor finds, and how it is printed."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

Status = Literal["ok", "warning", "failed"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report; `remedy` says what to do where it is not ok."""

    subject: str
    status: Status
    message: str
    remedy: str = ""


def ok(subject: str, message: str) -> Finding:
    """Return a finding that all is well."""
    return Finding(subject, "ok", message)


def warning(subject: str, message: str, remedy: str) -> Finding:
    """Return a finding that something should be looked at."""
    return Finding(subject, "warning", message, remedy)


def failed(subject: str, message: str, remedy: str = "") -> Finding:
    """Return a finding that something does not work."""
    return Finding(subject, "failed", message, remedy)


def report(findings: Iterable[Finding]) -> str:
    """Return the findings as lines for people."""
    return "\n".join(
        f"{finding.status:8} {finding.subject:12} {finding.message}"
        + (f" {finding.remedy}" if finding.remedy else "")
        for finding in findings
    )


def report_json(findings: Sequence[Finding]) -> str:
    """Return the findings for programs."""
    whole = {"ok": not exit_code(findings), "checks": [asdict(finding) for finding in findings]}
    return json.dumps(whole, indent=2, ensure_ascii=False)


def exit_code(findings: Iterable[Finding]) -> int:
    """Return 1 when something has failed; warnings do not count."""
    return int(any(finding.status == "failed" for finding in findings))
