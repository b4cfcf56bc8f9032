// The button that saves the conversation, among Chainlit's own in the header, and what it offers.
import { currentView, onChange } from "./address.js";
import { make, makeIcon } from "./elements.js";
import { inLanguage } from "./language.js";
import { printThread } from "./print.js";
import { urlOf } from "./server.js";
import { temporaryThread } from "./temporary.js";

const ID = "keepchat-export";
const MENU = "keepchat-export-menu";
const ICON = "M12 4v11M7 10.5l5 5 5-5M5 20h14";
const SAVE = { en: "Save this conversation", zh: "保存此对话" };
const FORMS = { md: { en: "Markdown", zh: "Markdown" }, json: { en: "JSON", zh: "JSON" } };
const PRINT = { en: "Print", zh: "打印" };

export function offerExport() {
  onChange(() => {
    const { view, thread: stored } = currentView();
    const thread = stored || temporaryThread();
    document.documentElement.dataset.keepchatView = view;
    const buttons = document.querySelector("#header > :last-child");
    const button = document.getElementById(ID);
    if (!thread || !buttons) remove(button);
    else if (!button) buttons.prepend(makeButton(thread));
    else if (button.dataset.thread !== thread) {
      remove(button);
      buttons.prepend(makeButton(thread));
    }
  });
}

function remove(button) {
  document.getElementById(MENU)?.remove();
  button?.remove();
}

function makeButton(thread) {
  document.getElementById(MENU)?.remove();
  const menu = makeMenu(thread);
  document.body.append(menu);
  const name = inLanguage(SAVE);
  const button = make("button", { type: "button", id: ID, title: name, ariaLabel: name });
  button.dataset.thread = thread;
  button.popoverTargetElement = menu;
  button.append(makeIcon(ICON));
  menu.addEventListener("toggle", ({ newState }) => newState === "open" && open(menu, button));
  return button;
}

function makeMenu(thread) {
  const menu = make("div", { id: MENU, popover: "auto" });
  for (const [form, text] of Object.entries(FORMS)) {
    const href = urlOf(`keepchat/export/${thread}.${form}`);
    menu.append(make("a", { href, download: "", textContent: inLanguage(text) }));
  }
  const print = make("button", { type: "button", textContent: inLanguage(PRINT) });
  print.addEventListener("click", () => printThread(thread));
  menu.append(print);
  menu.addEventListener("click", () => menu.hidePopover());
  return menu;
}

// Below the button, which the header may have moved since.
function open(menu, button) {
  const { bottom, right } = button.getBoundingClientRect();
  menu.style.top = `${bottom + 4}px`;
  menu.style.left = `${Math.max(8, right - menu.offsetWidth)}px`;
  menu.firstElementChild.focus();
}
