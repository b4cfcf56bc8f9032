"""What is said of odd rows of Chainlit's official layer, in the plan and afterwards."""

SCHEMA = "the schema of Chainlit's official layer"

DELETED = "{table}: deleted in Chainlit; they are not imported"
IN_DELETED = "{table}: in threads that are deleted in Chainlit; nothing is done with them"
LINKED = (
    "elements: with a link and a file's key; the link is shown, as Chainlit did, and the key goes "
    "to `extra`"
)
NO_FILE = "elements: without a file, for Chainlit's layer had no storage; only their names are kept"
NO_HOME = "{table}: without a thread; they cannot be held"
STILL_HERE = "threads: deleted in Chainlit, still in Keepchat"
UNKNOWN = "{table}.{column}: a column that Keepchat does not have goes to `{target}`"
UNKNOWN_OF_USER = "users.{column}: a column that Keepchat does not have is left out"
ZONE = "the database's own time zone, {zone}, is not known here; its times are taken for UTC"
