"""Files: what they are, and whose."""
