"""The tables, defined once. Names are Chainlit's, so that its SQLAlchemy layer can read them."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    desc,
    false,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, BIT, JSONB
from sqlalchemy.types import TypeEngine

from datalayer.stores.sql.ngrams import SIGNATURE_BITS
from datalayer.stores.sql.types import Id, JsonText, ShowInput

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = MetaData(naming_convention=NAMING)

_JSON: TypeEngine[Any] = JsonText().with_variant(JSONB(none_as_null=True), "postgresql")
_LABELS: TypeEngine[Any] = JsonText().with_variant(ARRAY(Text), "postgresql")


def _thread_id() -> Column[str]:
    return Column(
        "threadId", Id, ForeignKey("threads.id", ondelete="CASCADE"), nullable=False, index=True
    )


users = Table(
    "users",
    metadata,
    Column("id", Id, primary_key=True),
    Column("identifier", Text, nullable=False, unique=True),
    Column("metadata", _JSON, nullable=False),
    Column("createdAt", Text),
    # What another program kept of the user, as an adoption finds it.
    Column("extra", _JSON),
    # The newest write that made the user or said something of them, and that of the metadata.
    Column("revision", BigInteger),
    Column("metadataRevision", BigInteger),
)

# What a person wants always: read by itself, as it is long and seldom asked for.
user_preferences = Table(
    "user_preferences",
    metadata,
    Column("userId", Id, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("preferences", _JSON, nullable=False),
    # The revision of each key, of those that were removed, too.
    Column("fieldRevisions", _JSON, nullable=False),
)

threads = Table(
    "threads",
    metadata,
    Column("id", Id, primary_key=True),
    Column("createdAt", Text),
    Column("updatedAt", Text),
    Column("name", Text),
    Column("userId", Id, ForeignKey("users.id", ondelete="CASCADE")),
    Column("userIdentifier", Text),
    Column("tags", _LABELS),
    Column("metadata", _JSON),
    Column("extra", _JSON),
    # The revisions of name, tags and each key of the metadata.
    Column("fieldRevisions", _JSON),
    # What is in it: a step with such a feedback, a favourite (`flags.py`).
    Column("liked", Boolean),
    Column("disliked", Boolean),
    Column("starred", Boolean),
    # Where the sidebar lists it, as the metadata say (`datalayer/sections.py`).
    Column("pinned", Boolean, nullable=False, server_default=false()),
    Column("section", Text, nullable=False, server_default=""),
)
_BY_ACTIVITY = (threads.c.userId, desc(threads.c.updatedAt), desc(threads.c.id))
Index("ix_threads_activity", *_BY_ACTIVITY)
Index(
    "ix_threads_section",
    threads.c.userId,
    threads.c.section,
    desc(threads.c.pinned),
    desc(threads.c.updatedAt),
    desc(threads.c.id),
)
for _name in ("liked", "disliked", "starred"):
    Index(
        f"ix_threads_{_name}",
        *_BY_ACTIVITY,
        sqlite_where=text(f"{_name} = 1"),
        postgresql_where=text(_name),
    )

steps = Table(
    "steps",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Text),
    Column("type", Text),
    _thread_id(),
    # No foreign key: a step may arrive before its parent, or outlive it.
    Column("parentId", Id, index=True),
    Column("streaming", Boolean),
    Column("waitForAnswer", Boolean),
    Column("isError", Boolean),
    Column("metadata", _JSON),
    Column("tags", _LABELS),
    Column("input", Text),
    Column("output", Text),
    Column("createdAt", Text),
    Column("start", Text),
    Column("end", Text),
    Column("generation", _JSON),
    Column("showInput", ShowInput),
    Column("language", Text),
    Column("command", Text),
    Column("modes", _JSON),
    Column("defaultOpen", Boolean),
    Column("autoCollapse", Boolean),
    Column("favorite", Boolean),
    Column("extra", _JSON),
    Column("revision", BigInteger),
    # The revisions of the fields that are not from the newest write; 0 for one never given.
    Column("fieldRevisions", _JSON),
    # The revision of the oldest write: the order of creation.
    Column("sequence", BigInteger),
    Column("hidden", Boolean),
)
Index(
    "ix_steps_favorite",
    steps.c.threadId,
    sqlite_where=text("favorite = 1"),
    postgresql_where=text("favorite"),
)

elements = Table(
    "elements",
    metadata,
    Column("id", Id, primary_key=True),
    _thread_id(),
    Column("type", Text),
    Column("url", Text),
    Column("chainlitKey", Text),
    Column("name", Text),
    Column("display", Text),
    Column("objectKey", Text),
    Column("size", Text),
    Column("page", Integer),
    Column("language", Text),
    Column("forId", Id, index=True),
    Column("mime", Text),
    Column("props", _JSON),
    Column("autoPlay", Boolean),
    Column("playerConfig", _JSON),
    Column("extra", _JSON),
    Column("ready", Boolean, nullable=False, server_default=true()),
    Column("contentLength", BigInteger),
    Column("sha256", Text),
    Column("revision", BigInteger),
    Column("fieldRevisions", _JSON),
    Column("sequence", BigInteger),
)

feedbacks = Table(
    "feedbacks",
    metadata,
    Column("id", Id, primary_key=True),
    Column("forId", Id, nullable=False, unique=True),
    _thread_id(),
    Column("value", Integer, nullable=False),
    Column("comment", Text),
    Column("extra", _JSON),
    Column("revision", BigInteger),
)

# What was deleted, kept for ever, so that nothing brings it back.
tombstones = Table(
    "tombstones",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("revision", BigInteger, nullable=False),
)

# Files whose rows are gone and whose bytes a background worker still has to remove.
removals = Table(
    "removals",
    metadata,
    Column("objectKey", Text, primary_key=True),
    Column("revision", BigInteger, nullable=False, index=True),
)

# Rows of an adopted database that no table can hold, whole.
leftovers = Table(
    "leftovers",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("content", _JSON, nullable=False),
)

# The folded text of thread names and step outputs, for the search: `kind` is `thread` or `step`.
search_entries = Table(
    "search_entries",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", Text, primary_key=True),
    _thread_id(),
    Column("text", Text, nullable=False),
    # PostgreSQL: the transaction that wrote it, until it is in the index (`search_index.py`).
    Column("pending", BigInteger),
)
# Some texts of a thread: their ids and ngrams (`ngrams.py`). On PostgreSQL alone: where it is said,
# `info` names the one database that has a table.
search_parts = Table(
    "search_parts",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    _thread_id(),
    Column("characters", Integer, nullable=False),
    Column("entries", ARRAY(Id), nullable=False),
    Column("grams", ARRAY(Integer), nullable=False),
    Column("signature", BIT(SIGNATURE_BITS), nullable=False),
    info={"dialect": "postgresql"},
)
Index("ix_search_parts_grams", search_parts.c.grams, postgresql_using="gin")
Index(
    "ix_search_entries_pending",
    search_entries.c.threadId,
    sqlite_where=text("pending IS NOT NULL"),
    postgresql_where=text("pending IS NOT NULL"),
)

# What maintenance goes through all rows for: the version that they have, and the last row that was
# brought to the next one, while that is under way.
maintenance = Table(
    "maintenance",
    metadata,
    Column("task", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("position", Text),
)

# Who may sign in, and the sessions of those who did. Names that Chainlit and others hardly give to
# tables of their own in the same database.
login_accounts = Table(
    "login_accounts",
    metadata,
    Column("key", Text, primary_key=True),
    Column("identifier", Text, nullable=False),
    Column("changedAt", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("passwordHash", Text),
    Column("issuer", Text),
    Column("subject", Text),
    UniqueConstraint("issuer", "subject"),
)
login_sessions = Table(
    "login_sessions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("identifier", Text, nullable=False, index=True),
    Column("createdAt", Text, nullable=False),
    Column("expiresAt", Text, nullable=False, index=True),
    Column("mode", Text, nullable=False),
    Column("client", Text, nullable=False),
    Column("address", Text, nullable=False),
    # The number of its ending: greater than those of all that ended before.
    Column("ended", BigInteger),
)
Index(
    "ix_login_sessions_ended",
    login_sessions.c.ended,
    sqlite_where=text("ended IS NOT NULL"),
    postgresql_where=text("ended IS NOT NULL"),
)

# What processes tell each other of running answers: of no worth after a crash, and on PostgreSQL
# not logged.
running_replicas = Table(
    "running_replicas",
    metadata,
    Column("id", Id, primary_key=True),
    Column("until", BigInteger, nullable=False),
)
running_answers = Table(
    "running_answers",
    metadata,
    Column("turn", Id, primary_key=True),
    # No foreign key: an answer may be told of before its thread is stored.
    Column("threadId", Id, nullable=False),
    Column("replica", Id, nullable=False),
    Column("owner", Text, nullable=False),
    Column("stepIds", _LABELS, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("ended", BigInteger),
    Column("stopAsked", Boolean, nullable=False, server_default=false()),
    Column("watchedUntil", BigInteger, nullable=False, server_default="0"),
)
