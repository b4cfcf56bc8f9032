"""What is set: kinds of values, and names that are nearly right."""
