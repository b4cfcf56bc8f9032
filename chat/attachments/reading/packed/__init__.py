"""Archives, and the files within a file."""
