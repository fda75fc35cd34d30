"""The HTTP edge. `surface` decodes, authorizes, calls, renders and renders errors; beside it one module a resource."""
