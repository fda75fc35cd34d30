"""The grant types of the token endpoint, one module each: what differs between them, and nothing else."""
