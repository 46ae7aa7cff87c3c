"""Fixes: changes applied to the estate in memory, proven by a second audit, ordered, and written in four languages."""
