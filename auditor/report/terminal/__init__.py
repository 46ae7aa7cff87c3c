"""The report for a person at a terminal: what fits a screen, and everything where it is asked for."""
