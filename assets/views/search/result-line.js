/** One thing that was found. */
import { Icon } from "../../components/icon.js";
import { Moment } from "../../components/moment.js";
import { Snippet } from "../../components/snippet.js";
import { t } from "../../lib/text.js";
import { html } from "../../vendor/html.js";

/** Where a result leads. */
export function resultPath(item) {
  return item.kind === "message" ? `/c/${item.conversation_id}?m=${item.id}` : `/c/${item.conversation_id ?? item.id}`;
}

/** @param {{item: any}} props */
export function ResultLine({ item }) {
  const message = item.kind === "message";
  // A chat found by its title: the title itself carries the marks.
  const byTitle = !message && item.snippet?.text === item.title;
  return html`<${Icon} name=${message ? "text" : "chat"} />
    <span class="grow result">
      <span class="result-title cut">${byTitle ? html`<${Snippet} text=${item.title} matches=${item.snippet.matches} />` : item.title || t("chat.untitled")}</span>
      ${!byTitle && item.snippet?.text && html`<span class="hint result-text"><${Snippet} text=${item.snippet.text} matches=${item.snippet.matches} /></span>`}
    </span>
    <${Moment} at=${item.created_at} />`;
}
