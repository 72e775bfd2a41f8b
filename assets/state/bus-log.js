/**
 * Messages of the bus, newest first: a list that is narrowed by the server, grows at its top as messages come, and at
 * its end as one scrolls. While the reader is further down it stands still, and only says that there is more.
 */
import { addressOf, get, post } from "../lib/api.js";
import { batch, signal } from "../vendor/signals.js";
import { newest } from "./meanwhile.js";

const PAGE = 100;
// Past this, the oldest are fetched again when somebody scrolls there.
const MOST_KEPT = 3000;

/**
 * @typedef {{seq: number, id: string, from: string, to: string|string[], type: string, payload: any, timestamp: string,
 *   requires_ack: boolean, reply_to: string|null}} Message
 */

/** Where everything that was ever said can be downloaded. */
export const exportAddress = () => addressOf("/messages/export");

/** Deletes every message; answers how many there were. */
export async function clearBus() {
  return (await post("/clear")).cleared;
}

/** A list of messages. */
export class Log {
  /** @type {import("../vendor/signals.js").Signal<Message[]>} */
  messages = signal([]);
  /** `more`: older ones can be fetched; `fresh`: newer ones wait while the list stands still */
  facts = signal({ state: "loading", more: false, fresh: false, error: null });
  #still = false;
  #fetching = false;
  #fetch = newest(() => this.#page(), (page) => this.#join(page));

  constructor(/** @type {import("../lib/bus-address.js").Filter} */ filter) {
    this.filter = filter;
  }

  /** Fetches the newest. */
  async load() {
    try {
      await this.#fetch();
    } catch (error) {
      if (!this.messages.peek().length) this.#say({ state: "failed", error });
      throw error;
    }
  }

  /** Something was sent, or went: the newest are fetched again, unless the reader is further down. */
  async news() {
    if (this.#still) return this.#say({ fresh: true });
    await this.load();
  }

  /** Says whether the reader is away from the top. */
  stand(/** @type {boolean} */ still) {
    this.#still = still;
    if (!still && this.facts.peek().fresh) this.load().catch(() => {});
  }

  /** Fetches older ones; harmless to call often. */
  async older() {
    if (!this.facts.peek().more || this.#fetching) return;
    this.#fetching = true;
    try {
      const last = this.messages.peek().at(-1)?.seq;
      const page = await this.#page(last);
      const found = page.filter(({ seq }) => seq < last);
      batch(() => {
        this.messages.value = [...this.messages.peek(), ...found];
        this.#say({ more: page.length === PAGE });
      });
    } catch {
      // Scrolling on asks again.
    }
    this.#fetching = false;
  }

  /** Newest first. A text is looked for by the search of the bus, which has no pages. */
  async #page(before = undefined) {
    const { text, ...rest } = this.filter;
    if (!text) return (await get("/messages", { ...rest, before_seq: before, limit: PAGE })).messages.reverse();
    const { results } = await get("/search", { q: text, limit: PAGE });
    return results.filter((message) => fits(message, rest));
  }

  /** Puts the newest before those that are there; where they do not meet, the newest alone stay. */
  #join(page) {
    const now = this.messages.peek();
    const top = now[0]?.seq;
    const meets = top !== undefined && !this.filter.text && page.some(({ seq }) => seq === top);
    const next = meets ? [...page.filter(({ seq }) => seq > top), ...now] : page;
    batch(() => {
      if (next.length !== now.length || next.some(({ seq }, at) => seq !== now[at].seq)) this.messages.value = next.slice(0, MOST_KEPT);
      const more = meets ? this.facts.peek().more || next.length > MOST_KEPT : !this.filter.text && page.length === PAGE;
      this.#say({ state: "ready", error: null, fresh: false, more });
    });
  }

  #say(fields) {
    this.facts.value = { ...this.facts.peek(), ...fields };
  }
}

function fits({ from, to, type }, filter) {
  const named = to === filter.to || to === "all" || (Array.isArray(to) && to.includes(filter.to));
  return (!filter.from || from === filter.from) && (!filter.to || named) && (!filter.type || type === filter.type);
}
