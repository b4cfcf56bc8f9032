// Lines of our own in the menu of the user, before what signs out.
import { onChange } from "./address.js";
import { make } from "./elements.js";

const MENU = '[role="menu"][data-state="open"]';
// Whoever uses the program alone comes in by its link: there is nobody to sign in again as.
const IS_PERSONAL = "keepchatPersonal" in document.documentElement.dataset;
const STEPS = { ArrowDown: 1, ArrowUp: -1 };

/** Offer something in the menu, below what was offered before. */
export function offerInMenu(id, text, open) {
  onChange(() => {
    const isOpen = document.querySelector('#user-nav-button[data-state="open"]');
    const menu = isOpen && document.querySelector(MENU);
    if (!menu || document.getElementById(id)) return;
    const item = makeItem(id, text, open);
    const first = menu.querySelector('[role="menuitem"]:not(.keepchat-menu-item)');
    if (first) first.before(item);
    else menu.append(item);
    if (first && IS_PERSONAL) first.style.display = "none";
    requestAnimationFrame(() => beginAtTop(menu, first));
    menu.addEventListener("keydown", move, true);
  });
}

// A key that opens the menu leads to its first line: Chainlit's own would be the one that signs out.
function beginAtTop(menu, first) {
  if (first && document.activeElement === first) menu.querySelector(".keepchat-menu-item").focus();
}

function makeItem(id, textContent, open) {
  const className =
    "keepchat-menu-item relative flex cursor-pointer select-none items-center rounded-sm px-2 py-1.5 text-sm";
  const item = make("div", { id, role: "menuitem", tabIndex: -1, className, textContent });
  item.addEventListener("click", open);
  item.addEventListener("pointermove", () => item.focus());
  item.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault(); // else the button of the menu, which has the focus then, opens it again
    open();
  });
  return item;
}

// Chainlit's menu knows its own lines alone.
function move(event) {
  if (!(event.key in STEPS)) return;
  const all = [...event.currentTarget.querySelectorAll('[role="menuitem"]')];
  const items = all.filter((item) => item.checkVisibility());
  const here = items.indexOf(document.activeElement);
  const next = here < 0 && event.key === "ArrowUp" ? -1 : here + STEPS[event.key];
  items.at(next % items.length).focus();
  event.preventDefault();
  event.stopPropagation();
}
