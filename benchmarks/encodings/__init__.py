"""Which encoding a text is in: the texts to measure with, and where the tables come from."""
