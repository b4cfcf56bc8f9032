"""Puts the parts together as the settings name them. Asked by app.py, manage.py and cli alone."""
