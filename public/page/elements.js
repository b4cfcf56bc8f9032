// Making what is put into the page.

/** An element with these properties. */
export const make = (tag, properties) => Object.assign(document.createElement(tag), properties);

/** An icon as large as Chainlit's own, drawn by these paths in a square of 24. */
export function makeIcon(paths) {
  const icon = document.createElement("template");
  icon.innerHTML = `<svg viewBox="0 0 24 24" width="16" height="16" fill="none"
    stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"
    aria-hidden="true"><path d="${paths}"/></svg>`;
  return icon.content.firstChild;
}

/** Put a line above the page; the element, for whoever wants to take it away again. */
export function addLine(kind, textContent) {
  const line = make("div", { className: `keepchat-line ${kind}`, textContent });
  document.body.prepend(line);
  return line;
}
