// The server's address, with the prefix under which it may be mounted, and what is asked of it.
import { inLanguage } from "./language.js";

const ROOT = new URL("../../", import.meta.url);
const FAILED = { en: "That did not work. Try again.", zh: "操作失败，请重试。" };

/** The URL of a path of the server. */
export const urlOf = (path) => new URL(path, ROOT).href;

const whole = (url) => `${url.split(/[?#]/)[0].replace(/\/$/, "")}/`;

/** Whether an address is one of this server's. */
export const isOurs = (url) => whole(url).startsWith(ROOT.href);

/** Whether it is that of a new conversation; below a prefix Chainlit leaves out its last slash. */
export const isHome = (url) => whole(url) === ROOT.href;

/** The reply as an object, null where there is none: the page does without. */
export async function fetchJson(path) {
  try {
    const reply = await fetch(urlOf(path));
    return reply.ok ? await reply.json() : null;
  } catch {
    return null;
  }
}

/** What the server answers to what a person wants; `failed` says in words what did not work, `status`
 *  how the server answered that. By the `signal` it can be given up. */
export async function ask(method, path, body, signal) {
  try {
    const reply = await fetch(urlOf(path), {
      method,
      headers: { "Content-Type": "application/json" },
      body: body && JSON.stringify(body),
      signal,
    });
    if (reply.status === 401) location.reload();
    const told = await reply.json();
    return reply.ok ? told : { failed: told.detail || inLanguage(FAILED), status: reply.status };
  } catch {
    return { failed: inLanguage(FAILED) };
  }
}
