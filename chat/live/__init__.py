"""Answers that run, who watches them, and what is noted at them: here and in other processes."""
