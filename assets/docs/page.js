// The reference page: openapi.json, by topic, to search and to open.
import { line, make } from "./make.js";
import { anchor, route } from "./operation.js";

const METHODS = ["get", "post", "put", "patch", "delete"];
const at = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** Every word of a route that somebody may look for. */
function haystack(root, path, method, operation) {
  const own = JSON.stringify([path, method, operation.summary, operation.description, operation.tags, operation.parameters ?? []]);
  const named = [...JSON.stringify(operation.requestBody ?? {}).matchAll(/schemas\/([^"]+)"/g)].map(([, name]) => JSON.stringify(root.components.schemas[name] ?? {}));
  return (own + named.join(" ")).toLowerCase();
}

function topics(root) {
  const found = new Map(root.tags.map((tag) => [tag.name, { about: tag.description ?? "", routes: [] }]));
  for (const [path, item] of Object.entries(root.paths)) {
    for (const method of METHODS.filter((method) => item[method])) {
      const operation = item[method];
      const name = operation.tags?.[0] ?? "Other";
      if (!found.has(name)) found.set(name, { about: "", routes: [] });
      found.get(name).routes.push({ box: route(root, path, method, operation), words: haystack(root, path, method, operation), id: anchor(operation) });
    }
  }
  return found;
}

function show(root) {
  at("version").textContent = root.info.version;
  at("about").append(...line(root.info.description));
  const all = topics(root);
  const links = make("ul");
  for (const [name, topic] of all) {
    const id = `topic-${name.toLowerCase().replace(/\W+/g, "-")}`;
    links.append(make("li", {}, make("a", { href: `#${id}` }, name)));
    topic.section = make("section", { "aria-labelledby": id }, make("h2", { id, tabindex: "-1" }, name), topic.about && make("p", {}, ...line(topic.about)), ...topic.routes.map(({ box }) => box));
    topic.link = links.lastElementChild;
    at("routes").append(topic.section);
  }
  at("topics").append(links);
  const search = /** @type {HTMLInputElement} */ (at("search"));
  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const topic of all.values()) {
      const shown = topic.routes.filter((one) => {
        const fits = words.every((word) => one.words.includes(word));
        one.box.hidden = !fits;
        return fits;
      });
      topic.section.hidden = topic.link.hidden = !shown.length;
      count += shown.length;
    }
    at("count").textContent = count === 1 ? "1 route" : `${count} routes`;
  };
  search.addEventListener("input", filter);
  filter();
  const open = () => {
    const wanted = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (wanted instanceof HTMLDetailsElement) wanted.open = true;
    wanted?.scrollIntoView();
  };
  addEventListener("hashchange", open);
  open();
}

try {
  const response = await fetch("/api/v1/openapi.json");
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  show(await response.json());
} catch (error) {
  at("count").textContent = `The routes cannot be shown: ${error.message}`;
}
