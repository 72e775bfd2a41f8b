// What a type looks like to a reader: one line for its kind and limits, and its fields below. A type that is named
// is opened when it is wanted, so a tree that holds itself has an end.
import { line, make } from "./make.js";

/** @typedef {Record<string, any>} Schema */

/** The schema behind a reference, and its name. */
export function resolve(root, schema) {
  const name = /^#\/components\/(?:\w+)\/(.+)$/.exec(schema?.$ref ?? "")?.[1];
  if (!name) return { name: null, schema: schema ?? {} };
  const target = schema.$ref.slice(2).split("/").reduce((node, key) => node?.[key], root) ?? {};
  return { name, schema: target };
}

/** Without the null that it may also be. */
function bare(schema) {
  const others = (schema.oneOf ?? schema.anyOf)?.filter((one) => one.type !== "null");
  return others?.length === 1 ? others[0] : schema;
}

/** A type in a few words: `Conversation`, `list of texts`, `up or down`. */
export function words(root, schema) {
  const { name, schema: at } = resolve(root, bare(schema));
  if (name && !simple(at)) return name;
  if (at.enum) return at.enum.map((word) => JSON.stringify(word)).join(" | ");
  if (at.const !== undefined) return JSON.stringify(at.const);
  const several = at.oneOf ?? at.anyOf;
  if (several) return several.map((one) => words(root, one)).join(" | ");
  const kinds = [at.type ?? "anything"].flat().filter((kind) => kind !== "null");
  if (kinds[0] === "array") return `list of ${at.items ? words(root, at.items) : "anything"}`;
  return kinds.join(" | ");
}

const simple = (schema) => !schema.properties && !schema.allOf && !(schema.oneOf ?? schema.anyOf);

/** Limits in a few words. */
function limits(schema) {
  const said = [];
  const span = (least, most, what) => {
    if (least !== undefined && most !== undefined) said.push(`${least} to ${most}${what}`);
    else if (most !== undefined) said.push(`at most ${most}${what}`);
    else if (least) said.push(`at least ${least}${what}`);
  };
  const huge = (n) => (Math.abs(n) > 2 ** 31 ? undefined : n);
  span(huge(schema.minimum), huge(schema.maximum), "");
  span(schema.minLength, schema.maxLength, " characters");
  span(schema.minItems, schema.maxItems, " of them");
  if (schema["x-max-bytes"]) said.push(`at most ${schema["x-max-bytes"] / 1024} kB`);
  if (schema["x-setting"]) said.push(`setting ${schema["x-setting"]}`);
  // A long pattern is that of a name: text on one line.
  if (schema.pattern) said.push(schema.pattern.length > 60 ? "on one line" : `like ${schema.pattern}`);
  if (schema.format && !/int|double|float/.test(schema.format)) said.push(schema.format);
  if (schema.default !== undefined && typeof schema.default !== "object") said.push(`default ${JSON.stringify(schema.default)}`);
  return said.join(", ");
}

const nullable = (schema) => [schema.type].flat().includes("null") || (schema.oneOf ?? schema.anyOf)?.some((one) => one.type === "null");

/** The properties of a schema, those of its parts included. */
function properties(root, schema) {
  const { schema: at } = resolve(root, schema);
  const parts = [at, ...(at.allOf ?? [])].map((part) => resolve(root, part).schema);
  const fields = Object.assign({}, ...parts.map((part) => part.properties ?? {}));
  return { fields, required: new Set(parts.flatMap((part) => part.required ?? [])) };
}

/** One row: name, type, what it must hold to, what it means, and, when it is a type of its own, what is in it. */
export function field(root, name, schema, required) {
  const { schema: inner } = resolve(root, bare(schema));
  const rules = [required ? "required" : "", nullable(schema) ? "or null" : "", limits({ ...inner, ...bare(schema), ...schema })].filter(Boolean).join(", ");
  const about = schema.description ?? bare(schema).description ?? inner.description ?? "";
  const body = make("dd", {}, make("p", {}, make("code", { class: "type" }, words(root, schema)), rules && make("span", { class: "rules" }, rules)), about && make("p", {}, ...line(about)));
  const below = inner.type === "array" || [inner.type].flat().includes("array") ? inner.items : bare(schema);
  if (below) body.append(...nested(root, below));
  return [make("dt", {}, make("code", {}, name)), body];
}

/** What is inside a type, closed at first. */
function nested(root, schema) {
  const { name, schema: at } = resolve(root, bare(schema));
  const several = (at.oneOf ?? at.anyOf ?? []).filter((one) => one.type !== "null");
  const kinds = several.length ? several : [schema];
  return kinds.flatMap((kind) => {
    const { name: own } = resolve(root, bare(kind));
    if (!Object.keys(properties(root, bare(kind)).fields).length) return [];
    const inside = make("details", { class: "inside" }, make("summary", {}, `What is in ${own ?? name ?? "it"}`));
    inside.addEventListener("toggle", () => inside.childElementCount === 1 && inside.append(fields(root, bare(kind))), { once: true });
    return [inside];
  });
}

/** All fields of a type; of one without fields, its kind. */
export function fields(root, schema) {
  const { fields: own, required } = properties(root, bare(schema));
  const names = Object.keys(own);
  if (names.length) return make("dl", { class: "fields" }, ...names.flatMap((name) => field(root, name, own[name], required.has(name))));
  const kind = make("div", {}, make("p", {}, make("code", { class: "type" }, words(root, schema))));
  const { schema: at } = resolve(root, bare(schema));
  kind.append(...nested(root, at.items ?? schema));
  return kind;
}

/** A small value of a type, for an example. */
export function sample(root, schema, depth = 0) {
  const { schema: at } = resolve(root, bare(schema));
  if (at.default !== undefined && at.default !== null) return at.default;
  if (at.enum) return at.enum[0];
  if (at.oneOf ?? at.anyOf) return sample(root, (at.oneOf ?? at.anyOf)[0], depth + 1);
  const { fields: own, required } = properties(root, at);
  const names = Object.keys(own).filter((name) => required.has(name));
  switch ([at.type].flat()[0]) {
    case "array":
      return depth > 3 ? [] : [sample(root, at.items ?? {}, depth + 1)];
    case "integer":
    case "number":
      return Math.max(at.minimum > 0 ? at.minimum : 1, 1);
    case "boolean":
      return true;
    case "string":
      return text(at);
    default:
      return Object.fromEntries((names.length ? names : Object.keys(own).slice(0, depth ? 0 : 1)).map((name) => [name, sample(root, own[name], depth + 1)]));
  }
}

function text(schema) {
  const id = /^\^\(?(?:passages\|)?([a-z]+)_\[0-9a-f\]\{32\}/.exec(schema.pattern ?? "");
  if (id) return `${id[1]}_${"0".repeat(32)}`;
  const word = /^\^\(([a-z]+)\|/.exec(schema.pattern ?? "");
  if (word) return word[1];
  return schema.format === "date-time" ? "2026-02-22T10:30:45.123Z" : "…";
}
