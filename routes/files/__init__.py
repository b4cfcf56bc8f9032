"""Files over HTTP: up, down, and as what they are shown."""
