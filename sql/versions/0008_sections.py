"""Where the sidebar lists threads: the main list, a folder or the archive, pinned ones first."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    # Constant defaults: no row is touched, however many there are.
    no, main = sa.false(), ""
    op.add_column("threads", sa.Column("pinned", sa.Boolean(), server_default=no, nullable=False))
    op.add_column("threads", sa.Column("section", sa.Text(), server_default=main, nullable=False))
    newest = [sa.text(f'"{name}" DESC') for name in ("pinned", "updatedAt", "id")]
    op.create_index("ix_threads_section", "threads", ["userId", "section", *newest])


def downgrade() -> None:
    op.drop_index("ix_threads_section", "threads")
    op.drop_column("threads", "section")
    op.drop_column("threads", "pinned")
