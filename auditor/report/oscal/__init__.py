"""OSCAL: assessment results of an audit; component definition and profile of a baseline."""
