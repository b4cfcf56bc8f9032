"""`manage.py doctor`."""
