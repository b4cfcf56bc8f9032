"""One turn of a conversation: the prompt, the answer, and what follows on it."""
