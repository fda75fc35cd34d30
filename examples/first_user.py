"""Create, block, read and delete a user with the official Auth0 SDK, against the local stack.

Run it with the variables of .local/gatehouse.env set; the README says how.
"""

import os

from auth0.management import ManagementClient

client = ManagementClient(
    domain=os.environ["AUTH0_DOMAIN"],
    client_id=os.environ["AUTH0_CLIENT_ID"],
    client_secret=os.environ["AUTH0_CLIENT_SECRET"],
)
user = client.users.create(
    connection="Username-Password-Authentication",
    email="ann@example.com",
    password="correct Horse battery 1",
)
client.users.update(user.user_id, blocked=True)
print(client.users.get(user.user_id).blocked)
for event in client.users.logs.list(user.user_id):
    print(event.date, event.description)
client.users.delete(user.user_id)
