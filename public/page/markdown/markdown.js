// What Chainlit's Markdown becomes in the page. Its script asks here, through a seam that
// routes/bundle.py puts into it, by which plugins it is to be read and drawn.
import { drawDiagrams } from "./diagrams.js";
import { drawingWith } from "./draw.js";
import { findDirection } from "./direction.js";
import { nameFootnotes, sayFootnotes } from "./footnotes.js";
import { readFormulas } from "./formulas.js";
import { makeHtml } from "./html.js";
import { namePictures } from "./pictures.js";
import { nameTicks } from "./ticks.js";

/** Have a say in how Markdown is read and drawn. */
export function joinMarkdown() {
  globalThis.keepchatMarkdown = { remark, rehype };
}

// Chainlit's are its cursor, GFM, directives and alerts. Directives have no meaning here: ":this" of
// "note:this" would be one, and not be shown.
const remark = ([cursor, gfm, , alert]) => [readFormulas, cursor, gfm, alert];

// KaTeX draws whatever Chainlit's own configuration says: what it finds in a text is not asked for.
const rehype = (others, katex) => [
  ...others,
  ...[
    makeHtml,
    drawingWith(katex),
    namePictures,
    sayFootnotes,
    nameFootnotes,
    nameTicks,
    findDirection,
    drawDiagrams,
  ].map(safe),
];

// Of what cannot be drawn as it was meant to the rest is shown all the same.
const safe = (plugin) =>
  function safePlugin() {
    const transform = plugin.call(this);
    return (tree) => {
      try {
        transform(tree);
      } catch (error) {
        console.error(error);
      }
    };
  };
