"""The ways to come in, one for each value of AUTH_MODE. They do not know each other."""
