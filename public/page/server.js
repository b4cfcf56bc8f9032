// The server's address, with the prefix under which it may be mounted.
const ROOT = new URL("../../", import.meta.url);

/** The URL of a path of the server. */
export const urlOf = (path) => new URL(path, ROOT).href;

/** Whether an address is one of this server's. */
export const isOurs = (url) => url.startsWith(ROOT.href);

/** The reply as an object, null where there is none: the page does without. */
export async function fetchJson(path) {
  try {
    const reply = await fetch(urlOf(path));
    return reply.ok ? await reply.json() : null;
  } catch {
    return null;
  }
}
