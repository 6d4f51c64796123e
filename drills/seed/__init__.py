"""Seeds: estates of many customers, and changes that people make behind the tool."""
