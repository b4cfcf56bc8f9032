// The standing line that says which model answers. Its text is the server's own, in the language
// of the browser; where there is none, nothing is shown.
(async () => {
  const base = document.querySelector('script[src*="/public/keepchat.js"]').src;
  const reply = await fetch(new URL("../keepchat/notice", base));
  if (!reply.ok) return;
  const notice = await reply.json();
  const text = navigator.language.toLowerCase().startsWith("zh") ? notice.zh : notice.en;
  if (!text) return;
  const line = document.createElement("div");
  line.id = "keepchat-notice";
  line.className = notice.kind;
  line.setAttribute("role", "note");
  line.textContent = text;
  document.body.prepend(line);
})();
