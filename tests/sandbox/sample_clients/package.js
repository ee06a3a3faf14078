// What a user of the vendor's npm package remote.it does: log in, list, connect, stop, and stop once more.
const r3 = require("remote.it").default({
  apiURL: process.env.REMOTEIT_API_URL,
  developerKey: process.env.REMOTEIT_DEVELOPER_KEY,
});

async function main() {
  await r3.user.login(process.env.REMOTEIT_USERNAME, process.env.REMOTEIT_PASSWORD);
  const devices = await r3.devices.all();
  const services = devices.flatMap(device => device.services);
  const service = services.find(one => one.type === "SSH" && one.state === "active");
  const connection = await r3.devices.connect(service);
  // The package has no verb for a stop, in any version.
  const stop = () => r3.post("/device/connect/stop", { deviceaddress: service.id, connectionid: connection.id });
  const stopped = await stop();
  const again = await stop().catch(error => error.message);
  console.log(JSON.stringify({ devices, service, connection, stopped, again }));
}

main();
