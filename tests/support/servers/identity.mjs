// A provider of identities, run by identity.py: it signs in whoever is named, without a password.
import { randomBytes } from "node:crypto";
import { Provider } from "oidc-provider";

const { port, clients, people } = JSON.parse(process.argv[2]);

const provider = new Provider(`http://localhost:${port}`, {
  clients,
  claims: {
    openid: ["sub"],
    email: ["email", "email_verified"],
    profile: ["name"],
    groups: ["groups"],
  },
  cookies: { keys: [randomBytes(32).toString("hex")] },
  features: {
    devInteractions: { enabled: true },
    rpInitiatedLogout: { enabled: true },
  },
  pkce: { required: () => true },
  findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id, ...people[id] }) }),
});

// Its pages would ask another site for a font.
provider.use(async (context, next) => {
  await next();
  if (typeof context.body === "string") {
    context.body = context.body.replace(/@import url\([^)]*\);/g, "");
  }
});

provider.listen(port, "127.0.0.1");
