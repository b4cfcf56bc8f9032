"""What Chainlit does with requests: its routes, its page, its logins."""
