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

/** The parts of a snippet as they are read; those that are marked stay as they are. */
export const plain = (parts) =>
  parts.map((part, at) => (at % 2 ? part : part.replace(SIGNS, "")));
