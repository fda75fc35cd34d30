"""The Management API v2: one module per resource, named as the official SDK names it."""
