// The button that saves the conversation, among Chainlit's own in the header.
import { currentView, onChange } from "./address.js";
import { make, makeIcon } from "./elements.js";
import { inLanguage } from "./language.js";
import { urlOf } from "./server.js";

const ID = "keepchat-export";
const ICON = "M12 4v11M7 10.5l5 5 5-5M5 20h14";

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
  const name = inLanguage({ en: "Save as Markdown", zh: "存为 Markdown" });
  const href = urlOf(`keepchat/export/${thread}.md`);
  const button = make("a", { id: ID, href, download: "", title: name, ariaLabel: name });
  button.dataset.thread = thread;
  button.append(makeIcon(ICON));
  return button;
}
