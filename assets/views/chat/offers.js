/** What the composer offers while typing: models after `@`, documents after `#`, saved prompts after a `/` at the start. */
import { t } from "../../lib/text.js";
import { findDocuments, titleOf } from "../../state/documents.js";
import { models, talks } from "../../state/models.js";
import { editingPrompts, prompts } from "../../state/prompts.js";
import { html } from "../../vendor/html.js";
import { chooseModel } from "./model-picker.js";

const MOST = 8;
const MODEL = /(^|\s)@([^\s@]*)$/;
const DOCUMENT = /(^|\s)#([^\s#][^#\n]{0,60}|)$/;
const PROMPT = /^\/([^\n]*)$/;

/**
 * @param {string} text @param {number} caret @param {string|null} id
 * @param {boolean} temporary @param {(item: any) => void} name takes a document that the question names
 * @returns {null|{label: string, items: any[], empty: string, footer?: any, later?: Promise<any[]|null>|null, pick: (item: any, write: (text: string, caret?: number) => void) => void}}
 */
export function offersFor(text, caret, id, temporary, name) {
  const before = text.slice(0, caret);
  const prompt = PROMPT.exec(before);
  if (prompt) return promptOffers(prompt[1], text.slice(caret));
  const model = MODEL.exec(before);
  const words = temporary ? null : DOCUMENT.exec(before);
  if (words) return documentOffers(words[2], before.slice(0, before.length - words[2].length - 1), text.slice(caret), name);
  return model ? modelOffers(model[2], before.slice(0, before.length - model[2].length - 1), text.slice(caret), temporary ? null : id) : null;
}

function promptOffers(words, after) {
  const items = prompts.value.filter(({ name }) => fits(name, words)).slice(0, MOST).map(({ id, name, text }) => ({ id, title: name, hint: text, text }));
  // A path such as `/usr/bin` is no prompt: once nothing fits, it is out of the way.
  if (!items.length && words.length > 2) return null;
  const edit = (event) => {
    event.preventDefault();
    editingPrompts.value = true;
  };
  return {
    label: t("prompt.offers"),
    empty: t("prompt.none"),
    items,
    footer: html`<button type="button" class="suggestions-foot" tabindex="-1" onMouseDown=${edit}>${t("prompt.edit")}</button>`,
    pick: (item, write) => write(item.text + after, item.text.length),
  };
}

function modelOffers(words, before, after, id) {
  const items = models.value
    .filter((model) => model.kind !== "passages" && talks(model) && fits(`${model.name} ${model.provider_name}`, words))
    .slice(0, MOST)
    .map((model) => ({ id: model.id, title: model.name, hint: model.provider_name }));
  if (!items.length && words) return null;
  return {
    label: t("model.offers"),
    empty: t("model.none"),
    items,
    pick: (item, write) => {
      chooseModel(id, item.id);
      write(before + after, before.length);
    },
  };
}

/** Asked of the server, so the items come later; null for words that are no document, such as a heading. */
function documentOffers(words, before, after, name) {
  const item = (found) => ({ id: found.id, title: titleOf(found), hint: found.kind ? t(`kind.${found.kind}`) : "", found });
  return {
    label: t("scope.offers"),
    empty: t("scope.none_named"),
    items: [],
    later: findDocuments(words, MOST).then(
      (found) => (found.length || !words ? found.map(item) : null),
      () => null,
    ),
    pick: ({ found }, write) => {
      name(found);
      write(before + after, before.length);
    },
  };
}

function fits(name, words) {
  const low = name.toLocaleLowerCase();
  return words.toLocaleLowerCase().split(/\s+/).every((word) => low.includes(word));
}
