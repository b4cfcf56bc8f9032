"""What is said of odd rows of an import, in the plan and afterwards."""

SCHEMA = "the schema of Chainlit's official layer"

DELETED = "{table}: deleted in Chainlit; they are not imported"
FUTURE = (
    "{table}: times ahead of this computer's clock; what is changed in Keepchat counts as "
    "later; are both right?"
)
IN_DELETED = "{table}: in threads that are deleted in Chainlit; nothing is done with them"
GONE = "{table}: deleted in Keepchat; they stay deleted"
LEFT = "{table}: rows that cannot be held"
LINKED = (
    "elements: with a link and a file's key; the link is shown, as Chainlit did, and the key goes "
    "to `extra`"
)
NO_FILE = "elements: without a file, for Chainlit's layer had no storage; only their names are kept"
NO_HOME = "{table}: without a thread; they cannot be held"
NO_USER = "users: without an identifier; they cannot be held"
REFUSED = "{table}: the same id has another thread or owner in Keepchat; they are not imported"
REJECTED = "{table}: with a value that the database refuses"
NO_OWNER = "threads: without a user; nobody can list them, as before"
STILL_HERE = "threads: deleted in Chainlit, still in Keepchat"
STEP_LEFT = "{table}: of a step that cannot be held"
THREAD_LEFT = "{table}: in a thread that cannot be held"
UNKNOWN = "{table}.{column}: a column that Keepchat does not have goes to `{target}`"
UNKNOWN_OF_USER = "users.{column}: a column that Keepchat does not have is left out"
ZONE = "the database's own time zone, {zone}, is not known here; its times are taken for UTC"
