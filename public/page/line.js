// A line above the page.

/** Put a line above all others; the element, for whoever wants to take it away again. */
export function addLine(kind, text) {
  const line = document.createElement("div");
  line.className = `keepchat-line ${kind}`;
  line.textContent = text;
  document.body.prepend(line);
  return line;
}
