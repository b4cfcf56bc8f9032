"""Saves and deletes, as functions of a connection in a transaction."""
