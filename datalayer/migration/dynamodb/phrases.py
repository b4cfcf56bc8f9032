"""What is said of a table of Chainlit's DynamoDB layer, in the plan and afterwards."""

SCHEMA = "a table of Chainlit's DynamoDB layer"

DATES = (
    "Chainlit's layer dates a user anew at each login, and a thread at each change: a user is as "
    "old as the last login, a thread as its first message, if that is older"
)
CHANGED = (
    "the table was changed while it was read; stop the old program, or run the import again: "
    "nothing is doubled"
)
EMPTY = "{table}: items without any content; they cannot be held"
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
