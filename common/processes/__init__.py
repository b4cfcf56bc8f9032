"""Processes: those we start, what they have to themselves, and how they end."""
