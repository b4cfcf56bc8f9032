// A conversation that is opened while the database is away: Chainlit's page leaves its address, and
// would say for ever that it cannot reach the server. It is said why, and the conversation opens once
// it can be read.
import { onChange } from "./address.js";
import { addLine } from "./elements.js";
import { inLanguage } from "./language.js";
import { urlOf } from "./server.js";

const LOOK_MS = 2000;
const THREAD = /\/thread\/([0-9a-f-]{36})$/;
const AWAY = {
  en: "This conversation cannot be read at the moment: the database cannot be reached. It opens by itself as soon as it can.",
  zh: "目前无法读取此对话：无法连接数据库。恢复后会自动打开。",
};
const BACK = {
  en: "The conversation can be read again. Copy what you have typed, and reload the page.",
  zh: "现在可以读取此对话。请复制您输入的内容，然后刷新页面。",
};

let line;
let thread; // whose address the page had last

export function openWhenBack() {
  note();
  onChange(note);
  again();
}

function note() {
  thread = THREAD.exec(location.pathname)?.[1] ?? thread;
}

async function again() {
  try {
    await look();
  } finally {
    setTimeout(again, LOOK_MS);
  }
}

async function look() {
  if (!isCutOff()) {
    if (isConnected() && !THREAD.test(location.pathname)) thread = undefined;
    return say(null);
  }
  if (!thread) return;
  const reply = await fetch(urlOf(`project/thread/${thread}`)).catch(() => null);
  if (!isCutOff()) say(null);
  else if (reply?.status === 503) say(AWAY);
  else if (reply?.ok && line) open();
}

const isCutOff = () => document.getElementById("session-error");
const isConnected = () => document.querySelector("#upload-button:enabled, #stop-button");

function open() {
  if (document.getElementById("chat-input")?.textContent) say(BACK);
  else location.replace(urlOf(`thread/${thread}`));
}

function say(texts) {
  const text = texts && inLanguage(texts);
  if (line?.textContent === text) return;
  line?.remove();
  line = text ? addLine("warning", text) : undefined;
  line?.setAttribute("role", "status");
}
