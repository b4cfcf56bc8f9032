"""What several rooms need. Imports nothing of the house."""
