"""What somebody has added to their copy of the program."""
