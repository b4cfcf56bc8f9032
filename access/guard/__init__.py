"""What is checked before somebody touches something: owners, limits, and what sockets send."""
