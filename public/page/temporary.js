// A conversation of which nothing is stored: the switch at a new one, the line that says so as long
// as it is there, and the question before it is left, since then it is gone.
import { currentView, onChange, openAddress } from "./address.js";
import { beforeSending } from "./composer.js";
import { makeDialog } from "./dialogs.js";
import { addLine, make, makeIcon } from "./elements.js";
import { inLanguage } from "./language.js";
import { ask, isHome, urlOf } from "./server.js";
import { onTold } from "./told.js";

const PATH = "keepchat/temporary";
const SWITCH = "keepchat-temporary";
const OF_TEMPORARY = "74656d70"; // how their ids begin, and no others
const LINE = "keepchat-temporary-line";
const DIALOG = "keepchat-temporary-dialog";
const ICON = "M4 5h9M16.5 5H20v5M20 13.5V16h-4M12.5 16H11l-4 4v-4H4v-3.5M4 9V5";
const NAME = { en: "Temporary chat", zh: "临时对话" };
const SAID = {
  temporary: {
    en: "Temporary chat: nothing of it is stored, nor is what you attach. It is gone when you leave or reload this page.",
    zh: "临时对话：不会存储任何内容，包括附件。离开或重新加载此页面后，对话即消失。",
  },
  gone: {
    en: "This temporary chat has ended: the page was away too long, or the server was restarted. Nothing of it is kept. Copy what you need, and begin a new conversation.",
    zh: "此临时对话已结束：页面离线太久，或服务器已重新启动。未保留任何内容。请复制您需要的内容，然后开始新对话。",
  },
};
const LEAVE = {
  question: {
    en: "This temporary chat is stored nowhere: it is gone when you leave it.",
    zh: "此临时对话未存储在任何地方：离开后即消失。",
  },
  stay: { en: "Stay", zh: "留在此处" },
  leave: { en: "Leave", zh: "离开" },
};
// What leads to another conversation within the page.
const WAYS_OUT = 'a[href*="/thread/"], #new-chat-button';

let told = { kind: "stored" };
let wanted = false; // of the conversation that begins
let over; // the session in which something was asked, or that is gone: none can be switched any more
let asked; // the session of which the server is asked
let isLeaving = false;
let line;

/** Whether the conversation that is open is one. */
export const isTemporary = () => told.kind === "temporary";

/** Whether what is written here, for a conversation of this id, is for no store, the browser's neither: a
 *  temporary one begins, goes on, or has ended. */
export const isUnstored = (id) =>
  id.startsWith(OF_TEMPORARY) || (!currentView().view && (wanted || told.kind !== "stored"));

/** Do what leads to another conversation; where this one is gone then, it is asked first. */
export const leaveBy = (go) => (isLosing() ? askToLeave(go) : go());

/** The thread of one that is open and has begun, for which there is no address. */
export const temporaryThread = () => (isLosing() ? told.thread : "");

export function offerTemporary() {
  onTold("keepchatTemporary", take);
  onChange(show);
  beforeSending(isUnsure);
  window.addEventListener("click", guard, true);
  window.addEventListener("popstate", guardAddress, true);
  window.addEventListener("beforeunload", (event) => isLosing() && event.preventDefault());
  window.addEventListener("pagehide", leave);
  window.addEventListener("pageshow", ({ persisted }) => persisted && told.kind !== "stored" && location.reload());
}

function take(news) {
  // A line that is lost at its beginning may begin the conversation anew; and who has left one may be
  // faster than the next.
  const isNext = news.session !== told.session && !currentView().view;
  const goesOn = wanted && isNext && !(isTemporary() && isOver());
  told = news;
  if (news.kind === "gone" && currentView().thread) leaveAddress();
  wanted = news.kind === "temporary" || (goesOn && news.kind === "stored");
  if (goesOn && wanted) turn(true);
  show();
}

// Chainlit's page would wait at it for its thread.
function leaveAddress() {
  history.replaceState(null, "", urlOf(""));
  dispatchEvent(new PopStateEvent("popstate"));
}

const isAsking = () => asked !== undefined && asked === told.session;
const isOver = () => over === told.session;

async function turn(on) {
  wanted = on;
  const { session } = told;
  if (isOver()) return show(); // the next one is on its way
  asked = session;
  const reply = await ask("PUT", `${PATH}/${session}`, { on });
  if (session !== told.session) return; // which another has taken the place of
  asked = undefined;
  if (reply.status === 404) over = session;
  else if (reply.failed) wanted = isTemporary();
  show();
}

const hasBegun = () => document.querySelector('[data-step-type="user_message"]') !== null;
const isUnsure = () => isAsking() || wanted !== (isTemporary());
const isLosing = () => isTemporary() && hasBegun();

// What is shown

function show() {
  const { kind } = told;
  if (hasBegun()) over = told.session;
  document.documentElement.dataset.keepchatKind = kind;
  showSwitch();
  const text = SAID[kind] && inLanguage(SAID[kind]);
  if (line?.textContent === text) return;
  line?.remove();
  line = text && addLine(kind === "gone" ? "warning" : "info", text);
  if (!line) return;
  line.id = LINE;
  line.setAttribute("role", kind === "gone" ? "alert" : "status");
}

function showSwitch() {
  const buttons = document.querySelector("#header > :last-child");
  const offered = buttons && told.session && told.kind !== "gone" && !currentView().view && !hasBegun();
  let button = document.getElementById(SWITCH);
  if (!offered) return button?.remove();
  if (!button) buttons.prepend((button = makeSwitch()));
  const checked = String(wanted);
  if (button.ariaChecked !== checked) button.ariaChecked = checked;
}

function makeSwitch() {
  const name = inLanguage(NAME);
  const button = make("button", { type: "button", id: SWITCH, role: "switch", title: name, ariaLabel: name });
  button.append(makeIcon(ICON), make("span", { textContent: name }));
  button.addEventListener("click", () => isAsking() || turn(!wanted));
  return button;
}

// How it is left

function guard(event) {
  if (isUnsure() && event.target.closest?.("#starters button")) return hold(event);
  const way = isLosing() && !isLeaving && event.target.closest?.(WAYS_OUT);
  if (!way) return;
  hold(event);
  askToLeave(() => way.click());
}

// The browser's Back has changed the address when it is heard of.
function guardAddress(event) {
  if (isLeaving || !isLosing() || isHome(location.href)) return;
  event.stopImmediatePropagation();
  const wanted = location.href;
  history.pushState(null, "", urlOf(""));
  askToLeave(() => openAddress(wanted));
}

function hold(event) {
  event.preventDefault();
  event.stopImmediatePropagation();
}

function askToLeave(act) {
  const dialog = makeDialog(DIALOG, inLanguage(NAME));
  const stay = make("button", { type: "button", textContent: inLanguage(LEAVE.stay) });
  const go = make("button", { type: "button", textContent: inLanguage(LEAVE.leave) });
  stay.addEventListener("click", () => dialog.close());
  go.addEventListener("click", () => {
    dialog.close();
    isLeaving = true;
    act();
    isLeaving = false;
  });
  const buttons = make("div", { className: "keepchat-buttons" });
  buttons.append(stay, go);
  dialog.append(make("p", { textContent: inLanguage(LEAVE.question) }), buttons);
  dialog.showModal();
}

function leave() {
  if (told.kind !== "temporary") return;
  fetch(urlOf(`${PATH}/${told.session}`), { method: "DELETE", keepalive: true });
}
