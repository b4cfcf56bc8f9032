"""The code of the operator commands, and the parts put together from the settings."""
