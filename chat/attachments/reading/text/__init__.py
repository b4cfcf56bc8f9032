"""Which encoding the bytes of a text are in.

docs/files.md says how it is found.
"""
