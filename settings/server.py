"""The server: where it listens, by which name it is called, and what it tells operators."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field

from common.configuration.setting_types import (
    MetricsToken,
    Names,
    Networks,
    PublicAddress,
    RootPath,
)


class ServerSettings(BaseModel):
    """Addresses, certificates, cookies, metrics, logs."""

    # The server reads this one itself.
    forwarded_allow_ips: str = "127.0.0.1"
    # Chainlit reads these itself.
    chainlit_host: str = "127.0.0.1"
    chainlit_port: int = Field(default=8_000, ge=1, le=65_535)
    chainlit_root_path: RootPath = ""
    chainlit_url: PublicAddress = ""
    chainlit_ssl_cert: Path | None = None
    chainlit_ssl_key: Path | None = None
    chainlit_auth_cookie_name: str = "access_token"
    chainlit_cookie_samesite: Literal["lax", "strict"] = "lax"
    hsts_max_age_s: int = Field(default=0, ge=0)

    metrics_token: MetricsToken | None = None
    metrics_allow_ips: Networks = ()

    log_format: Literal["text", "json"] = "text"
    log_debug: Names = ()

    @property
    def address(self) -> str:
        """Where a browser of this computer finds the page."""
        scheme = "https" if self.chainlit_ssl_cert else "http"
        return f"{scheme}://localhost:{self.chainlit_port}{self.chainlit_root_path}"
