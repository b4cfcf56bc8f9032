// Walking the tree of what is about to be drawn (hast).

/** An element of the tree. */
export const element = (tagName, properties, ...children) => ({
  type: "element",
  tagName,
  properties,
  children: children.map((child) =>
    typeof child === "string" ? { type: "text", value: child } : child,
  ),
});

/** Put in place of each element what is returned for it; what is below it is looked at first. */
export function replaceEach(parent, replace, above = []) {
  parent.children = parent.children.flatMap((child) => {
    if (child.type !== "element") return [child];
    replaceEach(child, replace, [...above, child]);
    return replace(child, above) ?? [child];
  });
}

/** Whether an element has a class. */
export const hasClass = (node, name) =>
  Array.isArray(node.properties.className) && node.properties.className.includes(name);

/** What is said in a node. */
export const textOf = (node) => node.value ?? (node.children ?? []).map(textOf).join("");

/** The language and the text of a block of code, undefined if it is none. */
export function codeOf(node) {
  const [code] = node.tagName === "pre" ? node.children : [];
  const name = code?.properties?.className?.find?.((each) => each.startsWith("language-"));
  return name && { language: name.slice("language-".length), text: textOf(code) };
}
