"""The only room that talks to Azure, and the only one that imports its SDK."""
