// The reader's language, as the server has chosen it. English and Chinese stand beside each other in
// the code; of another language the words come with the page, by their English.
const TAG = document.documentElement.lang;
const WORDS = JSON.parse(document.querySelector('meta[name="keepchat-words"]')?.content ?? "{}");
const isChinese = TAG.startsWith("zh");

/** The locale for dates and numbers: that of the browser where it is one of this language. */
export const LOCALE = languageOf(navigator.language) === languageOf(TAG) ? navigator.language : TAG;

/** A text, `{en, zh}`, in the reader's language; `values` stand for its names in braces. */
export function inLanguage({ en, zh }, values = {}) {
  const text = WORDS[en] || (isChinese ? zh : en);
  return text.replace(/\{(\w+)\}/g, (name, key) => shown(values[key] ?? name));
}

const shown = (value) => (typeof value === "number" ? value.toLocaleString(LOCALE) : value);

/** A moment, as a date and a time of day. */
export const timeOf = (moment) =>
  new Date(moment).toLocaleString(LOCALE, { dateStyle: "medium", timeStyle: "short" });

function languageOf(tag) {
  return tag.toLowerCase().split("-")[0];
}
