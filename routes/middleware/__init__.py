"""What requests meet before a route does: what is refused, limited, or added to the answer."""
