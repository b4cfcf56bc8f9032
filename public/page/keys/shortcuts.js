// Keys for what is done often. With a letter go Alt, or Control and Shift on a Mac, where Alt writes
// signs: browsers and screen readers have other uses for the rest. Whoever does not want them, or
// whose voice types, turns them off where they are listed.
import { isModalOpen } from "../dialogs.js";
import { inLanguage } from "../language.js";
import { offerInMenu } from "../menu.js";
import { toggleSearch } from "../search/dialog.js";
import { beginChat, copyAnswer, editQuestion, stop, write } from "./actions.js";
import { TITLE, toggleList } from "./list.js";
import { areOn, IS_MAC } from "./own.js";

const TYPES = 'input, textarea, select, [contenteditable="true"], [role="combobox"]';

const SHORTCUTS = [
  { key: "k", isCommand: true, does: toggleSearch, en: "Search conversations", zh: "搜索对话" },
  { key: "n", does: beginChat, en: "New chat", zh: "新对话" },
  { key: "i", does: write, en: "Go to the message box", zh: "转到输入框" },
  { key: "x", does: stop, en: "Stop the answer", zh: "停止回答" },
  { key: "c", does: copyAnswer, en: "Copy the last answer", zh: "复制最后一个回答" },
  { key: "l", does: editQuestion, en: "Edit the last question", zh: "编辑最后一个问题" },
  { key: "/", isCommand: true, does: toggleThem, en: "This list", zh: "此列表" },
];

/** Listen to them, and offer their list. */
export function offerShortcuts() {
  window.addEventListener("keydown", onKey, true); // before Chainlit's own
  offerInMenu("keepchat-shortcuts-item", inLanguage(TITLE), toggleThem);
}

function toggleThem() {
  toggleList(SHORTCUTS);
}

function onKey(event) {
  if (event.isComposing || event.repeat || !document.getElementById("header")) return;
  const shortcut = SHORTCUTS.find((each) => isOf(each, event));
  if (!shortcut) return;
  event.stopImmediatePropagation(); // Chainlit has a search of its own at the first of them
  if (!areOn()) return;
  event.preventDefault();
  if (shortcut.isCommand || !isModalOpen()) shortcut.does();
}

function isOf({ key, isCommand }, event) {
  if (key === "/" && event.key === "?" && !isTyped(event)) return true;
  if (letterOf(event) !== key) return false;
  return isCommand ? hasCommand(event) && (key === "/" || !event.shiftKey) : hasOwn(event);
}

const isTyped = ({ target, ctrlKey, altKey, metaKey }) =>
  ctrlKey || altKey || metaKey || target.closest?.(TYPES);

const hasCommand = ({ ctrlKey, metaKey, altKey }) => ctrlKey !== metaKey && !altKey;

const hasOwn = ({ ctrlKey, altKey, shiftKey, metaKey }) =>
  !metaKey && (IS_MAC ? ctrlKey && shiftKey && !altKey : altKey && !ctrlKey && !shiftKey);

// Where letters are not Latin ones, or Control or Alt makes something else of them, by the key's place.
function letterOf({ key, code }) {
  return /^[a-z/]$/i.test(key) ? key.toLowerCase() : code.replace(/^Key/, "").toLowerCase();
}
