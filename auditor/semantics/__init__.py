"""What Azure's settings mean: pure questions with exact answers."""
