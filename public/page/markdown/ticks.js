// The boxes of a list of what is to be done are called what is beside them.
import { hasClass, replaceEach, textOf } from "./tree.js";

/** The plugin that names them. */
export const nameTicks = () => (tree) =>
  replaceEach(tree, (node) => {
    if (!hasClass(node, "task-list-item")) return;
    const [tick] = boxesIn(node);
    if (tick) tick.properties.ariaLabel = textOf(node).trim().split("\n")[0];
  });

// It stands in the first paragraph of its line, where that has several.
const boxesIn = (node) =>
  (node.children ?? []).flatMap((child) => {
    if (child.tagName === "input") return [child];
    return child.tagName === "p" ? boxesIn(child) : [];
  });
