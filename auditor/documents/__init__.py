"""What one ARM document says: typed views, with Azure's defaults for what is absent."""
