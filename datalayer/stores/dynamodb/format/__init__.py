"""What is in the table: keys, items and their bodies. Pure."""
