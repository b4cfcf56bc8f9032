// What is shared, for those who read it: its name, who shares it and since when, that it can only be
// read, and a way to go on with it in a copy of one's own.
import { currentView, onChange } from "./address.js";
import { make } from "./elements.js";
import { inLanguage, LOCALE } from "./language.js";
import { ask, urlOf } from "./server.js";

const UNTITLED = { en: "Untitled conversation", zh: "未命名对话" };
const BY = { en: "Shared by {name} on {date} · Read only", zh: "由 {name} 于 {date} 分享 · 只读" };
const OWN = { en: "Shared by you on {date} · Read only", zh: "由您于 {date} 分享 · 只读" };
const CONTINUE = { en: "Continue this conversation", zh: "继续此对话" };
const WHAT = { en: "Makes a copy of your own, with its files", zh: "为您创建一份副本，包括文件" };
const OPEN = { en: "Open this conversation", zh: "打开此对话" };
const COPYING = { en: "Copying …", zh: "正在复制…" };

const CLASS = "keepchat-shared";
const PLACE = "main .flex.w-full.flex-col.flex-grow.relative.overflow-y-auto";

let shared; // as the server has told it
let head; // what is drawn of it

/** Draw it above the messages, wherever the page draws those. */
export function showShared() {
  onChange(place);
}

/** Learn what is shared. */
export function takeShared(told) {
  shared = told;
  head?.remove();
  head = makeHead(told);
  place();
}

function place() {
  if (!head) return;
  const { view, thread } = currentView();
  const home = view === "share" && thread === shared.id && document.querySelector(PLACE);
  if (!home) return head.remove();
  head.style.maxWidth = home.querySelector(":scope > .mx-auto")?.style.maxWidth ?? "";
  if (home.firstElementChild !== head) home.prepend(head);
}

function makeHead({ id, name, sharedBy, sharedAt, isOwn }) {
  const date = new Date(sharedAt).toLocaleDateString(LOCALE, { dateStyle: "long" });
  const about = make("div", {});
  const title = name || inLanguage(UNTITLED);
  about.append(
    make("h1", { textContent: title, title, dir: "auto" }),
    make("p", { textContent: inLanguage(isOwn ? OWN : BY, { name: sharedBy, date }) }),
  );
  const made = make("header", { className: CLASS });
  made.append(about, isOwn ? makeLink(id) : makeButton(id));
  return made;
}

const makeLink = (id) => make("a", { href: urlOf(`thread/${id}`), textContent: inLanguage(OPEN) });

function makeButton(id) {
  const button = make("button", {
    type: "button",
    textContent: inLanguage(CONTINUE),
    title: inLanguage(WHAT),
  });
  button.addEventListener("click", () => goOn(id, button));
  return button;
}

async function goOn(id, button) {
  if (button.ariaDisabled) return;
  button.ariaDisabled = "true"; // rather than disabled, which would take the focus away
  button.textContent = inLanguage(COPYING);
  button.parentElement.querySelector('[role="alert"]')?.remove();
  const reply = await ask("POST", `keepchat/share/${id}/copy`);
  if (reply.thread) return location.assign(urlOf(`thread/${reply.thread}`));
  button.ariaDisabled = null;
  button.textContent = inLanguage(CONTINUE);
  const line = make("p", { textContent: reply.failed });
  line.setAttribute("role", "alert");
  button.after(line);
}
