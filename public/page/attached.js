// A message that the server returns, since it does not have its files or it is too long: it is put
// back into the box, and the files that this page has are sent once more.
import { attach, putBack } from "./composer.js";
import { onTold } from "./told.js";

const MOST = 100;
const DRAWN_MS = 200; // the page may draw another box, once the message is taken away

const sent = new Map(); // files by the ids that the server gave them

export function keepAttached() {
  rememberFiles();
  onTold("keepchatReturned", ({ text, files }) => {
    setTimeout(() => {
      putBack(text);
      attach(files.flatMap((id) => sent.get(id) ?? []));
    }, DRAWN_MS);
  });
}

// Chainlit sends files by requests of this kind alone, each in a form of its own.
function rememberFiles() {
  const send = XMLHttpRequest.prototype.send;
  XMLHttpRequest.prototype.send = function (body) {
    const file = body instanceof FormData && body.get("file");
    if (file) this.addEventListener("load", () => this.status === 200 && remember(this, file));
    return send.call(this, body);
  };
}

function remember(request, file) {
  sent.set(JSON.parse(request.responseText).id, file);
  if (sent.size > MOST) sent.delete(sent.keys().next().value);
}
