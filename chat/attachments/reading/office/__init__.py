"""Microsoft Office's files, as Office, LibreOffice, Google and other programs write them."""
