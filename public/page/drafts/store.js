// Where drafts are kept: in the browser, one for each user, place and tab. A place is a conversation,
// or the new one. What a tab has left that is closed goes to the one that opens its place next.
import { openTabs, tabName } from "./tab.js";

const PREFIX = "keepchat-draft/";
const KEPT_MS = 30 * 24 * 60 * 60 * 1000;

const beginOf = (user) => `${PREFIX}${encodeURIComponent(user)}/`;
const keyOf = (user, place, tab) => `${beginOf(user)}${place}/${tab}`;

/** This tab's draft of a place. */
export const read = (user, place) => parse(keyOf(user, place, tabName()));

/** Keep a draft, null for none. */
export function write(user, place, draft) {
  const key = keyOf(user, place, tabName());
  if (!draft) return localStorage.removeItem(key);
  try {
    localStorage.setItem(key, JSON.stringify({ ...draft, at: Date.now() }));
  } catch {
    localStorage.removeItem(key); // the browser has no room for it: better none than an older one
  }
}

/** Make the newest draft that no open tab has of a place this tab's, and return it. */
export async function adopt(user, place) {
  const open = await openTabs();
  const begin = keyOf(user, place, "");
  const left = keys(begin).filter((key) => !open.has(key.slice(begin.length)));
  const [key] = left.sort((a, b) => (parse(b)?.at ?? 0) - (parse(a)?.at ?? 0));
  const draft = key && parse(key);
  if (!draft) return undefined;
  localStorage.removeItem(key);
  write(user, place, draft);
  return draft;
}

/** Forget all tabs' drafts of a place. */
export const forgetPlace = (user, place) => drop(keys(keyOf(user, place, "")));

/** Forget all tabs' drafts of a user's places but one. */
export function forgetPlacesBut(user, place) {
  const kept = keyOf(user, place, "");
  drop(keys(beginOf(user)).filter((key) => !key.startsWith(kept)));
}

/** Forget what others have left who used this browser, and what is very old. */
export function forgetOthers(user) {
  const isOld = (key) => !(parse(key)?.at > Date.now() - KEPT_MS);
  drop(keys(PREFIX).filter((key) => !key.startsWith(beginOf(user)) || isOld(key)));
}

/** Forget all that is kept of anybody. */
export const forgetAll = () => drop(keys(PREFIX));

/** The ids of all files that are named in drafts. */
export const namedFiles = () => new Set(keys(PREFIX).flatMap((key) => parse(key)?.files ?? []).map(({ id }) => id));

const keys = (begin) => Object.keys(localStorage).filter((key) => key.startsWith(begin));

function drop(found) {
  for (const key of found) localStorage.removeItem(key);
}

function parse(key) {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? undefined;
  } catch {
    return undefined;
  }
}
