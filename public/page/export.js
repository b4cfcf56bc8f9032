// The button that saves the conversation, among Chainlit's own in the header.
import { currentView, onChange } from "./address.js";
import { inLanguage } from "./language.js";
import { urlOf } from "./server.js";

const ID = "keepchat-export";
const ICON = `<svg viewBox="0 0 24 24" width="16" height="16" fill="none" stroke="currentColor"
  stroke-width="2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
  <path d="M12 4v11M7 10.5l5 5 5-5M5 20h14"/></svg>`;

export function offerExport() {
  onChange(() => {
    const { view, thread } = currentView();
    document.documentElement.dataset.keepchatView = view;
    const buttons = document.querySelector("#header > :last-child");
    const button = document.getElementById(ID);
    if (!thread || !buttons) button?.remove();
    else if (!button) buttons.prepend(makeButton(thread));
    else if (button.dataset.thread !== thread) button.replaceWith(makeButton(thread));
  });
}

function makeButton(thread) {
  const button = document.createElement("a");
  const name = inLanguage({ en: "Save as Markdown", zh: "存为 Markdown" });
  button.id = ID;
  button.dataset.thread = thread;
  button.href = urlOf(`keepchat/export/${thread}.md`);
  button.download = "";
  button.title = name;
  button.setAttribute("aria-label", name);
  button.innerHTML = ICON;
  return button;
}
