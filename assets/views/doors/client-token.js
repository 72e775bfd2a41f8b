/** One click makes the token of one client of the bus: it may use the bus, and only as that client. */
import { Icon } from "../../components/icon.js";
import { t } from "../../lib/text.js";
import { complain } from "../../state/notices.js";
import { addToken } from "../../state/security.js";
import { useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { Once } from "./once.js";

/** @param {{client: string, onMade?: (token: string) => void}} props */
export function ClientToken({ client, onMade }) {
  const [made, setMade] = useState(/** @type {any} */ (null));
  const [busy, setBusy] = useState(false);
  const make = async () => {
    setBusy(true);
    try {
      const token = await addToken({ name: client, scopes: ["bus"], client_id: client });
      setMade(token);
      onMade?.(token.token);
    } catch (error) {
      complain(error);
    }
    setBusy(false);
  };
  if (made?.client_id === client) return html`<${Once} title=${t("tokens.made", { name: made.name })} text=${t("tokens.once")} value=${made.token} onDone=${() => setMade(null)} />`;
  return html`<div><button type="button" class="button" disabled=${busy || !client} onClick=${make}>${busy ? html`<span class="spinner" aria-hidden="true"></span>` : html`<${Icon} name="key" />`}${t("tokens.for_client", { client })}</button></div>`;
}
