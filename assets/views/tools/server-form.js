/** Adds a server of tools, or changes one. What it is given to keep secret goes in and never comes back. */
import { Dialog } from "../../components/dialog.js";
import { t } from "../../lib/text.js";
import { reasonOf, toast } from "../../state/notices.js";
import { addToolServer, changeToolServer } from "../../state/tools.js";
import { useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";

const KINDS = ["command", "http"];

/** @param {{server?: any, onClose: () => void}} props */
export function ServerForm({ server, onClose }) {
  const [kind, setKind] = useState(server?.kind ?? KINDS[0]);
  const [error, setError] = useState(/** @type {any} */ (null));
  const [busy, setBusy] = useState(false);
  const submit = async (event) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setError(null);
    try {
      const body = bodyOf(kind, (name) => String(form.get(name) ?? ""));
      if (server) await changeToolServer(server.id, body);
      else await addToolServer({ kind, ...body });
      toast({ text: t("tools.saved", { name: body.name }) });
      onClose();
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  };
  const at = error?.details?.field?.replace(/\[.*/, "");
  const wrong = (field) => at === field && html`<span class="wrong" role="alert">${reasonOf(error)}</span>`;
  const field = (name, rest) => html`<label class="field"><span>${t(`tools.${name}`)}</span><input class="input" name=${name} autocomplete="off" spellcheck=${false} dir="ltr" ...${rest} />${wrong(name)}</label>`;
  const lines = (name, value, hint) => html`<label class="field"><span>${t(`tools.${name}`)}</span><textarea class="input" name=${name} rows="3" spellcheck=${false} dir="ltr" defaultValue=${value}></textarea><span class="hint">${hint}</span>${wrong(name)}</label>`;
  return html`<${Dialog} open title=${server ? t("tools.edit_title", { name: server.name }) : t("tools.add")} onClose=${onClose}>
    <form class="stack" onSubmit=${submit}>
      ${field("name", { required: true, maxlength: 60, dir: "auto", defaultValue: server?.name ?? "" })}
      ${!server && html`<fieldset class="plain-fieldset"><legend>${t("tools.kind")}</legend><div class="row wrap">
        ${KINDS.map((name) => html`<label key=${name} class="pill small"><input type="radio" name="kind" value=${name} checked=${kind === name} onChange=${() => setKind(name)} /><span>${t(`tools.kind_${name}`)}</span></label>`)}</div>
        <p class="hint">${t(`tools.kind_${kind}_hint`)}</p></fieldset>`}
      ${kind === "http"
        ? html`${field("url", { type: "url", required: true, placeholder: "https://…", defaultValue: server?.url ?? "" })}
            ${field("token", { type: "password", placeholder: server?.token ? t("tools.token_kept", { token: server.token }) : "" })}`
        : html`${field("program", { required: true, defaultValue: server?.program ?? "" })}
            ${lines("args", server?.args.join("\n") ?? "", t("tools.args_hint"))}
            ${lines("env", "", server?.env.length ? t("tools.env_kept", { names: server.env.join(", ") }) : t("tools.env_hint"))}`}
      ${error && !["name", "url", "token", "program", "args", "env"].includes(at) && html`<p class="test bad" role="alert">${reasonOf(error)}</p>`}
      <div class="row end"><button type="button" class="button quiet" onClick=${onClose}>${t("action.cancel")}</button>
        <button class="button primary" disabled=${busy}>${busy && html`<span class="spinner" aria-hidden="true"></span>`}${t("action.save")}</button></div>
    </form>
  <//>`;
}

/** What is empty of what is secret stays as it is. */
function bodyOf(kind, value) {
  const name = value("name").trim();
  if (kind === "http") return { name, url: value("url").trim(), ...(value("token") && { token: value("token").trim() }) };
  const rows = (text) => text.split("\n").map((line) => line.trim()).filter(Boolean);
  const pairs = rows(value("env")).map((line) => [line.split("=")[0].trim(), line.slice(line.indexOf("=") + 1)]);
  return { name, program: value("program").trim(), args: rows(value("args")), ...(pairs.length && { env: Object.fromEntries(pairs) }) };
}
