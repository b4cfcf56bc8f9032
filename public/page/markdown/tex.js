// What is a formula, and what only has dollars or brackets in it: money, variables of a shell, prose.

const COMMAND = /\\[a-zA-Z]+/;
const COMMANDS = new RegExp(COMMAND, "g");
// What stands in braces after these is prose, in the midst of a formula.
const TEXTS = /\\(?:text\w*|mbox|mathrm|operatorname|tag|label)\*?\s*\{[^{}]*\}/g;
const TWO_WORDS = /(?<![\p{L}\p{M}])\p{L}{2,}[,;:.]?\s+\p{L}{2,}/u;
const WORD = /(?:^|[\s,;])\p{L}{2,}(?=$|[\s,;.:!?])/u;
const LABEL = /^\s*(?:\p{L}[\p{L}\d_-]{3,}|\d[\d\s,–-]*)\s*$/u; // "\[optional\]", "\[1\]"
const TICK = /^[xX]$/; // "- \[x\] done"
const INDEX = /^[\p{L}\d_+-]+$/u; // "a\[i-1\]"
const ALONE = /^[.,;:]?[ \t\u200B]*(?:\n|$)/;
const IDEOGRAPHS = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/gu;
const AMOUNT = /^\s*[\d.,]*\d/;
const MARKS = /[\\^_=<>+]/;
const WORD_BEFORE = /[\p{L}\p{N}_]$/u;
const WORD_AFTER = /^[\p{L}\p{N}_{$]|^\(['"$]/u;
const ENDING = /^(?:th|st|nd|rd|s)(?![\p{L}\p{N}])/u; // the $n$th of the $x$s

/** Whether what stands between two dollars is a formula, of what stands before and after them. */
export function isBetweenDollars(tex, { before, after }) {
  return hasFormulasEdges(tex, before, after) && isBalanced(tex) && !isMoney(tex) && !isProse(tex);
}

/** Whether what stands between two pairs of dollars is a formula: no classes of restaurants. */
export function isBetweenPairs(tex) {
  if (!tex.trim() || isPlainProse(tex)) return false;
  return !isSpaced(tex) || MARKS.test(tex) || /^\s*(?:\p{L}|[\d.,]+)\s*$/u.test(tex);
}

/** Whether what stands between `\(` and `\)` is a formula. */
export const isBetweenParentheses = (tex) => Boolean(tex.trim()) && !isPlainProse(tex);

/** Whether what stands between `\[` and `\]` is a formula: no brackets that are meant as such. */
export function isBetweenBrackets(tex, { before, after, isAtStart }) {
  if (!isBetweenParentheses(tex) || after.startsWith("(")) return false;
  if (isAtStart) return ALONE.test(after) || !(LABEL.test(tex) || TICK.test(tex));
  return !LABEL.test(tex) && !(INDEX.test(tex) && WORD_BEFORE.test(withoutIdeographs(before)));
}

/** Whether what has come between two such marks so far may become a formula. */
export const mayBecome = (tex) => !isPlainProse(tex);

/** Whether what has come after a dollar so far will be a formula. */
export const isBecoming = (tex) => /^[^\s\d]/.test(tex) && /[\\^]|_\{/.test(tex) && !isProse(tex);

function hasFormulasEdges(tex, before, after) {
  const [starts, ends] = [/^\S/.test(tex), /\S$/.test(tex)];
  if (!starts && ends) return false;
  if (starts && !ends && !COMMAND.test(tex)) return false;
  if (!starts && !ends && !/[\\^_=]|^\s+\p{L}\s+$/u.test(tex)) return false;
  if (WORD_BEFORE.test(withoutIdeographs(before)) && !tex.startsWith("\\")) return false;
  return !WORD_AFTER.test(withoutIdeographs(after)) || ENDING.test(after);
}

// Where words are not apart, a formula may follow one.
const withoutIdeographs = (text) => text.replace(IDEOGRAPHS, " ");

// "$5 and 10$", "| $5 | 6$ |", "**$5** or **6$**"
const isMoney = (tex) =>
  AMOUNT.test(tex) && !COMMAND.test(tex) && (WORD.test(tex) || /[|]|\*\*/.test(tex));

function isProse(tex) {
  const said = tex.replace(TEXTS, "=").replace(COMMANDS, "=");
  const other = withoutIdeographs(said);
  return TWO_WORDS.test(other) || (other !== said && !MARKS.test(said));
}

const isPlainProse = (tex) => !MARKS.test(tex) && isProse(tex);

function isBalanced(tex) {
  let depth = 0;
  for (const [brace] of tex.matchAll(/\\[\s\S]|[{}]/g)) {
    if (brace === "{") depth += 1;
    if (brace === "}") depth -= 1;
    if (depth < 0) return false;
  }
  return depth === 0;
}

const isSpaced = (tex) => /^[^\S\n]/.test(tex) && /[^\S\n]$/.test(tex);
