"""The search: what threads say, as chunks that are built when a thread is quiet."""
