"""Causes: findings that one change closes, what the change is called, and the change in four languages."""
