// The conversations that were found, as options of a list of which one is chosen.
import { make } from "../elements.js";
import { inLanguage, LOCALE } from "../language.js";
import { plain } from "./plain.js";

const DAY_MS = 24 * 60 * 60 * 1000;
const ARCHIVE = { en: "Archive", zh: "归档" };
const UNTITLED = { en: "Untitled conversation", zh: "未命名对话" };

export class Results {
  /** `open` is called with a hit, `more` where the end of the list comes into sight. */
  constructor(input, list, { open, more }) {
    Object.assign(this, { input, list, open, hits: [] });
    this.end = new IntersectionObserver(([end]) => end.isIntersecting && more(), {
      root: list,
      rootMargin: "200px",
    });
  }

  /** Show these; of lines that are there already those before them stay. */
  show(hits, { from = 0 } = {}) {
    this.hits = hits;
    for (const line of [...this.list.children].slice(from)) line.remove();
    this.list.append(...hits.slice(from).map((hit, index) => this.line(hit, from + index)));
    this.end.disconnect();
    if (hits.length) this.end.observe(this.list.lastElementChild);
    this.input.ariaExpanded = String(hits.length > 0);
    if (from === 0) this.choose(0);
  }

  /** Choose the line of this number, where there is one. */
  choose(index) {
    const line = this.list.children[index];
    this.chosen()?.setAttribute("aria-selected", "false");
    this.input.setAttribute("aria-activedescendant", line?.id ?? "");
    line?.setAttribute("aria-selected", "true");
    line?.scrollIntoView({ block: "nearest" });
  }

  /** Choose the line so many below the one that is chosen, or the last one on the way. */
  move(by) {
    const here = [...this.list.children].indexOf(this.chosen());
    this.choose(Math.min(Math.max(here + by, 0), this.hits.length - 1));
  }

  openChosen() {
    this.chosen()?.click();
  }

  chosen() {
    return this.list.querySelector('[aria-selected="true"]');
  }

  line(hit, index) {
    const line = make("li", { id: `keepchat-hit-${index}`, role: "option", ariaSelected: "false" });
    const name = hit.name.some(Boolean) ? hit.name : [inLanguage(UNTITLED)];
    line.append(makeText("keepchat-hit-name", name), makeWhen(hit.when));
    const place = hit.archived ? inLanguage(ARCHIVE) : hit.folder;
    if (place) line.append(make("span", { className: "keepchat-hit-place", textContent: place }));
    if (hit.snippet.length) line.append(makeText("keepchat-hit-snippet", plain(hit.snippet)));
    line.addEventListener("click", () => this.open(hit));
    line.addEventListener("pointermove", () => line === this.chosen() || this.choose(index));
    return line;
  }
}

// The parts of a text are plain and marked in turn.
function makeText(className, parts) {
  const text = make("span", { className });
  text.append(...parts.map((part, at) => (at % 2 ? make("mark", { textContent: part }) : part)));
  return text;
}

function makeWhen(dateTime) {
  const date = new Date(dateTime);
  const title = date.toLocaleString(LOCALE, { dateStyle: "full", timeStyle: "short" });
  return make("time", { dateTime, title, textContent: nameOf(date) });
}

function nameOf(date) {
  const days = Math.round((startOf(new Date()) - startOf(date)) / DAY_MS);
  if (days > 1 || days < 0) return date.toLocaleDateString(LOCALE, { dateStyle: "medium" });
  return new Intl.RelativeTimeFormat(LOCALE, { numeric: "auto" }).format(-days, "day");
}

const startOf = (date) => new Date(date).setHours(0, 0, 0, 0);
