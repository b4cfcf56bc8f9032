// Asks for what is typed, and for more of it. Whatever was asked before is given up: an older answer
// never takes the place of a newer one.
import { ask } from "../server.js";

const PATH = "keepchat/search";
const PAUSE_MS = 200; // in typing
const AGAIN_MS = 3000;

export class Finder {
  /** `show` is called with what was found, `{query, hits, from, isWhole}`, of which those before
   *  `from` were shown before, or with what went wrong, `{failed, isAway}`. */
  constructor(show) {
    this.show = show;
  }

  /** Look for a text; an empty one finds what there was of late. */
  find(query) {
    this.stop();
    this.query = query;
    this.found = undefined;
    this.wait(() => this.load(), query ? PAUSE_MS : 0);
  }

  /** Look for more of it, where there may be more. */
  more() {
    if (this.found?.cursor && !this.isAsking) this.load();
  }

  /** Give up. */
  stop() {
    clearTimeout(this.timer);
    this.asked?.abort();
    this.isAsking = false;
  }

  wait(next, pause) {
    this.timer = setTimeout(next, pause);
  }

  async load() {
    const mine = (this.asked = new AbortController());
    this.isAsking = true;
    const body = { query: this.query, cursor: this.found?.cursor };
    const reply = await ask("POST", PATH, body, mine.signal);
    if (mine.signal.aborted) return;
    this.isAsking = false;
    if (reply.failed) this.fail(reply);
    else this.take(reply);
  }

  fail({ failed, status }) {
    this.show({ failed, isAway: status === 503 });
    if (status === 503) this.wait(() => this.load(), AGAIN_MS);
  }

  take({ hits, cursor }) {
    const before = this.found?.hits ?? [];
    this.found = { hits: [...before, ...hits], cursor };
    this.show({ query: this.query, hits: this.found.hits, from: before.length, isWhole: !cursor });
  }
}
