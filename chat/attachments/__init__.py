"""What a user attaches to a message, as it goes to the model."""
