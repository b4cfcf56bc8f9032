"""Our own HTTP: files, uploads, export, sharing, and the headers of every answer."""
