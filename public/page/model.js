// The model that is chosen in the composer. The server is told at once: an answer that is given again,
// gone on with or follows an edit has no message that names it.
import { onComposer } from "./composer.js";

const MODE = "model";

/** Tell the server of each choice. */
export function tellModel() {
  let told;
  onComposer(({ modes }) => {
    const mode = modes?.find(({ id }) => id === MODE);
    const chosen = (mode?.options.find((option) => option.default) ?? mode?.options[0])?.id;
    if (chosen && chosen !== told) window.postMessage({ keepchatModel: chosen }); // Chainlit's page sends it on
    told = chosen;
  });
}
