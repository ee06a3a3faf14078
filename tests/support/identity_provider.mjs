// npm's oidc-provider on loopback: one client, people who sign in by name alone, groups as FILE says at that moment.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import Provider from "../../.venv/node/node_modules/oidc-provider/lib/index.js";

const [port, back, file] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const provider = new Provider(issuer, {
  clients: [{ client_id: "panel", client_secret: "panel-secret", redirect_uris: [back] }],
  claims: { openid: ["sub"], profile: ["preferred_username"], email: ["email"], groups: ["groups"] },
  scopes: ["openid", "profile", "email", "groups"],
  pkce: { required: () => true },
  features: { devInteractions: { enabled: true } },
  findAccount: (_context, id) => ({
    accountId: id,
    claims: () => ({ sub: `sub-of-${id}`, preferred_username: id, email: `${id}@example.com`, ...JSON.parse(readFileSync(file)) }),
  }),
});
createServer(provider.callback()).listen(Number(port), "127.0.0.1", () => console.log("ready"));
