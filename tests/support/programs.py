"""Programs that are made up."""

from pathlib import Path


def program(path: Path, script: str = "true") -> Path:
    """Put a shell script there, executable."""
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o700)
    return path
