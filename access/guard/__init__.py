"""What is checked before somebody touches something: owners, and what sockets send."""
