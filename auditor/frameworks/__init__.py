"""The language of those who must report: controls of frameworks, and what an audit says about each."""
