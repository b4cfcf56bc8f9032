// Faults of Chainlit's page in what follows its requests.
import { forgetDraftOf, forgetDrafts } from "./drafts/drafts.js";
import { addLine } from "./elements.js";
import { waitingForHistory } from "./history.js";
import { inLanguage } from "./language.js";
import { isOurs, urlOf } from "./server.js";
import { takeShared } from "./shared.js";
import { forgetSection, ofSection } from "./sidebar/history.js";
import { keepingTexts } from "./translations.js";

const REPLIED_MS = 5000;
const FORGOTTEN_MS = 1000;
const AGAIN_MS = 3000;
const READ_MS = 15_000;
const SEARCH_PAGE = 20; // threads; the sidebar asks for more
const NO_THREADS = { pageInfo: { hasNextPage: false }, data: [] };
// Chainlit's page looks up what it says in the form by this, and asks for nothing else.
const WRONG_PASSWORD = { status: 401, statusText: "credentialsSignin" };
const NOT_SHARED = {
  en: "This conversation is not shared, or not any more.",
  zh: "此对话未分享，或已取消分享。",
};

const AWAY = {
  en: "This conversation cannot be read at the moment. It opens by itself as soon as it can.",
  zh: "目前无法读取此对话，恢复后会自动打开。",
};

export function mendRequests() {
  const send = window.fetch.bind(window);
  const inTurn = oneAfterTheOther(send);
  const openShared = sayingWhatFailed(send);
  const signIn = sayingWhyNot(send);
  const list = ofSection(waitingForHistory(send));
  const texts = keepingTexts(send);
  window.fetch = (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    if (url.endsWith("/set-session-cookie")) return inTurn(input, init);
    if (url.endsWith("/login")) return signIn(input, init);
    if (url.endsWith("/logout")) return signingOut();
    if (url.endsWith("/project/thread") && init?.method === "DELETE") {
      return forgettingIt(send, input, init);
    }
    if (url.includes("/project/translations")) return texts(input, init);
    if (url.includes("/project/share/")) return openShared(input, init);
    if (url.endsWith("/project/threads")) return isSearch(init) ? findingNone() : list(input, init);
    return send(input, init);
  };
}

// A page opened by a link connects twice, first without its thread, each time after this reply.
// Were the first reply the later one, or lost on its way, the page would wait for its thread for ever.
function oneAfterTheOther(send) {
  let last = Promise.resolve();
  return (...request) => {
    const reply = last.then(() => untilReplied(send, ...request));
    last = reply.catch(() => {});
    return reply;
  };
}

async function untilReplied(send, input, init) {
  for (;;) {
    try {
      return await send(input, { ...init, signal: AbortSignal.timeout(REPLIED_MS) });
    } catch (error) {
      if (error.name !== "TimeoutError") throw error;
    }
  }
}

// Chainlit's search asks for its first page as the page is loaded; ours is opened in its place.
function isSearch(init) {
  return JSON.parse(init.body).pagination?.first === SEARCH_PAGE;
}

const findingNone = async () => Response.json(NO_THREADS);

async function forgettingIt(send, input, init) {
  const reply = await send(input, init);
  if (reply.ok) forgetDraftOf(JSON.parse(init.body).threadId);
  return reply;
}

// The page would call it a wrong password when there were too many attempts, or the database is away.
function sayingWhyNot(send) {
  let line;
  return async (input, init) => {
    const reply = await returning(send, input, init);
    line?.remove();
    if (reply.status === 401) return new Response(null, WRONG_PASSWORD);
    if (reply.status !== 429 && reply.status !== 503) return reply;
    line = addLine("warning", (await reply.clone().json()).detail);
    line.setAttribute("role", "alert");
    return reply;
  };
}

// Who opens a link and has to sign in first would end up on the empty page.
async function returning(send, input, init) {
  const reply = await send(input, init);
  const wanted = document.referrer;
  if (!reply.ok || !isOurs(wanted) || wanted.endsWith("/login")) return reply;
  location.replace(wanted);
  return new Promise(() => {}); // the page is on its way out
}

// Signing out may lead elsewhere, too: another page does it. What was written stays with nobody.
function signingOut() {
  forgetSection();
  const leave = () => location.replace(urlOf("public/leaving.html"));
  Promise.race([forgetDrafts(), waiting(FORGOTTEN_MS)]).finally(leave);
  return new Promise(() => {}); // the page is on its way out
}

const waiting = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Who opens the link of what is not shared would find the empty page, and no word about it. The page
// may ask more than once: there is one line, read for so long after the last answer. What cannot be
// read at the moment is waited for.
function sayingWhatFailed(send) {
  let line;
  let reading;
  return async (...request) => {
    const reply = await reached(send, request);
    if (reply.ok) reply.clone().json().then(takeShared, () => {}); // the page is left
    if (reply.status !== 404) return reply;
    if (!line?.isConnected) {
      line = addLine("warning", inLanguage(NOT_SHARED));
      line.setAttribute("role", "alert");
    }
    clearTimeout(reading);
    reading = setTimeout(() => line.remove(), READ_MS);
    return reply;
  };
}

async function reached(send, request) {
  let reply = await send(...request);
  if (reply.status !== 503) return reply;
  const line = addLine("warning", inLanguage(AWAY));
  line.setAttribute("role", "alert");
  while (reply.status === 503) {
    await waiting(AGAIN_MS);
    reply = await send(...request).catch(() => reply);
  }
  line.remove();
  return reply;
}
