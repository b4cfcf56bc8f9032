"""Messages: as they are sent, in mailboxes, and as Outlook keeps them."""
