"""What stands outside Gatehouse: AWS's key service and lists that libraries bring."""
