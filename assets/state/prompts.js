/** Prompts that the reader saved, offered when a question starts with `/`. Kept in this browser. */
import { randomKey } from "../lib/api.js";
import { keep, onKept, recall } from "../lib/storage.js";
import { t } from "../lib/text.js";
import { signal } from "../vendor/signals.js";
import { onNewcomer } from "./session.js";

/** @typedef {{id: string, name: string, text: string}} Prompt */

/** @type {import("../vendor/signals.js").Signal<Prompt[]>} */
export const prompts = signal([]);

/** Whether the editor is open. */
export const editingPrompts = signal(false);

/** Adds a prompt, or changes the one with its id. */
export function savePrompt({ id, name, text }) {
  const entry = { id: id ?? randomKey(), name: name.trim(), text };
  const others = prompts.value.filter((prompt) => prompt.id !== entry.id);
  store([...others, entry].sort((one, two) => one.name.localeCompare(two.name)));
}

/** Removes a prompt; the answer puts it back. */
export function removePrompt(id) {
  const before = prompts.value;
  store(before.filter((prompt) => prompt.id !== id));
  return () => store(before);
}

/** Follows the other tabs. */
export function startPrompts() {
  prompts.value = recall("prompts", null) ?? starters();
  onNewcomer(() => keep("prompts", null));
  onKept("prompts", (value) => (prompts.value = value ?? starters()));
}

function store(next) {
  prompts.value = next;
  keep("prompts", next);
}

function starters() {
  return ["explain", "shorten", "translate"].map((id) => ({ id, name: t(`prompt.${id}.name`), text: t(`prompt.${id}.text`) }));
}
