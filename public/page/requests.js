// Faults of Chainlit's page in what follows its requests.
import { addLine } from "./elements.js";
import { waitingForHistory } from "./history.js";
import { inLanguage } from "./language.js";
import { isOurs, urlOf } from "./server.js";

const REOPENED_MS = 1000;
const READ_MS = 15_000;
const DIALOG_PAGE = 20; // threads; the sidebar asks for more
const NOT_SHARED = {
  en: "This conversation is not shared, or not any more.",
  zh: "此对话未分享，或已取消分享。",
};

export function mendRequests() {
  const send = window.fetch.bind(window);
  const inTurn = oneAfterTheOther(send);
  const openShared = sayingWhatFailed(send);
  const signIn = sayingWhyNot(send);
  const search = answeringTheLast(waitingForHistory(send, { onlyLast: true }));
  const list = waitingForHistory(send);
  window.fetch = (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    if (url.endsWith("/set-session-cookie")) return inTurn(input, init);
    if (url.endsWith("/login")) return signIn(input, init);
    if (url.endsWith("/logout")) return signingOut();
    if (url.endsWith("/project/thread") && init?.method === "DELETE") {
      return leavingIt(send, input, init);
    }
    if (url.includes("/project/share/")) return openShared(input, init);
    if (url.endsWith("/project/threads")) return (isSearch(init) ? search : list)(input, init);
    return send(input, init);
  };
}

// A page opened by a link connects twice, first without its thread, each time after this reply.
// Were the first reply the later one, the page would wait for its thread for ever.
function oneAfterTheOther(send) {
  let last = Promise.resolve();
  return (...request) => {
    const reply = last.then(() => send(...request));
    last = reply.catch(() => {});
    return reply;
  };
}

// The dialog of the search asks for its first page anew at each pause in typing, and shows whatever
// comes last: the answer to "ib" stayed when it came after that to "ibis".
function isSearch(init) {
  return JSON.parse(init.body).pagination?.first === DIALOG_PAGE;
}

function answeringTheLast(send) {
  let last;
  return async (...request) => {
    const mine = (last = send(...request));
    let reply = await mine;
    for (let newest = mine; newest !== last; ) {
      newest = last;
      reply = await newest;
    }
    return reply.clone();
  };
}

// While a thread that is open is being deleted, the page opens it once more, and would stay there.
async function leavingIt(send, input, init) {
  const thread = JSON.parse(init.body).threadId;
  const isOpen = () => location.pathname.endsWith(`/thread/${thread}`);
  const wasOpen = isOpen();
  const reply = await send(input, init);
  if (wasOpen && reply.ok) setTimeout(() => isOpen() && location.replace(urlOf("")), REOPENED_MS);
  return reply;
}

// The page would call it a wrong password when there were too many attempts, or the database is away.
function sayingWhyNot(send) {
  let line;
  return async (input, init) => {
    const reply = await returning(send, input, init);
    line?.remove();
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

// Signing out may lead elsewhere, too: another page does it.
function signingOut() {
  location.replace(urlOf("public/leaving.html"));
  return new Promise(() => {}); // the page is on its way out
}

// Who opens the link of what is not shared would find the empty page, and no word about it. The page
// may ask more than once: there is one line, read for so long after the last answer.
function sayingWhatFailed(send) {
  let line;
  let reading;
  return async (...request) => {
    const reply = await send(...request);
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
