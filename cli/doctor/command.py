"""`manage.py doctor`: whether everything that the settings name works."""

import argparse
import inspect
from collections.abc import Awaitable, Callable

import anyio

from cli import waiting
from cli.doctor import checks, replicas
from cli.doctor.findings import Finding, exit_code, failed, ok, report, report_json, warning
from cli.shared import Subcommands
from settings import Settings, SettingsError, misspelt, read

Check = Callable[[Settings], Finding | Awaitable[Finding]]

CHECKS: tuple[Check, ...] = (
    checks.data_folder,
    checks.secret,
    checks.access,
    checks.database,
    checks.storage,
    replicas.finding,
    waiting.finding,
    checks.reading,
    checks.model,
)


def add_commands(commands: Subcommands) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("doctor", help="check that everything works")
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Check everything and print what is found; 1 when something has failed."""
    findings = anyio.run(examine)
    print(report_json(findings) if args.json else report(findings))
    return exit_code(findings)


async def examine() -> list[Finding]:
    """Make every check, one after the other."""
    try:
        settings = read()
    except SettingsError as exc:
        return [failed("settings", line) for line in str(exc).splitlines()]
    told = [
        warning("settings", said, "Rename it, or remove it if it is another program's.")
        for said in misspelt()
    ]
    return [
        *(told or [ok("settings", "can be read")]),
        *[await _made(check, settings) for check in CHECKS],
    ]


async def _made(check: Check, settings: Settings) -> Finding:
    finding = check(settings)
    return await finding if inspect.isawaitable(finding) else finding
