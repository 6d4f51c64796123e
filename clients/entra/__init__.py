"""Microsoft Entra: OpenID discovery."""
