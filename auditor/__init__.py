"""Audits an Azure OpenAI chat deployment against Microsoft's reference architecture, with proof."""

__version__ = "0.1.0"
