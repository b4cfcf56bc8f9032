"""What the rules ask of a table, and what they change in it."""
