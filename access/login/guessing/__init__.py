"""What stands between a login page and who tries passwords."""
