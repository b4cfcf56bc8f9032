// Formulas as KaTeX draws them: by Chainlit's own, with its style and fonts from this server.
import { urlOf } from "../server.js";
import { CURSOR } from "./code.js";
import { codeOf, element, hasClass, replaceEach, textOf } from "./tree.js";

const STYLE = "public/vendor/katex-0.16.22/katex.min.css";
// What a model says runs nothing, links nowhere, shows no pictures: it is shown as it was said.
const SETTINGS = {
  trust: () => {
    throw new Error("This is not drawn.");
  },
  maxSize: 20,
  maxExpand: 500,
  strict: "ignore",
  errorColor: "inherit",
};
const KEPT = 500; // formulas

const drawn = new Map(); // an answer is drawn anew at each token, with all that is in it

/** The plugin that draws with Chainlit's plugin for KaTeX. */
export const drawingWith = (katex) =>
  function drawFormulas() {
    const transform = katex.call(this, SETTINGS);
    return (tree) => replaceEach(tree, (node) => drawOne(node, transform));
  };

function drawOne(node, transform) {
  const code = codeOf(node);
  if (code?.language === "math" && !code.text.includes(CURSOR)) {
    const source = `$$\n${code.text}$$`;
    return [formula("div", source, draw(code.text, true, transform))];
  }
  if (!hasClass(node, "math")) return undefined;
  const drawing = draw(textOf(node), hasClass(node, "math-display"), transform);
  return [formula(node.tagName, node.properties.dataSource, drawing)];
}

const formula = (tagName, dataSource, children) =>
  element(tagName, { className: ["keepchat-formula"], dataSource }, ...children);

function draw(tex, isBlock, transform) {
  const key = `${isBlock} ${tex}`;
  if (!drawn.has(key)) {
    if (drawn.size >= KEPT) drawn.delete(drawn.keys().next().value);
    const className = [isBlock ? "math-display" : "math-inline"];
    const root = { type: "root", children: [element("span", { className }, tex)] };
    transform(root, { message: () => {} });
    drawn.set(key, root.children);
  }
  loadStyle();
  return structuredClone(drawn.get(key));
}

// Nothing is drawn before it is there; without it the browser draws the formulas, by their MathML.
function loadStyle() {
  const { dataset } = document.documentElement;
  if (dataset.keepchatFormulas) return;
  dataset.keepchatFormulas = "waiting";
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = urlOf(STYLE);
  link.addEventListener("load", () => (dataset.keepchatFormulas = "styled"));
  link.addEventListener("error", () => (dataset.keepchatFormulas = "plain"));
  document.head.append(link);
}
