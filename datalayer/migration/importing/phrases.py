"""What is said of odd rows of any import, in the plan and afterwards."""

FUTURE = (
    "{table}: times ahead of this computer's clock; what is changed in Keepchat counts as "
    "later; are both right?"
)
GONE = "{table}: deleted in Keepchat; they stay deleted"
LEFT = "{table}: rows that cannot be held"
NO_OWNER = "threads: without a user; nobody can list them, as before"
NO_USER = "users: without an identifier; they cannot be held"
REFUSED = "{table}: the same id has another thread or owner in Keepchat; they are not imported"
REJECTED = "{table}: with a value that the database refuses"
STEP_LEFT = "{table}: of a step that cannot be held"
THREAD_LEFT = "{table}: in a thread that cannot be held"
