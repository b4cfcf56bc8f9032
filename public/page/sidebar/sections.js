// Above the list: which section of the conversations it shows, and what can be done with it.
import { onChange } from "../address.js";
import { make, makeIcon } from "../elements.js";
import { inLanguage } from "../language.js";
import { onTold } from "../told.js";
import { deleteAll } from "./deleting.js";
import { removeFolder, renameFolder } from "./folders.js";
import { ARCHIVE, folderOf, MAIN, sectionOf, showSection, shownSection } from "./history.js";
import { knownFolders, onFolders, refreshFolders } from "./known.js";

const ID = "keepchat-sections";
const DOTS = "M5 12h.01M12 12h.01M19 12h.01";
const TEXTS = {
  shown: { en: "Which conversations are listed", zh: "列出哪些对话" },
  main: { en: "Conversations", zh: "对话" },
  folders: { en: "Folders", zh: "文件夹" },
  archive: { en: "Archive", zh: "归档" },
  more: { en: "More about the list", zh: "列表选项" },
  rename: { en: "Rename the folder…", zh: "重命名文件夹…" },
  remove: { en: "Remove the folder…", zh: "移除文件夹…" },
  deleteAll: { en: "Delete all conversations…", zh: "删除全部对话…" },
};
const say = (name) => inLanguage(TEXTS[name]);

let bar;

/** Show the choice of sections wherever the sidebar is drawn. */
export function offerSections() {
  bar = makeBar();
  onFolders(take);
  onChange(() => {
    const list = document.querySelector('[data-sidebar="content"]');
    if (!list || list.previousElementSibling === bar) return;
    list.before(bar);
    refreshFolders();
  });
  // What has just begun is in the list of all.
  onTold("keepchatThread", () => shownSection() !== MAIN && choose(MAIN));
}

// A folder that is empty is shown no more.
async function take(isKnown) {
  const shown = folderOf(shownSection());
  if (isKnown && shown && !knownFolders().includes(shown)) await choose(MAIN);
  else draw();
}

async function choose(section) {
  const done = showSection(section);
  draw();
  await done;
}

function makeBar() {
  const select = make("select", { ariaLabel: say("shown") });
  select.addEventListener("change", () => choose(select.value));
  const more = make("button", { type: "button", title: say("more"), ariaLabel: say("more") });
  more.append(makeIcon(DOTS));
  const menu = make("div", { popover: "auto", id: `${ID}-menu` });
  more.popoverTargetElement = menu;
  menu.addEventListener("toggle", ({ newState }) => newState === "open" && open(menu, more));
  menu.addEventListener("click", () => menu.hidePopover());
  const made = make("div", { id: ID });
  made.append(select, more, menu);
  return made;
}

function open(menu, button) {
  const folder = folderOf(shownSection());
  const lines = [make("button", lineOf("deleteAll", deleteAll, "keepchat-danger-text"))];
  if (folder) {
    const ofFolder = { rename: renameFolder, remove: removeFolder };
    const own = Object.entries(ofFolder).map(([name, act]) => lineOf(name, () => act(folder)));
    lines.unshift(...own.map((line) => make("button", line)));
  }
  menu.replaceChildren(...lines);
  const { bottom, right } = button.getBoundingClientRect();
  menu.style.top = `${bottom + 4}px`;
  menu.style.left = `${Math.max(8, right - menu.offsetWidth)}px`;
  menu.firstElementChild.focus();
}

const lineOf = (name, onclick, className = "") => ({
  type: "button",
  textContent: say(name),
  onclick,
  className,
});

function draw() {
  const select = bar.firstChild;
  const folders = knownFolders();
  const options = folders.map((folder) => option(sectionOf(folder), folder));
  const group = make("optgroup", { label: say("folders") });
  group.append(...options);
  select.replaceChildren(
    option(MAIN, say("main")),
    ...(options.length ? [group] : []),
    option(ARCHIVE, say("archive")),
  );
  const section = shownSection();
  // A folder that is not known yet, as its conversation is on its way into it.
  if (folderOf(section) && !folders.includes(folderOf(section))) {
    select.append(option(section, folderOf(section)));
  }
  select.value = section;
}

const option = (value, textContent) => make("option", { value, textContent });
