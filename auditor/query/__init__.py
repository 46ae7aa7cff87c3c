"""Answers to questions about an estate: flow, nsg, reach, access."""
