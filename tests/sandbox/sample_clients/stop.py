# The sample "Python" of the vendor's page "device/connect/stop"; the test puts in host and ids.
# ruff: noqa
# fmt: off
import requests
import json
import os

headers = {
    "developerkey": os.environ["REMOTEIT_DEVELOPER_KEY"],
    # Created using the login API
    "token": os.environ["REMOTEIT_TOKEN"]
}
body = {
    "deviceaddress": "your_device_address",
    "connectionid": "your_connection_id"
}

url = "https://api.remot3.it/apv/v27/device/connect/stop"

response = requests.post(url, data=json.dumps(body), headers=headers)
response_body = response.json()

print("Status Code: %s" % response.status_code)
print("Raw Response: %s" % response.raw)
print("Body: %s" % response_body)
