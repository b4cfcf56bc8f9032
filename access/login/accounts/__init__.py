"""Accounts: their names, their passwords, and what operators do with them."""
