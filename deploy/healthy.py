"""Whether the program answers: exit code 0. The container's health check."""

import os
import sys
import urllib.request

TIMEOUT_S = 3.0


def main() -> None:
    """Ask for /health/live below the root path, as Chainlit's own variables name port and path."""
    port = os.environ.get("CHAINLIT_PORT", "8000")
    path = os.environ.get("CHAINLIT_ROOT_PATH", "")
    try:
        urllib.request.urlopen(
            f"http://127.0.0.1:{port}{path}/health/live", timeout=TIMEOUT_S
        ).close()
    except OSError as exc:
        sys.exit(f"It does not answer: {exc}.")


if __name__ == "__main__":
    main()
