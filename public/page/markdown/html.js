// The few elements of HTML that models use and that can do nothing, made of what would be shown as
// text. They have no attributes, whatever was said; all other HTML stays text.
import { CURSOR } from "./code.js";
import { cutAtFormulas } from "./scan.js";
import { element } from "./tree.js";

const TAG = /<(\/?)(details|summary|br|sub|sup|kbd|mark|u)(\s+open(?:="")?)?\s*\/?>/gi;
const EMPTY = "br";
const BLOCK = "details"; // which may miss its end, as while it is being written

/** The plugin that makes them. */
export const makeHtml = () => (tree) => make(tree);

/** What is folded is Markdown, also where no line is left free around it. */
export const freeFolded = (text) =>
  text
    .replace(/(<\/summary>)[ \t]*\n(?=[ \t]*\S)/gi, "$1\n\n")
    .replace(/(\S[ \t]*)\n([ \t]*<\/details>)/gi, "$1\n\n$2");

function make(parent) {
  if (!parent.children) return;
  for (const child of parent.children) make(child);
  if (!parent.children.some((child) => child.type === "raw")) return;
  const open = [{ children: [] }];
  for (const child of parent.children) {
    if (child.type === "raw") addRaw(open, child.value);
    else open.at(-1).children.push(child);
  }
  while (open.length > 1) giveUp(open);
  parent.children = open[0].children;
}

function addRaw(open, html) {
  let done = 0;
  for (const match of html.matchAll(TAG)) {
    addText(open, html.slice(done, match.index));
    addTag(open, match);
    done = match.index + match[0].length;
  }
  addText(open, html.slice(done));
}

function addTag(open, [tag, slash, name, isOpen]) {
  const tagName = name.toLowerCase();
  if (tagName === EMPTY) open.at(-1).children.push(element(EMPTY, {}));
  else if (tagName === "summary" && !open.some(isFolded)) addText(open, tag);
  else if (!slash) open.push({ ...element(tagName, isOpen ? { open: true } : {}), tag });
  else if (open.some((each) => each.tagName === tagName)) close(open, tagName);
  else addText(open, tag);
}

function close(open, tagName) {
  while (open.at(-1).tagName !== tagName) giveUp(open);
  const { tag: _tag, ...closed } = open.pop();
  open.at(-1).children.push(closed);
}

const isFolded = ({ tagName }) => tagName === BLOCK;

// What has no end was not meant as such.
function giveUp(open) {
  const { tag, ...left } = open.pop();
  open.at(-1).children.push(...(isFolded(left) ? [left] : [{ type: "text", value: tag }, ...left.children]));
}

function addText(open, value) {
  if (!value.trim() && !value.includes(CURSOR)) return;
  const { tagName, children } = open.at(-1);
  const pieces = tagName === "summary" ? cutAtFormulas(value) : [value];
  children.push(...pieces.map((piece) => (piece.tex ? formula(piece) : text(piece.source ?? piece))));
}

const text = (value) => ({ type: "text", value });

// What is HTML is not looked at for formulas before, which may be in what unfolds a proof.
const formula = ({ tex, source }) =>
  element("span", { className: ["math", "math-inline"], dataSource: source }, tex);
