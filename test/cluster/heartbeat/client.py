import sys

from healthchecks_io import Client

# Pings a heartbeat with the client library of Healthchecks: client.py <ping URL> <key> <token>
ping_url, key, token = sys.argv[1:]

client = Client(api_key="", ping_key=key, ping_url=ping_url)
print(client.start_ping(uuid=token))
print(client.success_ping(uuid=token, data="by token"))
print(client.success_ping(slug="backup", data="by slug"))
print(client.exit_code_ping(3, slug="backup"))
print(client.fail_ping(uuid=token))
try:
    client.success_ping(slug="unknown")
except Exception as error:
    print(type(error).__name__)
