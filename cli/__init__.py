"""The code of the operator commands, `manage.py`."""
