"""A conversation to save."""
