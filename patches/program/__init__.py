"""What Chainlit makes of the program: its event loop, its tasks, its end."""
