// The menu of a conversation in the sidebar, for the keyboard and for screen readers: Chainlit's button
// of it can be pointed at, and is nothing else.
import { onChange } from "../address.js";
import { make, makeIcon } from "../elements.js";
import { inLanguage } from "../language.js";

const CLASS = "keepchat-thread-menu";
const DOTS = "M5 12h.01M12 12h.01M19 12h.01";
const NAME = { en: "Pin, move, rename or delete: {name}", zh: "置顶、移动、重命名或删除：{name}" };

/** Put a button beside each conversation, which is seen when it has the focus. */
export function offerThreadMenus() {
  onChange(() => {
    for (const its of document.querySelectorAll("#thread-options")) offer(its, its.closest("li"));
  });
}

function offer(its, line) {
  const button = line.querySelector(`:scope > .${CLASS}`) ?? addButton(line);
  const ariaLabel = inLanguage(NAME, { name: line.querySelector("a").textContent });
  const ariaExpanded = String(its.dataset.state === "open");
  if (button.ariaLabel !== ariaLabel) button.ariaLabel = ariaLabel;
  if (button.ariaExpanded !== ariaExpanded) button.ariaExpanded = ariaExpanded;
}

function addButton(line) {
  const id = `keepchat-menu-${line.id}`; // by which the focus finds it where the line moves
  const button = make("button", { id, type: "button", className: CLASS });
  button.ariaHasPopup = "menu";
  button.append(makeIcon(DOTS));
  button.addEventListener("click", () => {
    // Opened by a key, the menu has its first line chosen.
    const key = new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true });
    line.querySelector("#thread-options").dispatchEvent(key);
  });
  line.append(button);
  return button;
}
