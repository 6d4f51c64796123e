"""From bytes to handlers and back: HTTP, mail, and who may come in."""
