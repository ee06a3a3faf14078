// The sample "Node (JavaScript)" of the vendor's page "device/connect/stop"; the test puts in host and ids.
const axios = require("axios");

const developerkey = process.env.REMOTEIT_DEVELOPER_KEY;
const token = process.env.REMOTEIT_TOKEN;
const deviceaddress = process.env.REMOTEIT_DEVICE_ADDRESS;
const connectionid = process.env.REMOTEIT_CONNECTION_ID;

axios
  .post(
    "https://api.remot3.it/apv/v27/device/connect/stop",
    { deviceaddress,
      connectionid 
    },
    {
      headers: {
        developerkey,
        token
      }
    }
  )
  .then(response => {
    console.log("Status Code:", response.status);
    console.log("Body:", response.data);
  })
  .catch(error => {
    console.log(error);
  });
