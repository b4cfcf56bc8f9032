// Footnotes: each answer's own, and a way there and back that stays in the page.
import { inLanguage } from "../language.js";
import { replaceEach } from "./tree.js";

const HEADING = { en: "Footnotes", zh: "脚注" };
const BACK = { en: "Back to the text", zh: "返回正文" };
const ID = /^(#?)(user-content-|footnote-label)/; // as remark-rehype names them
const IDS = ["id", "href", "ariaDescribedBy"];

let answers = 0;

/** The plugin that gives the footnotes of an answer names that no other answer has. */
export function nameFootnotes() {
  answers += 1;
  const prefix = `answer${answers}-`;
  return (tree) =>
    replaceEach(tree, ({ properties }) => {
      for (const key of IDS) {
        const value = properties[key];
        if (Array.isArray(value)) properties[key] = value.map((each) => named(each, prefix));
        else if (typeof value === "string") properties[key] = named(value, prefix);
      }
    });
}

const named = (id, prefix) => id.replace(ID, `$1${prefix}$2`);

/** The plugin that says in the reader's language what is said of footnotes. */
export const sayFootnotes = () => (tree) =>
  replaceEach(tree, (node) => {
    if (node.properties.id === "footnote-label") node.children = [{ type: "text", value: inLanguage(HEADING) }];
    if ("dataFootnoteBackref" in node.properties) node.properties.ariaLabel = inLanguage(BACK);
  });

/** Go to what a link within an answer names: a footnote, the text it belongs to, a heading. */
export function followFootnotes() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.('.message-content a[href^="#"]');
    if (!link || event.ctrlKey || event.metaKey) return;
    event.preventDefault(); // Chainlit would open another tab
    const wanted = nameIn(link.hash);
    const target = wanted ? find(link.closest(".message-content"), wanted) : null;
    target?.scrollIntoView({ block: "center" });
    target?.focus({ preventScroll: true });
  });
}

// A model writes any link: one that names nothing leads nowhere.
function nameIn(hash) {
  try {
    return decodeURIComponent(hash.slice(1));
  } catch {
    return hash.slice(1);
  }
}

function find(answer, wanted) {
  const headings = [...answer.querySelectorAll("h1, h2, h3, h4, h5, h6")];
  const target =
    answer.querySelector(`#${CSS.escape(wanted)}`) ??
    headings.find((heading) => slug(heading.textContent) === slug(wanted));
  if (target && !target.matches("a")) target.tabIndex = -1;
  return target;
}

const slug = (text) => text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "");
