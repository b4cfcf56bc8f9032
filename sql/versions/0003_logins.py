"""Accounts, and the sessions of those who signed in."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "login_accounts",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("identifier", sa.Text(), nullable=False),
        sa.Column("changedAt", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("passwordHash", sa.Text()),
        sa.Column("issuer", sa.Text()),
        sa.Column("subject", sa.Text()),
        sa.PrimaryKeyConstraint("key", name="pk_login_accounts"),
        sa.UniqueConstraint("issuer", "subject", name="uq_login_accounts_issuer_subject"),
    )
    op.create_table(
        "login_sessions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("identifier", sa.Text(), nullable=False),
        sa.Column("createdAt", sa.Text(), nullable=False),
        sa.Column("expiresAt", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("ended", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_login_sessions"),
    )
    op.create_index("ix_login_sessions_identifier", "login_sessions", ["identifier"])
    op.create_index("ix_login_sessions_expiresAt", "login_sessions", ["expiresAt"])
    op.create_index(
        "ix_login_sessions_ended",
        "login_sessions",
        ["ended"],
        sqlite_where=sa.text("ended IS NOT NULL"),
        postgresql_where=sa.text("ended IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_table("login_sessions")
    op.drop_table("login_accounts")
