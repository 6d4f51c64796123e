"""What people receive: mails from templates, and the package that a client gets."""
