"""What Gatehouse is: tenants, users, connections, clients and their history, in plain Python.

One module per noun. Each holds the entity, what can be done with it, and the protocol of the store it needs. Nothing
here knows HTTP, DynamoDB or any library beyond Python's own.
"""
