"""Files that are accepted and whose storage does not take them yet, on disk until it does."""
