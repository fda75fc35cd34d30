"""The local stack: the whole product on a laptop, started by one command (`python -m infra.local`).

Does what AWS does around the functions: the gateway, the schedule, the stream. Owns no logic of the product.
"""
