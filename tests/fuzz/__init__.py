"""Searches for what breaks the auditor: `make fuzz`, and a bounded part of it in every run of the tests."""
