"""The way of a write to the store, and what goes on in the background."""
