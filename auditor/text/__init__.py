"""Text for people and programs, made harmless."""
