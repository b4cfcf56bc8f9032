"""What the short cut of saves verifies, and how far maintenance of the search is."""

from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

FUNCTIONS = Path(__file__).parents[1] / "functions"


def upgrade() -> None:
    made = op.create_table(
        "maintenance",
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("position", sa.Text()),
        sa.PrimaryKeyConstraint("task", name="pk_maintenance"),
    )
    op.bulk_insert(made, [{"task": "folding", "version": 1, "position": None}])
    replace_function("0002")


def downgrade() -> None:
    op.drop_table("maintenance")
    if on_postgres():
        op.execute("DROP FUNCTION keepchat_save")
    replace_function("0001")


def on_postgres() -> bool:
    return op.get_context().dialect.name == "postgresql"


def replace_function(version: str) -> None:
    if on_postgres():
        op.execute((FUNCTIONS / f"keepchat_save_{version}.sql").read_text(encoding="utf-8"))
