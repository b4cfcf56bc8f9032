// The texts of Chainlit's page in the reader's language, as the server sends them to it.
let texts = {};

/** What asks for them, and keeps them. */
export function keepingTexts(send) {
  return async (...request) => {
    const reply = await send(...request);
    if (reply.ok) texts = (await reply.clone().json()).translation;
    return reply;
  };
}

/** The text under a path, as in "chat.input.actions.send"; none where the page has none yet. */
export const textAt = (path) => path.split(".").reduce((found, key) => found?.[key], texts) ?? "";
