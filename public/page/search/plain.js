// A snippet is of what was said, which is Markdown: signs that a message does not show are left out.
const TAGS = "details|summary|br|sub|sup|kbd|mark|u";
const SIGNS = new RegExp(
  [
    "\\*\\*(?=\\S|$)|(?<=\\S|^)\\*\\*", // what is strong
    "`{3,}(?:[\\w+#-]+(?= |$))? ?|`", // code
    "(?<=^|\\s)#{2,6} |^# ", // a heading
    "(?<=\\|) ?:?-{2,}:? ?\\|(?: ?:?-+:? ?\\|)*", // the line below a table's head
    `</?(?:${TAGS})(?: open)?\\s*/?>`,
  ].join("|"),
  "gi",
);

const LEFT_OUT = /\*\*|`/g; // of what is searched, as it is folded: they may be within a phrase

/** The parts of a snippet as they are read; those that are marked stay as they were found. */
export const plain = (parts) =>
  parts.map((part, at) => part.replace(at % 2 ? LEFT_OUT : SIGNS, ""));
