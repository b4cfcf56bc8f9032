"""Work beside other work: in threads, as tasks, once for all, and again where it failed."""
