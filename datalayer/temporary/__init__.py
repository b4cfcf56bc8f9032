"""Conversations of which nothing is stored: each is in memory, and gone with its page."""
