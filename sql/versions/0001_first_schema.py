"""The first schema: Chainlit's tables and columns, and what 2.12 and our promises need besides."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0001"
down_revision: str | None = None
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

SAVE = Path(__file__).parents[1] / "functions" / "keepchat_save_0001.sql"

ID = sa.Text().with_variant(sa.UUID(as_uuid=False), "postgresql")
JSON = sa.Text().with_variant(postgresql.JSONB(), "postgresql")
LABELS = sa.Text().with_variant(postgresql.ARRAY(sa.Text()), "postgresql")


def upgrade() -> None:
    op.create_table(
        "removals",
        sa.Column("objectKey", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("objectKey", name="pk_removals"),
    )
    op.create_index("ix_removals_revision", "removals", ["revision"], unique=False)
    op.create_table(
        "leftovers",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("content", JSON, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_leftovers"),
    )
    op.create_table(
        "tombstones",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "id", name="pk_tombstones"),
    )
    op.create_table(
        "users",
        sa.Column("id", ID, nullable=False),
        sa.Column("identifier", sa.Text(), nullable=False),
        sa.Column("metadata", JSON, nullable=False),
        sa.Column("createdAt", sa.Text()),
        sa.Column("extra", JSON),
        sa.Column("revision", sa.BigInteger()),
        sa.Column("metadataRevision", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("identifier", name="uq_users_identifier"),
    )
    op.create_table(
        "threads",
        sa.Column("id", ID, nullable=False),
        sa.Column("createdAt", sa.Text()),
        sa.Column("updatedAt", sa.Text()),
        sa.Column("name", sa.Text()),
        sa.Column("userId", ID),
        sa.Column("userIdentifier", sa.Text()),
        sa.Column("tags", LABELS),
        sa.Column("metadata", JSON),
        sa.Column("extra", JSON),
        sa.Column("fieldRevisions", JSON),
        sa.Column("liked", sa.Boolean()),
        sa.Column("disliked", sa.Boolean()),
        sa.Column("starred", sa.Boolean()),
        sa.ForeignKeyConstraint(
            ["userId"], ["users.id"], name="fk_threads_userId", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_threads"),
    )
    by_activity: list[str | sa.ColumnElement[Any]] = [
        "userId",
        sa.literal_column('"updatedAt" DESC'),
        sa.literal_column("id DESC"),
    ]
    op.create_index("ix_threads_activity", "threads", by_activity, unique=False)
    for name in ("liked", "disliked", "starred"):
        op.create_index(
            f"ix_threads_{name}",
            "threads",
            by_activity,
            unique=False,
            sqlite_where=sa.text(f"{name} = 1"),
            postgresql_where=sa.text(name),
        )
    op.create_table(
        "elements",
        sa.Column("id", ID, nullable=False),
        sa.Column("threadId", ID, nullable=False),
        sa.Column("type", sa.Text()),
        sa.Column("url", sa.Text()),
        sa.Column("chainlitKey", sa.Text()),
        sa.Column("name", sa.Text()),
        sa.Column("display", sa.Text()),
        sa.Column("objectKey", sa.Text()),
        sa.Column("size", sa.Text()),
        sa.Column("page", sa.Integer()),
        sa.Column("language", sa.Text()),
        sa.Column("forId", ID),
        sa.Column("mime", sa.Text()),
        sa.Column("props", JSON),
        sa.Column("autoPlay", sa.Boolean()),
        sa.Column("playerConfig", JSON),
        sa.Column("extra", JSON),
        sa.Column("ready", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("contentLength", sa.BigInteger()),
        sa.Column("sha256", sa.Text()),
        sa.Column("revision", sa.BigInteger()),
        sa.Column("fieldRevisions", JSON),
        sa.Column("sequence", sa.BigInteger()),
        sa.ForeignKeyConstraint(
            ["threadId"], ["threads.id"], name="fk_elements_threadId", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_elements"),
    )
    op.create_index("ix_elements_forId", "elements", ["forId"], unique=False)
    op.create_index("ix_elements_threadId", "elements", ["threadId"], unique=False)
    op.create_table(
        "feedbacks",
        sa.Column("id", ID, nullable=False),
        sa.Column("forId", ID, nullable=False),
        sa.Column("threadId", ID, nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.Column("comment", sa.Text()),
        sa.Column("extra", JSON),
        sa.Column("revision", sa.BigInteger()),
        sa.ForeignKeyConstraint(
            ["threadId"], ["threads.id"], name="fk_feedbacks_threadId", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_feedbacks"),
        sa.UniqueConstraint("forId", name="uq_feedbacks_forId"),
    )
    op.create_index("ix_feedbacks_threadId", "feedbacks", ["threadId"], unique=False)
    op.create_table(
        "search_entries",
        sa.Column("id", ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("threadId", ID, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column(
            "pending",
            sa.BigInteger(),
            server_default=sa.text("txid_current()") if on_postgres() else None,
        ),
        sa.ForeignKeyConstraint(
            ["threadId"], ["threads.id"], name="fk_search_entries_threadId", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", "kind", name="pk_search_entries"),
    )
    op.create_index("ix_search_entries_threadId", "search_entries", ["threadId"], unique=False)
    op.create_index(
        "ix_search_entries_pending",
        "search_entries",
        ["threadId"],
        unique=False,
        sqlite_where=sa.text("pending IS NOT NULL"),
        postgresql_where=sa.text("pending IS NOT NULL"),
    )
    op.create_table(
        "steps",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.Text()),
        sa.Column("type", sa.Text()),
        sa.Column("threadId", ID, nullable=False),
        sa.Column("parentId", ID),
        sa.Column("streaming", sa.Boolean()),
        sa.Column("waitForAnswer", sa.Boolean()),
        sa.Column("isError", sa.Boolean()),
        sa.Column("metadata", JSON),
        sa.Column("tags", LABELS),
        sa.Column("input", sa.Text()),
        sa.Column("output", sa.Text()),
        sa.Column("createdAt", sa.Text()),
        sa.Column("start", sa.Text()),
        sa.Column("end", sa.Text()),
        sa.Column("generation", JSON),
        sa.Column("showInput", sa.Text()),
        sa.Column("language", sa.Text()),
        sa.Column("command", sa.Text()),
        sa.Column("modes", JSON),
        sa.Column("defaultOpen", sa.Boolean()),
        sa.Column("autoCollapse", sa.Boolean()),
        sa.Column("favorite", sa.Boolean()),
        sa.Column("extra", JSON),
        sa.Column("revision", sa.BigInteger()),
        sa.Column("fieldRevisions", JSON),
        sa.Column("sequence", sa.BigInteger()),
        sa.ForeignKeyConstraint(
            ["threadId"], ["threads.id"], name="fk_steps_threadId", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_steps"),
    )
    op.create_index(
        "ix_steps_favorite",
        "steps",
        ["threadId"],
        unique=False,
        sqlite_where=sa.text("favorite = 1"),
        postgresql_where=sa.text("favorite"),
    )
    op.create_index("ix_steps_parentId", "steps", ["parentId"], unique=False)
    op.create_index("ix_steps_threadId", "steps", ["threadId"], unique=False)
    if on_postgres():
        create_search_parts()
        op.execute(SAVE.read_text(encoding="utf-8"))


def on_postgres() -> bool:
    return op.get_context().dialect.name == "postgresql"


def create_search_parts() -> None:
    op.create_table(
        "search_parts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("threadId", ID, nullable=False),
        sa.Column("characters", sa.Integer(), nullable=False),
        sa.Column("entries", postgresql.ARRAY(ID), nullable=False),
        sa.Column("grams", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("signature", postgresql.BIT(15_872), nullable=False),
        sa.ForeignKeyConstraint(
            ["threadId"], ["threads.id"], name="fk_search_parts_threadId", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_search_parts"),
    )
    op.create_index("ix_search_parts_threadId", "search_parts", ["threadId"], unique=False)
    # What is new waits in a list of at most so many kB; maintenance empties it.
    op.create_index(
        "ix_search_parts_grams",
        "search_parts",
        ["grams"],
        unique=False,
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": 32768},
    )
    # Numbers that are all different do not become smaller by compression. A signature is at hand.
    for column, storage in (("grams", "EXTERNAL"), ("signature", "MAIN")):
        op.execute(f"ALTER TABLE search_parts ALTER COLUMN {column} SET STORAGE {storage}")


def downgrade() -> None:
    if on_postgres():
        op.execute("DROP FUNCTION keepchat_save")
        op.drop_table("search_parts")
    for table in (
        "search_entries",
        "feedbacks",
        "elements",
        "steps",
        "threads",
        "users",
        "removals",
        "leftovers",
        "tombstones",
    ):
        op.drop_table(table)
