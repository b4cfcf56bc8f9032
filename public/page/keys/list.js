// The list of the keys.
import { isModalOpen, makeDialog } from "../dialogs.js";
import { make } from "../elements.js";
import { inLanguage } from "../language.js";
import { areOn, keysOf, turn } from "./own.js";

const ID = "keepchat-shortcuts";
export const TITLE = { en: "Keyboard shortcuts", zh: "键盘快捷键" };
const CLOSE = { en: "Close", zh: "关闭" };
const USE = { en: "Use these keys", zh: "使用这些快捷键" };

/** Open it, or close it where it is open. */
export function toggleList(shortcuts) {
  const open = document.querySelector(`#${ID}[open]`); // one that was just closed is there for a moment
  if (open) return open.close();
  if (isModalOpen()) return;
  const dialog = makeDialog(ID, inLanguage(TITLE));
  dialog.append(makeHead(dialog), makeTable(shortcuts), makeSwitch());
  dialog.showModal();
}

function makeHead(dialog) {
  const close = make("button", { type: "button", textContent: inLanguage(CLOSE), autofocus: true });
  close.addEventListener("click", () => dialog.close());
  const head = make("header", {});
  head.append(make("h2", { textContent: inLanguage(TITLE) }), close);
  return head;
}

function makeTable(shortcuts) {
  const table = make("table", {});
  table.append(...shortcuts.map(makeRow));
  return table;
}

function makeRow(shortcut) {
  const row = make("tr", {});
  const keys = make("td", {});
  keys.append(make("kbd", { textContent: keysOf(shortcut) }));
  if (shortcut.key === "/") keys.append(" ", make("kbd", { textContent: "?" }));
  row.append(make("th", { scope: "row", textContent: inLanguage(shortcut) }), keys);
  return row;
}

function makeSwitch() {
  const label = make("label", {});
  const box = make("input", { type: "checkbox", checked: areOn() });
  box.addEventListener("change", () => turn(box.checked));
  label.append(box, inLanguage(USE));
  return label;
}
