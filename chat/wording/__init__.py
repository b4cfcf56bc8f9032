"""What people read and choose: starters, commands, profiles, settings, notices, sentences."""
