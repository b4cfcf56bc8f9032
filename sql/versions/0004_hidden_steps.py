"""Steps that are hidden, since an alternative is shown in their stead."""

from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

FUNCTIONS = Path(__file__).parents[1] / "functions"


def upgrade() -> None:
    # Without a default: no row is touched, however many there are.
    op.add_column("steps", sa.Column("hidden", sa.Boolean()))
    replace_function("0003")


def downgrade() -> None:
    replace_function("0002")
    op.drop_column("steps", "hidden")


def replace_function(version: str) -> None:
    if op.get_context().dialect.name == "postgresql":
        op.execute((FUNCTIONS / f"keepchat_save_{version}.sql").read_text(encoding="utf-8"))
