"""The real program in a real browser, answered by a scripted model over real HTTP."""
