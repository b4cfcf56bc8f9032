"""A new database has nothing that was folded otherwise than it is now, without accents.

Where there are texts maintenance folds them anew. A version of the program that folds otherwise
must not write to it any more.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.execute(
        "UPDATE maintenance SET version = 2 "
        "WHERE task = 'folding' AND NOT EXISTS (SELECT 1 FROM search_entries)"
    )


def downgrade() -> None:
    op.execute("UPDATE maintenance SET version = 0, position = NULL WHERE task = 'folding'")
