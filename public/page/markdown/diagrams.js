// Blocks of Mermaid are diagrams, once they are whole. What draws them is loaded with the first one.
import { make } from "../elements.js";
import { inLanguage } from "../language.js";
import { isOnPaper } from "../paper.js";
import { CURSOR } from "./code.js";
import { codeOf, element, replaceEach } from "./tree.js";

const NAME = "keepchat-diagram";
const DIAGRAM = { en: "Diagram", zh: "图表" };
const SHOW_CODE = { en: "Show the code", zh: "显示代码" };
const HIDE_CODE = { en: "Hide the code", zh: "隐藏代码" };
const LONGEST = 20_000; // characters; the page stands still while one is drawn
const SMALLEST = 0.65; // of its size, to be read; what is wider than its message scrolls

/** The plugin that puts an element for the diagram before its code. */
export const drawDiagrams = () => (tree) =>
  replaceEach(tree, (node) => {
    const code = codeOf(node);
    if (code?.language !== "mermaid" || code.text.includes(CURSOR) || code.text.length > LONGEST) {
      return undefined;
    }
    const diagram = element(NAME, { source: code.text });
    return [element("div", { className: ["keepchat-diagram"] }, diagram, node)];
  });

/** A diagram; its code is hidden as long as it is drawn and nobody wants to see it. */
class Diagram extends HTMLElement {
  static observedAttributes = ["source"];

  connectedCallback() {
    this.theme = new MutationObserver(() => isOnPaper() || this.draw());
    this.theme.observe(document.documentElement, { attributeFilter: ["class"] });
    this.draw();
  }

  disconnectedCallback() {
    this.theme.disconnect();
  }

  attributeChangedCallback() {
    if (this.isConnected) this.draw();
  }

  async draw() {
    const source = this.getAttribute("source");
    const isDark = document.documentElement.classList.contains("dark");
    const wanted = `${isDark} ${source}`;
    if (this.wanted === wanted) return;
    this.wanted = wanted;
    const picture = await pictureOf(source, isDark);
    if (this.wanted !== wanted) return;
    this.toggleAttribute("drawn", Boolean(picture));
    this.replaceChildren(...(picture ? this.parts(picture) : []));
  }

  parts({ src, width, title }) {
    const alt = title || inLanguage(DIAGRAM);
    const text = inLanguage(this.hasAttribute("code") ? HIDE_CODE : SHOW_CODE);
    const button = make("button", { type: "button", textContent: text });
    button.addEventListener("click", () => {
      const isShown = this.toggleAttribute("code");
      button.textContent = inLanguage(isShown ? HIDE_CODE : SHOW_CODE);
    });
    const image = make("img", { src, width, alt });
    image.style.minWidth = `${Math.round(width * SMALLEST)}px`;
    return [image, button];
  }
}

customElements.define(NAME, Diagram);

const pictures = new Map(); // Chainlit's page makes the elements of an answer anew at each token

function pictureOf(source, isDark) {
  const key = `${isDark} ${source}`;
  if (!pictures.has(key)) {
    const drawing = import("./mermaid.js").then(({ drawPicture }) => drawPicture(source, isDark));
    pictures.set(key, drawing.catch(() => null)); // it stays code
  }
  return pictures.get(key);
}
