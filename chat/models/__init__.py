"""The models that answer: their contract, and which ones there are."""
