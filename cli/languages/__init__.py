"""`manage.py translations`."""
