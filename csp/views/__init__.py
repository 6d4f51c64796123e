"""How things are shown: tables, pages, reports, progress."""
