/** The text in the language of the browser: `{en, zh}`. */
export const inLanguage = (texts) =>
  navigator.language.toLowerCase().startsWith("zh") ? texts.zh : texts.en;
