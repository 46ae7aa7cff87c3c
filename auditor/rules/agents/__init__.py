"""Agents of Microsoft Foundry: their projects, connections, stores and subnet."""
