// Finding the formulas in a text of Markdown, before it is read as such: what is said in them means
// nothing else then, and money, code and prose stay what they are.
import { CURSOR, endOfSpan, hasBlankLine } from "./code.js";
import {
  isBecoming,
  isBetweenBrackets,
  isBetweenDollars,
  isBetweenPairs,
  isBetweenParentheses,
  mayBecome,
} from "./tex.js";

const ENVIRONMENTS = "equation|align|aligned|alignat|gather|gathered|split|cases|CD|[bBpvV]?matrix";
const BEGINNING = new RegExp(`\\\\begin\\{((?:${ENVIRONMENTS})\\*?)\\}|\\\\[\\s\\S]|\`+|\\$+`, "g");
const ENDING = /\\end\{[\w*]+\}|\\[\s\S]|\$+/g;
// What stands before the first thing of a line.
const LINE_START = /(?:^|\n)([ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*)$/;
const LONGEST = 20_000;
const LOOKED_AT = 200; // characters before a formula

// How each kind ends, what of it is a formula, and what so far may become one.
const KINDS = {
  "\\(": {
    closing: "\\)",
    isFormula: (tex) => isBetweenParentheses(tex) && !hasBlankLine(tex),
    isPending: mayBecome,
  },
  "\\[": { closing: "\\]", isBlock: true, isFormula: isBetweenBrackets, isPending: mayBecome },
  $$: {
    closing: "$$",
    isBlock: true,
    isFormula: isBetweenPairs,
    isPending: (tex, isAtStart) => (isAtStart ? mayBecome(tex) : isBecoming(tex)),
  },
  $: {
    closing: "$",
    isFormula: (tex, around) =>
      // What comes next decides whether it is one.
      !around.after.startsWith(CURSOR) && !hasBlankLine(tex) && isBetweenDollars(tex, around),
    isPending: isBecoming,
  },
};
const environment = (name) => ({
  closing: `\\end{${name}}`,
  isBlock: true,
  isWhole: true,
  isFormula: (_tex, { isAtStart }) => isAtStart,
  isPending: (_tex, isAtStart) => isAtStart,
});

/** Cut a text without fenced code into what is to be read as Markdown, strings, and formulas:
 * `{source, tex, isBlock}`, with `isPending` instead of `tex` where the end is still to come. */
export function cutAtFormulas(text) {
  const pieces = [];
  let done = 0;
  BEGINNING.lastIndex = 0;
  for (let match; (match = BEGINNING.exec(text)); ) {
    const { end, ...formula } = follow(text, match);
    if (formula.source) {
      pieces.push(text.slice(done, match.index), formula);
      done = end;
    }
    BEGINNING.lastIndex = end;
  }
  return [...pieces, text.slice(done)];
}

// What begins there: where it ends, and what is a formula of it.
function follow(text, { 0: mark, 1: name, index }) {
  const skipped = { end: index + mark.length };
  if (mark[0] === "`") return { end: endOfSpan(text, index, mark.length) };
  const kind = name ? environment(name) : KINDS[mark];
  return (kind && find(text, index, mark, kind)) ?? skipped;
}

function find(text, start, mark, kind) {
  const from = start + mark.length;
  const to = endOf(text, from, kind.closing);
  const inside = text.slice(from, to);
  const [, prefix] = LINE_START.exec(text.slice(Math.max(0, start - LOOKED_AT), start)) ?? [];
  const isAtStart = prefix !== undefined;
  if (inside.length > LONGEST || inside.includes("`") || to === null) return null;
  if (!isAtStart && hasBlankLine(inside)) return null;
  if (to === undefined) return findPending(text, start, inside, kind, isAtStart);
  const end = to + kind.closing.length;
  const tex = withoutPrefix(kind.isWhole ? text.slice(start, end) : inside, prefix);
  const around = { before: text.slice(start - 2, start), after: text.slice(end, end + 3), isAtStart };
  if (!kind.isFormula(tex, around)) return null;
  return { end, source: text.slice(start, end), tex, isBlock: Boolean(kind.isBlock) };
}

function findPending(text, start, inside, { isPending, isBlock }, isAtStart) {
  const isWritten = inside.endsWith(CURSOR) && !hasBlankLine(inside.trimStart());
  if (!isWritten || !isPending(inside.slice(0, -1), isAtStart)) return null;
  const end = text.length - CURSOR.length;
  return { end, source: text.slice(start, end), isBlock: isBlock && isAtStart, isPending: true };
}

// Where a formula ends: undefined where its end is missing, null where it can have none.
function endOf(text, from, closing) {
  ENDING.lastIndex = from;
  for (let match; (match = ENDING.exec(text)); ) {
    const [mark] = match; // what is escaped ends nothing
    if (mark === closing) return match.index;
    if (closing[0] === "$" && mark[0] === "$" && mark.length !== closing.length - 1) return null;
  }
}

// The lines of a formula in a quotation begin as its other lines do.
function withoutPrefix(tex, prefix = "") {
  const depth = prefix.split(">").length - 1;
  return depth ? tex.replace(new RegExp(`\n(?:[ \t]*>[ \t]?){0,${depth}}`, "g"), "\n") : tex;
}
