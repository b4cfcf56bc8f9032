"""Accounts and sessions in the table."""
