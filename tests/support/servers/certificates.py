"""Certificates for the tests: an authority, and what it signs, each with its key beside it."""

import subprocess
from pathlib import Path


def make_authority(folder: Path, name: str) -> Path:
    """Make a certificate that signs others, valid for two days."""
    path = folder / f"{name}.crt"
    _openssl(
        *("req", "-new", "-x509", "-days", "2", "-nodes", "-subj", f"/CN={name}"),
        *("-out", path, "-keyout", path.with_suffix(".key")),
    )
    return path


def sign(authority: Path, name: str) -> Path:
    """Make a certificate for a host or a user, signed by the authority."""
    path = authority.with_name(f"{authority.stem}-{name}.crt")
    request, names = path.with_suffix(".csr"), path.with_suffix(".ext")
    names.write_text(f"subjectAltName=DNS:{name}\n")
    _openssl(
        *("req", "-new", "-nodes", "-subj", f"/CN={name}"),
        *("-out", request, "-keyout", path.with_suffix(".key")),
    )
    _openssl(
        *("x509", "-req", "-days", "2", "-in", request, "-out", path, "-extfile", names),
        *("-CA", authority, "-CAkey", authority.with_suffix(".key"), "-CAcreateserial"),
    )
    return path


def make_own(folder: Path, address: str) -> Path:
    """Make a certificate of an IP address that signed itself."""
    path = folder / f"{address}.crt"
    _openssl(
        *("req", "-new", "-x509", "-days", "2", "-nodes", "-subj", f"/CN={address}"),
        *("-addext", f"subjectAltName=IP:{address}", "-out", path),
        *("-keyout", path.with_suffix(".key")),
    )
    return path


def _openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)
