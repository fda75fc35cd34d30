"""The pages on which people sign in, sign up, choose a password and consent. Speaks HTML and forms, not JSON."""
