// Signing out, on a page that nothing is sent to: the chat's own is told to load anew as soon as its
// login has ended, and would not hear where to sign out, too.
import { isOurs, urlOf } from "./server.js";

async function leave() {
  const reply = await fetch(urlOf("logout"), { method: "POST" });
  const { url } = reply.ok ? await reply.json() : {};
  location.replace(url ?? urlOf("login"));
}

// Another site's link signs nobody out.
if (isOurs(document.referrer)) leave().catch(() => location.replace(urlOf("")));
else location.replace(urlOf(""));
