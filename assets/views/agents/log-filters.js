/** What narrows the log, and what can be done with the whole of it. */
import { Dialog } from "../../components/dialog.js";
import { Icon } from "../../components/icon.js";
import { Menu } from "../../components/menu.js";
import { t } from "../../lib/text.js";
import { clients } from "../../state/bus.js";
import { clearBus, exportAddress } from "../../state/bus-log.js";
import { complain, toast } from "../../state/notices.js";
import { may } from "../../state/session.js";
import { useEffect, useRef, useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";

const PAUSE_MS = 250;

/** @param {{filter: import("../../lib/bus-address.js").Filter, change: (fields: any) => void, log: import("../../state/bus-log.js").Log}} props */
export function LogFilters({ filter, change, log }) {
  const [sure, setSure] = useState(false);
  const known = (clients.value ?? []).map(({ id }) => id);
  const types = [...new Set(log.messages.value.map(({ type }) => type))].sort();
  const items = () => [
    { label: t("log.export"), icon: "download", href: exportAddress() },
    may("admin") && { label: t("log.clear"), icon: "trash", danger: true, onSelect: () => setSure(true) },
  ];
  const field = (name, list) => html`<${Words} key=${name} name=${name} value=${filter[name]} list=${list} change=${(value) => change({ [name]: value })} />`;
  return html`<div class="bus-filters" role="search" aria-label=${t("log.filters")}>
    ${field("text")} ${field("from", known)} ${field("to", known)} ${field("type", types)}
    <${Menu} label=${t("log.more")} items=${items} />
    ${sure && html`<${ClearDialog} log=${log} close=${() => setSure(false)} />`}
  </div>`;
}

/** A field that waits until one has stopped typing. */
function Words({ name, value, list, change }) {
  const [text, setText] = useState(value);
  const typed = useRef(value);
  const timer = useRef(0);
  // An address that changed by itself (Back, a link) wins over the field.
  useEffect(() => {
    if (value === typed.current) return;
    clearTimeout(timer.current);
    typed.current = value;
    setText(value);
  }, [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const onInput = (event) => {
    const words = event.currentTarget.value;
    setText(words);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      typed.current = words.trim();
      change(words.trim());
    }, PAUSE_MS);
  };
  const id = `log-${name}`;
  return html`<label class=${`find-field bus-filter-${name}`}>${name === "text" ? html`<${Icon} name="search" />` : html`<span>${t(`log.${name}`)}</span>`}
    <input id=${id} type="search" value=${text} list=${list ? `${id}-known` : undefined} placeholder=${t(name === "text" ? "log.text" : "log.any")} aria-label=${t(`log.${name}`)}
      autocomplete="off" autocapitalize="off" spellcheck=${false} dir="auto" onInput=${onInput} />
    ${list && html`<datalist id=${`${id}-known`}>${list.map((entry) => html`<option key=${entry} value=${entry}></option>`)}</datalist>`}</label>`;
}

function ClearDialog({ log, close }) {
  const clear = async () => {
    close();
    try {
      const n = await clearBus();
      await log.load();
      toast({ text: t("log.cleared", { n }) });
    } catch (error) {
      complain(error);
    }
  };
  return html`<${Dialog} open onClose=${close} title=${t("log.clear_title")}>
    <p>${t("log.clear_text")}</p>
    <div class="row end"><button type="button" class="button" autofocus onClick=${close}>${t("action.cancel")}</button><button type="button" class="button danger" onClick=${clear}>${t("log.clear")}</button></div>
  <//>`;
}
