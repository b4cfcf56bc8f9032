"""What was accepted and is not stored yet, on disk: it outlives the process."""
