"""Gatehouse: user management behind the Auth0 APIs.

`core` is what the product is, `web` how it is spoken to, `storage` where it is kept, `crypto` and `adapters` what it
leans on; `wiring` is the only module that sees all of them.
"""
