"""The Authentication API: tokens, discovery and keys."""
