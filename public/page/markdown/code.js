// Where a text of Markdown is code, in which nothing means anything.

/** What Chainlit puts at the end of an answer that is still being written. */
export const CURSOR = "\u200B";

const FENCE = /^((?:[ \t]*>)*[ \t]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*)(`{3,}(?![^\n]*`)|~{3,})/;
const BLANK_LINE = /\n[ \t>]*\n/;

/** Cut a text into what is said and what is fenced, in order: `{text, isCode}`. */
export function cutAtFences(source) {
  const parts = [{ text: "", isCode: false }];
  const begin = (part) => parts.push({ text: "", ...part });
  for (const line of source.split(/(?<=\n)/)) {
    const { fence, isQuoted } = parts.at(-1);
    if (fence && isQuoted && !/^[ \t]*>/.test(line)) begin({ isCode: false });
    const [, prefix, opening] = FENCE.exec(line) ?? [];
    if (!parts.at(-1).fence && opening) {
      begin({ text: line, isCode: true, fence: opening, isQuoted: prefix.includes(">") });
      continue;
    }
    parts.at(-1).text += line;
    if (fence && closes(line, fence)) begin({ isCode: false });
  }
  return parts;
}

function closes(line, fence) {
  const [, run = ""] = /^[ \t>]*(`{3,}|~{3,})[ \t]*\n?$/.exec(line) ?? [];
  return run[0] === fence[0] && run.length >= fence.length;
}

/** Where code in a line ends that begins there with this many backticks; where it has no end, after
 * them. */
export function endOfSpan(text, start, run) {
  const rest = text.slice(start + run);
  const end = new RegExp(`(?<!\`)\`{${run}}(?!\`)`).exec(rest)?.index ?? -1;
  const paragraph = rest.search(BLANK_LINE);
  if (end >= 0 && (paragraph < 0 || end < paragraph)) return start + run + end + run;
  const isWritten = end < 0 && paragraph < 0 && text.endsWith(CURSOR);
  return isWritten ? text.length : start + run;
}

/** Whether there is a line without anything. */
export const hasBlankLine = (text) => BLANK_LINE.test(text);
