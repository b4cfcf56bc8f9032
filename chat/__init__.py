"""A conversation: its turns, the models, attached files, and what people read."""
