"""The contract of every store, and the stores."""
