#!/bin/sh
# The sample "cURL" of the vendor's page "device/connect/stop"; the test puts in host and ids.

TOKEN="your_login_token"
DEV_KEY="your_developer_key"
DEVICE_ADDRESS="your_device_address"
CONNECTION_ID="your_connection_id"

curl -X POST \
     -H "token:$TOKEN" \
     -H "developerkey:$DEV_KEY" \
     -d "{\"connectionid\":\"$CONNECTION_ID\", \
          \"deviceaddress\":\"$DEVICE_ADDRESS\" }" \
     https://api.remot3.it/apv/v27/device/connect/stop
