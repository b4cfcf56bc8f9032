"""AUTH_MODE=header: a reverse proxy signs people in, and says who they are."""
