"""Images, and what holds one."""
