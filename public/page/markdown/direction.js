// Text of either direction: each block by what is said in it.
import { replaceEach } from "./tree.js";

const BLOCKS = new Set(["p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "summary"]);

/** The plugin that lets the browser find each block's direction. */
export const findDirection = () => (tree) =>
  replaceEach(tree, (node) => {
    if (BLOCKS.has(node.tagName)) node.properties.dir = "auto";
  });
