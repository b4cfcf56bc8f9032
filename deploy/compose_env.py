"""`make compose-env`: makes what docker-compose.yml asks for, and the first account.

Secrets that are missing in .env are made and added to it; those that are there stay. Then the image
is built and the account made with it, whose password is printed once and kept nowhere. Run by any
Python 3.9 or newer, without anything installed.
"""

import os
import re
import secrets
import shutil
import subprocess
import sys
from base64 import b64encode
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENV = ROOT / ".env"
ACCOUNT = "admin"
MADE = {
    "POSTGRES_PASSWORD": lambda: secrets.token_hex(24),
    "S3_ACCESS_KEY_ID": lambda: f"keepchat{secrets.token_hex(6)}",
    "S3_SECRET_ACCESS_KEY": lambda: secrets.token_hex(24),
    "AZURITE_KEY": lambda: b64encode(secrets.token_bytes(64)).decode(),
    "CHAINLIT_AUTH_SECRET": lambda: secrets.token_urlsafe(48),
}
NO_DOCKER = (
    "Docker is not installed here, or not in the PATH. Install it (Debian: 'apt-get install "
    "docker.io docker-compose-v2') and run 'make compose-env' again: .env stays as it is."
)


def missing(text: str) -> list[str]:
    """Return the names of the secrets that are not in the text of a .env."""
    given = set(re.findall(r"^\s*(\w+)[ \t]*=[ \t]*\S", text, re.MULTILINE))
    return [name for name in MADE if name not in given]


def names_a_model(text: str) -> bool:
    """Tell whether the text of a .env names a service that answers."""
    return bool(
        re.search(r"^\s*(OPENAI_|AZURE_OPENAI_|OLLAMA_URL)\w*\s*=\s*\S", text, re.MULTILINE)
    )


def write_env(path: Path) -> list[str]:
    """Add the secrets that are missing to a .env that nobody else can read; return their names."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    names = missing(text)
    if names:
        lines = [f"{name}={MADE[name]()}" for name in names]
        joint = "" if not text or text.endswith("\n") else "\n"
        head = "# Made by 'make compose-env' for docker-compose.yml.\n"
        draft = path.with_name(f"{path.name}.new")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(f"{text}{joint}{head}" + "\n".join(lines) + "\n")
        draft.replace(path)
    path.chmod(0o600)
    return names


def make_account(password: str) -> bool:
    """Build the image and make the account with it, in the database, which is started for that.

    False when there is one. Raises `CalledProcessError` when Docker or the program fails.
    """
    docker = shutil.which("docker")
    if docker is None:
        sys.exit(NO_DOCKER)
    compose = [docker, "compose"]
    subprocess.run([*compose, "build", "app"], cwd=ROOT, check=True)
    add = ["python", "manage.py", "user", "add", ACCOUNT, "--password-stdin"]
    done = subprocess.run(
        [*compose, "run", "--rm", "-T", "app", *add],
        cwd=ROOT,
        check=False,
        input=f"{password}\n",
        stderr=subprocess.PIPE,
        text=True,
    )
    if "already" in done.stderr:
        return False
    sys.stderr.write(done.stderr)
    done.check_returncode()
    return True


def main() -> None:
    """Make the secrets and the account."""
    names = write_env(ENV)
    print(f"Made in .env: {', '.join(names)}." if names else ".env has all that is needed.")
    password = secrets.token_urlsafe(12)
    try:
        made = make_account(password)
    except subprocess.CalledProcessError as exc:
        sys.exit(f"No account was made: see above ({exc.cmd[1]} {exc.cmd[2]} failed).")
    if not names_a_model(ENV.read_text(encoding="utf-8")):
        print("Name a model in .env: OPENAI_API_KEY, or others of .env.example.")
    if made:
        print(f"Account: {ACCOUNT}\nPassword: {password}   (it is shown this once)")
    else:
        print(f"The account {ACCOUNT} is there already; its password stays.")
    print("Now: docker compose up -d, and open http://localhost:8000")


if __name__ == "__main__":
    main()
