// One route: what it takes, what it answers, and a command line to try it with.
import { copyText } from "../lib/clipboard.js";
import { make, prose } from "./make.js";
import { field, fields, resolve, sample } from "./schema.js";

/** The id of a route on the page, and in its address. */
export const anchor = (operation) => operation.operationId;

/** A route, closed; what is inside is made when it is opened. */
export function route(root, path, method, operation) {
  const summary = make(
    "summary",
    {},
    make("span", { class: `method ${method}` }, method.toUpperCase()),
    make("code", { class: "path" }, ...breakable(path)),
    make("span", { class: "what" }, operation.summary ?? ""),
  );
  const box = make("details", { class: "route", id: anchor(operation) }, summary);
  box.addEventListener("toggle", () => box.childElementCount === 1 && box.append(inside(root, path, method, operation)));
  return box;
}

/** A long path may break after its slashes. */
const breakable = (path) => path.split(/(?<=\/)/).flatMap((part, n) => (n ? [make("wbr"), part] : [part]));

function inside(root, path, method, operation) {
  const parameters = (operation.parameters ?? []).map((one) => resolve(root, one).schema);
  const body = make("div", { class: "inside-route" }, ...prose(operation.description), who(operation));
  if (parameters.length) body.append(make("h3", {}, "Parameters"), make("dl", { class: "fields" }, ...parameters.flatMap((one) => field(root, `${one.name}${where(one)}`, { ...one.schema, description: one.description ?? one.schema?.description }, one.required))));
  const sent = Object.entries(operation.requestBody?.content ?? {});
  if (sent.length) body.append(make("h3", {}, operation.requestBody.required ? "Body" : "Body (may be left out)"));
  for (const [type, { schema }] of sent) body.append(make("p", {}, make("code", {}, type)), fields(root, schema ?? {}));
  body.append(make("h3", {}, "Answers"), make("dl", { class: "answers" }, ...Object.entries(operation.responses).flatMap(([status, response]) => answer(root, status, response))));
  body.append(make("h3", {}, "Try it"), command(root, path, method, operation, parameters));
  return body;
}

const where = (parameter) => ({ path: " (in the path)", header: " (header)", query: "" })[parameter.in] ?? "";

/** Who may ask. */
function who(operation) {
  const ways = operation.security ?? [];
  if (!ways.length) return make("p", { class: "who" }, "Needs no sign-in.");
  const scopes = ways.flatMap((way) => way.token ?? []);
  const token = scopes.length ? `, or a token with the scope ${scopes.join(" or ")}` : "; a token will not do";
  return make("p", { class: "who" }, `Needs a sign-in${token}.`);
}

function answer(root, status, response) {
  const { schema: at } = resolve(root, response);
  const about = response.description ?? at.description;
  const said = make("dd", {}, ...prose(about));
  for (const [type, { schema }] of Object.entries(at.content ?? {})) {
    const { name } = resolve(root, schema ?? {});
    const inner = make("details", { class: "inside" }, make("summary", {}, name ? `${name} (${type})` : type));
    inner.addEventListener("toggle", () => inner.childElementCount === 1 && inner.append(fields(root, schema ?? {})), { once: true });
    said.append(inner);
  }
  return [make("dt", { class: status < "4" ? "good" : "bad" }, status), said];
}

/** A command line for a shell, and a button that copies it. */
function command(root, path, method, operation, parameters) {
  const text = curl(root, path, method, operation, parameters);
  const told = make("span", { role: "status" });
  const copy = make(
    "button",
    {
      type: "button",
      click: async () => {
        const done = () => "Copied";
        told.textContent = await copyText(text).then(done, () => "The browser did not allow copying; select the command instead");
        setTimeout(() => (told.textContent = ""), 2000);
      },
    },
    "Copy the command",
  );
  return make("div", { class: "command" }, make("pre", { tabindex: "0", "aria-label": "Command" }, make("code", {}, text)), make("p", {}, copy, " ", told));
}

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** The command itself. */
export function curl(root, path, method, operation, parameters) {
  const values = Object.fromEntries(parameters.filter((one) => one.in === "path").map((one) => [one.name, String(sample(root, one.schema))]));
  const address = location.origin + path.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? name);
  const words = ["curl"];
  if (operation.responses["101"]) return `websocat ${quoted(address.replace(/^http/, "ws"))}`;
  if (operation.responses["200"]?.content?.["text/event-stream"]) words.push("-N");
  if (method !== "get") words.push("-X", method.toUpperCase());
  words.push(quoted(address));
  if (operation.security?.length) words.push("-H", quoted("Authorization: Bearer ink_…"));
  const content = operation.requestBody?.content ?? {};
  if (content["application/json"]) {
    words.push("-H", quoted("Content-Type: application/json"), "-d", quoted(JSON.stringify(sample(root, content["application/json"].schema))));
  } else if (content["multipart/form-data"]) words.push("-F", quoted("file=@document.pdf"));
  return words.join(" ");
}
