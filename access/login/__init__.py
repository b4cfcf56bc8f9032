"""Who may come in: one way at a time, as AUTH_MODE says."""
