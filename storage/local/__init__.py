"""Storage in a folder on this machine."""
