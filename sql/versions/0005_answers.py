"""What processes tell each other of answers that are on their way."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

ID = sa.Text().with_variant(sa.UUID(as_uuid=False), "postgresql")


def upgrade() -> None:
    op.create_table(
        "running_replicas",
        sa.Column("id", ID, nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_running_replicas"),
    )
    op.create_table(
        "running_answers",
        sa.Column("turn", ID, nullable=False),
        sa.Column("threadId", ID, nullable=False),
        sa.Column("replica", ID, nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column(
            "stepIds", sa.Text().with_variant(ARRAY(sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("ended", sa.BigInteger()),
        sa.Column("stopAsked", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("watchedUntil", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("turn", name="pk_running_answers"),
    )
    if op.get_context().dialect.name == "postgresql":
        # Nobody needs it after a crash: it is neither logged nor waited for.
        op.execute("ALTER TABLE running_replicas SET UNLOGGED")
        op.execute("ALTER TABLE running_answers SET UNLOGGED")


def downgrade() -> None:
    op.drop_table("running_answers")
    op.drop_table("running_replicas")
