"""Password hashing, signing keys and sealed values. Knows no user, no table and no HTTP."""
