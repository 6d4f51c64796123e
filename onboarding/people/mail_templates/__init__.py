"""The built-in mail templates (docs/invitations.md). A file of the same name in the reseller's own folder wins."""
