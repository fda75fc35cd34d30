"""OAuth 2.0 and OpenID Connect, step by step: tokens, grants and discovery."""
