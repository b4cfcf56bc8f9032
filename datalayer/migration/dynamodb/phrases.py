"""What is said of a table of Chainlit's DynamoDB layer, in the plan and afterwards."""

SCHEMA = "a table of Chainlit's DynamoDB layer"

DATES = (
    "Chainlit's layer dates a user anew at each login, and a thread at each change: a user is as "
    "old as the last login, a thread as its first message, if that is older"
)
AFTERWARDS = (
    "Chainlit's own layer cannot read the table once it is adopted; only a backup from before, "
    "on-demand or by point-in-time recovery, brings it back"
)
CHANGING = (
    "The table {address} is still being written by a program with Chainlit's own layer. Stop it, "
    "and run this again: what is adopted stays so."
)
CHANGED = (
    "the table was changed while it was read; stop the old program, or run the import again: "
    "nothing is doubled"
)
EMPTY = "{table}: items without any content; they cannot be held"
GONE_ON = "an adoption that was interrupted is gone on with; what it had done is not among these"
KEPT = "rows that cannot be held are kept in the table, as items of LEFTOVER"
NO_KEY = (
    "elements: without a file's key; the file is looked for where Chainlit's layer puts it, at "
    "user/thread/element"
)
NO_NAME = "threads: without a name, which broke the list of Chainlit's layer; they are listed again"
NO_STEP = (
    "{table}: of steps that do not exist, which broke their threads for Chainlit's layer; they "
    "cannot be held, and the threads open again"
)
OTHERS = "items that Chainlit's layer did not make; nothing is done with them"
UNKNOWN = "{table}.{name}: an attribute that Keepchat does not have goes to `{target}`"
UNKNOWN_OF_USER = "users.{name}: an attribute that Keepchat does not have is left out"
