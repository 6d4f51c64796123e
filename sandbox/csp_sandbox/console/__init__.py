"""Web pages for people: ION's management console, the mailboxes, Microsoft's acceptance pages."""
