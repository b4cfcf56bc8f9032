"""Who may come in (`login`), and what they may touch (`guard`)."""
