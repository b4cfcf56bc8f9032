"""What a person wants always, beside who they are."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

ID = sa.Text().with_variant(sa.UUID(as_uuid=False), "postgresql")
JSON = sa.Text().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "user_preferences",
        sa.Column("userId", ID, nullable=False),
        sa.Column("preferences", JSON, nullable=False),
        sa.Column("fieldRevisions", JSON, nullable=False),
        sa.PrimaryKeyConstraint("userId", name="pk_user_preferences"),
        sa.ForeignKeyConstraint(
            ["userId"], ["users.id"], name="fk_user_preferences_userId", ondelete="CASCADE"
        ),
    )


def downgrade() -> None:
    op.drop_table("user_preferences")
