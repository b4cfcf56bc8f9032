"""The store on SQLite: a file, its connections, and its copies."""
