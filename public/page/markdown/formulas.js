// Formulas in what is said: taken out of a text of Markdown before it is read, and put back as what
// Chainlit's KaTeX draws.
import { CURSOR, cutAtFences } from "./code.js";
import { freeFolded } from "./html.js";
import { cutAtFormulas } from "./scan.js";

const UNDERLINE = /^[ \t]*\n([ \t>]*)(?=(?:-+|=+)[ \t]*(?:\n|$))/;
const PUNCTUATION = /^[.,;:!?)\]’”…、。，；：！？）」』]+/;
const SHORT = 24; // characters of a formula that fits into any line
const FIRST_MARK = 0xe000; // of the characters that nobody has given a meaning

/** The plugin for the reading of Markdown. */
export function readFormulas() {
  const read = this.parser;
  this.parser = (source, file) => {
    const { text, formulas, mark } = takeOut(ending(String(source)));
    const tree = read(text, file);
    if (formulas.length) putBack(tree, formulas, mark);
    return tree;
  };
}

// Half a mark would be shown for a moment, and the end of a fence as its last line.
const ending = (source) =>
  source
    .replace(/(?<=(?:^|[^\\])(?:\\\\)*)\\\u200B$/, CURSOR)
    .replace(/(\n[ \t>]*(?:`{3,}|~{3,}))[ \t]*\u200B$/, `$1\n\n${CURSOR}`);

function takeOut(source) {
  const mark = unusedMark(source);
  const formulas = [];
  const pieces = cut(source).map((piece) => {
    if (typeof piece === "string") return piece;
    formulas.push(piece);
    return `${mark}${formulas.length - 1}${mark}`;
  });
  // A line below would make a heading of a formula.
  const text = pieces.reduce((all, piece) => {
    const isBelow = all.endsWith(mark) && UNDERLINE.test(piece);
    return all + (isBelow ? piece.replace(UNDERLINE, "\n$1\n$1") : piece);
  }, "");
  return { text, formulas, mark };
}

const cut = (source) =>
  cutAtFences(source).flatMap(({ text, isCode }) =>
    isCode ? [text] : cutAtFormulas(freeFolded(text)),
  );

function unusedMark(source) {
  let code = FIRST_MARK;
  while (source.includes(String.fromCharCode(code))) code += 1;
  return String.fromCharCode(code);
}

function putBack(tree, formulas, mark) {
  const marked = new RegExp(`${mark}(\\d+)${mark}`, "g");
  const place = (node) => {
    for (const [key, value] of Object.entries(node)) {
      if (typeof value === "string" && node.type !== "text") {
        node[key] = value.replace(marked, (_all, number) => formulas[number].source);
      }
    }
    node.children = node.children?.flatMap((child) =>
      child.type === "text" ? texts(child, marked, formulas) : [place(child)],
    );
    if (!node.children) delete node.children;
    return node;
  };
  place(tree);
  liftBlocks(tree);
}

// `split` gives what is between the marks, and the numbers in them by turns.
const texts = (node, marked, formulas) =>
  node.value
    .split(marked)
    .map((part, at) => (at % 2 ? formulaNode(formulas[part]) : { type: "text", value: part }))
    .reduce(keepTogether, [])
    .filter((each) => each.type !== "text" || each.value);

// What ends a sentence stands in the line of a short formula that it follows.
function keepTogether(nodes, node) {
  const formula = nodes.at(-1);
  const [mark] = (node.type === "text" && PUNCTUATION.exec(node.value)) || [];
  if (!mark || !formula?.isShort) return [...nodes, node];
  const both = [formula, { type: "text", value: mark }];
  const data = { hName: "span", hProperties: { className: ["keepchat-kept"] } };
  const rest = { type: "text", value: node.value.slice(mark.length) };
  return [...nodes.slice(0, -1), { type: "kept", data, children: both }, rest];
}

function formulaNode({ source, tex, isBlock, isPending }) {
  const className = isPending ? ["keepchat-tex"] : ["math", isBlock ? "math-display" : "math-inline"];
  return {
    type: "formula",
    isBlock,
    isShort: !isBlock && source.length <= SHORT,
    data: { hName: "span", hProperties: { className, dataSource: source } },
    children: [{ type: "text", value: isPending ? source : tex }],
  };
}

// A formula that stands by itself is no part of the paragraph before or after it.
function liftBlocks(node) {
  node.children = node.children?.flatMap((child) => {
    liftBlocks(child);
    return child.type === "paragraph" ? apart(child) : [child];
  });
  if (!node.children) delete node.children;
}

function apart(paragraph) {
  const parts = [];
  let rest = [];
  const end = () => {
    const trimmed = trim(rest);
    if (trimmed.length) parts.push({ ...paragraph, children: trimmed });
    rest = [];
  };
  for (const child of paragraph.children) {
    if (!child.isBlock) {
      rest.push(child);
      continue;
    }
    end();
    child.data.hName = "div";
    parts.push(child);
  }
  end();
  return parts;
}

// The ends of lines around it would be empty ones.
function trim(nodes) {
  const trimmed = nodes.map((node) => ({ ...node }));
  const [first, last] = [trimmed[0], trimmed.at(-1)];
  if (first?.type === "text") first.value = first.value.replace(/^\s+/, "");
  if (last?.type === "text") last.value = last.value.replace(/[^\S\u200B]+$/, "");
  return trimmed.filter((node) => node.type !== "text" || node.value);
}
