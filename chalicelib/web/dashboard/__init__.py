"""The dashboard: pages by which operators do what the Management API does. One module per noun; docs/dashboard.md."""
