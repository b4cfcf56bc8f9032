// The dialog of the search: what is typed, and below it the conversations that contain it.
import { isModalOpen, makeDialog } from "../dialogs.js";
import { make, makeIcon } from "../elements.js";
import { inLanguage } from "../language.js";
import { Finder } from "./finder.js";
import { Results } from "./results.js";
import { openAt } from "./there.js";

const ID = "keepchat-search";
const MAGNIFIER = "M11 4a7 7 0 1 0 0 14a7 7 0 1 0 0-14M16 16l4.5 4.5";
const CROSS = "M6 6l12 12M18 6L6 18";
const TEXTS = {
  title: { en: "Search conversations", zh: "搜索对话" },
  list: { en: "Conversations", zh: "对话" },
  close: { en: "Close", zh: "关闭" },
  recent: { en: "Recent conversations", zh: "最近的对话" },
  none: { en: "No conversation contains “{query}”.", zh: "没有对话包含“{query}”。" },
  all: { en: "{count} found", zh: "找到 {count} 个对话" },
  latest: { en: "The latest {count} that were found", zh: "找到的最近 {count} 个对话" },
  empty: { en: "There is no conversation yet.", zh: "还没有对话。" },
  away: {
    en: "The history cannot be reached at the moment. It appears as soon as it can.",
    zh: "目前无法读取历史记录，恢复后会自动显示。",
  },
};
const STEPS = { ArrowDown: 1, ArrowUp: -1, PageDown: 5, PageUp: -5 };
const QUOTES = /[\s"“”„«»「」『』]/g;
const say = (name, values) => inLanguage(TEXTS[name], values);

/** Open the dialog, or close it where it is open. */
export function toggleSearch() {
  const open = document.querySelector(`#${ID}[open]`);
  if (open) return open.close();
  if (isModalOpen()) return;
  const dialog = makeDialog(ID, say("title"));
  fill(dialog);
  dialog.showModal();
}

function fill(dialog) {
  const input = makeInput();
  const status = make("p", { role: "status" });
  const list = make("ul", { id: `${ID}-list`, role: "listbox", ariaLabel: say("list") });
  const finder = new Finder((found) => show(found, { status, list, results }));
  const results = new Results(input, list, {
    more: () => finder.more(),
    open: (hit) => {
      dialog.close();
      openAt(hit);
    },
  });
  input.addEventListener("input", () => finder.find(wordsOf(input.value)));
  input.addEventListener("keydown", (event) => onKey(event, results));
  dialog.addEventListener("close", () => finder.stop());
  dialog.addEventListener("click", ({ target }) => target === dialog && dialog.close());
  dialog.append(makeHead(dialog, input), status, list);
  finder.find("");
}

// A quote that is typed first is the beginning of a phrase, and looks for nothing yet.
const wordsOf = (text) => (text.replace(QUOTES, "") ? text.trim() : "");

function makeInput() {
  const input = make("input", {
    type: "text",
    role: "combobox",
    ariaLabel: say("title"),
    placeholder: say("title"),
    ariaExpanded: "false",
    ariaAutoComplete: "list",
    autocomplete: "off",
    spellcheck: false,
    enterKeyHint: "search",
    maxLength: 1000,
    autofocus: true,
  });
  input.setAttribute("aria-controls", `${ID}-list`);
  return input;
}

function makeHead(dialog, input) {
  const close = make("button", { type: "button", title: say("close"), ariaLabel: say("close") });
  close.append(makeIcon(CROSS));
  close.addEventListener("click", () => dialog.close());
  const head = make("header", {});
  head.append(makeIcon(MAGNIFIER), input, close);
  return head;
}

function onKey(event, results) {
  if (event.isComposing) return; // the key chooses what is written
  if (event.key in STEPS) results.move(STEPS[event.key]);
  else if (event.key === "Enter") results.openChosen();
  else return;
  event.preventDefault();
}

function show({ query, hits, from, isWhole, failed, isAway }, { status, list, results }) {
  if (failed) {
    status.textContent = isAway ? say("away") : failed;
    results.show([]);
  } else {
    status.textContent = sayFound(query, hits.length, isWhole);
    results.show(hits, { from });
  }
}

function sayFound(query, count, isWhole) {
  if (!count) return query ? say("none", { query }) : say("empty");
  if (!query) return say("recent");
  return say(isWhole ? "all" : "latest", { count });
}
