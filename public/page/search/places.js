// Where words of a snippet stand in a message as it is shown. The snippet is of what was said, which
// is Markdown, on one line: letters and digits alone are compared.
const LETTER = /[\p{L}\p{M}\p{N}]/u;
const OTHERS = /[^\p{L}\p{M}\p{N}]/gu;
const NEAR = 20; // letters before a word that tell it from others, where not all before it is shown

/** The ranges of the marked parts of a snippet in an element, as far as they are found. */
export function placesOf(element, snippet) {
  const shown = lettersOf(element);
  const places = [];
  let from = 0;
  for (let at = 1; at < snippet.length; at += 2) {
    const [before, word] = snippet.slice(at - 1, at + 1).map((part) => part.replace(OTHERS, ""));
    const start = word ? placeOf(shown.letters, before, word, from) : -1;
    if (start < 0) continue;
    from = start + word.length;
    places.push(makeRange(shown.places[start], shown.places[from - 1]));
  }
  return places;
}

function placeOf(letters, before, word, from) {
  for (const context of [before, before.slice(-NEAR), ""]) {
    const at = letters.indexOf(context + word, Math.max(from - context.length, 0));
    if (at >= 0) return at + context.length;
  }
  return -1;
}

function lettersOf(element) {
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  const places = [];
  let letters = "";
  while (walker.nextNode()) {
    const { currentNode: node } = walker;
    let start = 0;
    for (const char of node.data) {
      const end = start + char.length;
      if (LETTER.test(char)) {
        letters += char;
        for (let unit = start; unit < end; unit += 1) places.push({ node, start, end });
      }
      start = end;
    }
  }
  return { letters, places };
}

function makeRange(first, last) {
  const range = document.createRange();
  range.setStart(first.node, first.start);
  range.setEnd(last.node, last.end);
  return range;
}
