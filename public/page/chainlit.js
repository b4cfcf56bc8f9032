// What Chainlit's page says in English whatever its reader's language is, and what it says as its
// code has it: it has no texts for these that could be translated.
import { onChange } from "./address.js";
import { inLanguage } from "./language.js";

const NAMES = [
  { en: "Toggle Sidebar", zh: "切换侧边栏" },
  { en: "Toggle theme", zh: "切换主题" },
  { en: "Close", zh: "关闭" },
  { en: "Close lightbox", zh: "关闭图片" },
  { en: "Open PDF in a larger view", zh: "放大查看 PDF" },
  { en: "Print/Open PDF", zh: "打印或打开 PDF" },
  { en: "Download PDF", zh: "下载 PDF" },
  { en: "View PDF", zh: "查看 PDF" },
  { en: "Select profile", zh: "选择模型" },
  { en: "user image", zh: "用户头像" },
  { en: "Unshare", zh: "取消分享" },
];
const NOT_THERE = {
  en: "There is no such conversation. It may have been deleted.",
  zh: "没有此对话，它可能已被删除。",
};
const NOT_OPENED = {
  en: "This conversation could not be opened. Reload the page.",
  zh: "无法打开此对话。请重新加载页面。",
};
const TOASTS = [
  [/^Couldn't resume chat: Thread not found/, NOT_THERE],
  [/^(?:Couldn't resume chat|Failed to load thread)/, NOT_OPENED],
  [/^Failed to copy/, { en: "That could not be copied.", zh: "复制失败。" }],
  [
    /^Error fetching threads/,
    { en: "The conversations could not be fetched. Try again.", zh: "无法获取对话列表。请重试。" },
  ],
  [
    /^File is larger than (?<most>\S+) MB$/,
    { en: "A file may have {most} MB at most.", zh: "文件最大为 {most} MB。" },
    ({ most }) => chosen.filter(({ size }) => size > most * MEGABYTE),
  ],
  [/^Too many files$/, { en: "These are too many files for one message.", zh: "一条消息的文件过多。" }],
  [
    /^File type must be/,
    { en: "Files of this type are not taken here.", zh: "此处不接受该类型的文件。" },
    () => (chosen.length === 1 ? chosen : []),
  ],
];
const NAMED_FILES = { en: "“{names}” was not attached: {said}", zh: "未附加“{names}”：{said}" };
const MEGABYTE = 1_000_000;
const SAID = '.sr-only, [role="dialog"] button';
const NAMED = `[title], [aria-label], img[alt], ${SAID}`;

let chosen = []; // files, which Chainlit refuses without a name

const names = new Map(NAMES.map((texts) => [texts.en, inLanguage(texts)]));

export function translateChainlit() {
  const note = (files) => files?.length && (chosen = [...files]);
  window.addEventListener("change", ({ target }) => note(target.files), true);
  window.addEventListener("drop", ({ dataTransfer }) => note(dataTransfer?.files), true);
  window.addEventListener("paste", ({ clipboardData }) => note(clipboardData?.files), true);
  const isEnglish = [...names].every(([english, text]) => english === text);
  onChange(() => {
    document.querySelectorAll("[data-sonner-toast] [data-title]").forEach(retell);
    if (!isEnglish) document.querySelectorAll(NAMED).forEach(rename);
  });
}

function rename(element) {
  for (const attribute of ["title", "aria-label", "alt"]) {
    const text = names.get(element.getAttribute(attribute));
    if (text) element.setAttribute(attribute, text);
  }
  if (element.matches(SAID)) replaceText(element, names.get(element.textContent));
}

function retell(title) {
  for (const [pattern, texts, filesOf] of TOASTS) {
    const found = pattern.exec(title.textContent);
    if (!found) continue;
    const said = inLanguage(texts, found.groups);
    const refused = (filesOf?.(found.groups) ?? []).map(({ name }) => name).join(", ");
    replaceText(title, refused ? inLanguage(NAMED_FILES, { names: refused, said }) : said);
  }
}

// The node stays: it is React's.
function replaceText({ firstChild }, text) {
  if (text && firstChild?.nodeType === Node.TEXT_NODE && firstChild.data !== text) firstChild.data = text;
}
