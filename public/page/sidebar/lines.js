// The lines of a conversation's menu that are ours. Chainlit's menu draws them, so that its keys know
// them like its own.
import { inLanguage } from "../language.js";
import { chooseFolder } from "./folders.js";
import { isArchived, isPinned, toggleArchive, togglePin } from "./place.js";

const TEXTS = {
  pin: { en: "Pin", zh: "置顶" },
  unpin: { en: "Unpin", zh: "取消置顶" },
  move: { en: "Move to a folder…", zh: "移至文件夹…" },
  archive: { en: "Archive", zh: "归档" },
  restore: { en: "Bring back", zh: "取消归档" },
};
const ICONS = {
  pin: "M12 17v5M9 10.8V4h6v6.8l3 3.2v3H6v-3z",
  move: "M3 6a1 1 0 0 1 1-1h5l2 3h9a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1z",
  archive: "M3 4h18v4H3zM5 8v11a1 1 0 0 0 1 1h12a1 1 0 0 0 1-1V8M10 12h4",
};

/** The lines of a thread's menu, made by Chainlit's own parts. */
export function lines(thread, Item, jsx) {
  const line = (id, name, icon, act) => {
    const onClick = (event) => {
      event.stopPropagation();
      act(thread);
    };
    const children = [inLanguage(TEXTS[name]), drawIcon(jsx, ICONS[icon])];
    return jsx(Item, { id: `${id}-thread`, onClick, children }, id);
  };
  const isPut = isArchived(thread);
  return [
    !isPut && line("pin", isPinned(thread) ? "unpin" : "pin", "pin", togglePin),
    line("move", "move", "move", chooseFolder),
    line("archive", isPut ? "restore" : "archive", "archive", toggleArchive),
  ];
}

function drawIcon(jsx, d) {
  const path = jsx("path", { d });
  return jsx("svg", {
    viewBox: "0 0 24 24",
    fill: "none",
    stroke: "currentColor",
    strokeWidth: 2,
    strokeLinecap: "round",
    strokeLinejoin: "round",
    "aria-hidden": true,
    className: "ml-auto",
    children: path,
  });
}
