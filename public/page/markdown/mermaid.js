// Drawing diagrams with Mermaid, as pictures: nothing of what was said is an element of the page.
import { make } from "../elements.js";
import mermaid from "../../vendor/mermaid-11.17.2/mermaid.esm.min.mjs";

const WIDTH = 768; // pixels, of what fits itself into the page
// What a diagram may not set for itself, beside what Mermaid forbids.
const FORBIDDEN = ["themeCSS", "fontFamily", "altFontFamily", "htmlLabels", "dompurifyConfig"];
// Mermaid takes such things out, but parses them first, of which browsers complain.
const HANDLERS = /(?<=<[a-z][^<>]*[\s/"'])on(?=\w+\s*=)/gi;

let drawings = 0;
let last = Promise.resolve();

/** The picture of a diagram: `{src, width, title}`. Throws what is wrong with it. */
export function drawPicture(source, isDark) {
  const drawing = last.then(() => draw(source, isDark)); // Mermaid has one configuration at a time
  last = drawing.catch(() => {});
  return drawing;
}

async function draw(source, isDark) {
  const { secure } = mermaid.mermaidAPI.defaultConfig;
  mermaid.initialize({
    startOnLoad: false,
    securityLevel: "strict",
    suppressErrorRendering: true,
    theme: isDark ? "dark" : "default",
    fontFamily: "system-ui, sans-serif",
    htmlLabels: false,
    flowchart: { htmlLabels: false },
    secure: [...secure, ...FORBIDDEN],
  });
  const place = make("div", { className: "keepchat-aside", ariaHidden: "true" });
  place.style.width = `${WIDTH}px`;
  document.body.append(place);
  try {
    drawings += 1;
    const harmless = source.replace(HANDLERS, "no-on");
    const { svg } = await mermaid.render(`keepchat-diagram-${drawings}`, harmless, place);
    return pictureOf(svg);
  } finally {
    place.remove();
  }
}

function pictureOf(svg) {
  const holder = make("template", { innerHTML: svg });
  const drawing = holder.content.querySelector("svg");
  const [, , width, height] = drawing.getAttribute("viewBox").split(/[\s,]+/).map(Number);
  drawing.setAttribute("width", width);
  drawing.setAttribute("height", height);
  drawing.style.maxWidth = "";
  const title = drawing.querySelector(":scope > title")?.textContent;
  const xml = new XMLSerializer().serializeToString(drawing);
  return { src: `data:image/svg+xml,${encodeURIComponent(xml)}`, width: Math.ceil(width), title };
}
