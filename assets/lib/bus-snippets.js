/** Programs to copy that speak to the bus: each runs as it stands, with nothing to install. */

/** @typedef {{origin: string, client: string, token: string|null}} Facts `token`: null where none is asked for */

const LANGUAGES = { python: "python", javascript: "javascript", curl: "bash", mcp: "json", mcp_stdio: "json" };

/** The language of a snippet, for its colours. */
export function languageOf(/** @type {string} */ name) {
  return LANGUAGES[name];
}

/** @param {string} name @param {Facts} facts */
export function snippet(name, facts) {
  return MAKERS[name](facts).join("\n");
}

const MAKERS = {
  python: ({ origin, client, token }) => [
    `# ${client}.py: Python 3.8 or newer, no packages`,
    "import json",
    "import urllib.request",
    "",
    `BASE = ${quoted(`${origin}/api/v1`)}`,
    `ME = ${quoted(client)}`,
    `HEADERS = {${[`"Content-Type": "application/json"`, ...(token ? [`"Authorization": ${quoted(`Bearer ${token}`)}`] : [])].join(", ")}}`,
    "",
    "",
    "def call(path, body=None):",
    "    data = None if body is None else json.dumps(body).encode()",
    "    return urllib.request.urlopen(urllib.request.Request(BASE + path, data, HEADERS), timeout=60)",
    "",
    "",
    "def send(to, text, **more):",
    "    return json.load(call(\"/send\", {\"from\": ME, \"to\": to, \"text\": text, **more}))",
    "",
    "",
    "print(send(\"all\", f\"{ME} is here\"))",
    "",
    "# First what waited for this client, then everything new, until Ctrl+C.",
    "for line in call(f\"/subscribe?client={ME}\"):",
    "    if not line.startswith(b\"data:\"):",
    "        continue",
    "    message = json.loads(line[5:])",
    "    print(message[\"from\"], message[\"payload\"], flush=True)",
    "    if message[\"requires_ack\"]:",
    "        call(f\"/messages/{message['id']}/ack\", {\"client_id\": ME})",
    "    if message[\"type\"] == \"question\":",
    "        send(message[\"from\"], \"I heard you\", type=\"answer\", reply_to=message[\"id\"])",
  ],
  javascript: ({ origin, client, token }) => [
    `// ${client}.mjs: Node 18 or newer, Deno or Bun, no packages`,
    `const BASE = ${quoted(`${origin}/api/v1`)};`,
    `const ME = ${quoted(client)};`,
    `const HEADERS = { ${[`"Content-Type": "application/json"`, ...(token ? [`Authorization: ${quoted(`Bearer ${token}`)}`] : [])].join(", ")} };`,
    "",
    "async function call(path, body) {",
    "  const answer = await fetch(BASE + path, { method: body ? \"POST\" : \"GET\", headers: HEADERS, body: body && JSON.stringify(body) });",
    "  if (!answer.ok) throw new Error(await answer.text());",
    "  return answer;",
    "}",
    "",
    "const send = async (to, text, more = {}) => (await call(\"/send\", { from: ME, to, text, ...more })).json();",
    "",
    "console.log(await send(\"all\", `${ME} is here`));",
    "",
    "// First what waited for this client, then everything new, until Ctrl+C.",
    "const events = await call(`/subscribe?client=${ME}`);",
    "let rest = \"\";",
    "for await (const piece of events.body.pipeThrough(new TextDecoderStream())) {",
    "  const lines = (rest + piece).split(\"\\n\");",
    "  rest = lines.pop();",
    "  for (const line of lines.filter((line) => line.startsWith(\"data:\"))) {",
    "    const message = JSON.parse(line.slice(5));",
    "    console.log(message.from, message.payload);",
    "    if (message.requires_ack) await call(`/messages/${message.id}/ack`, { client_id: ME });",
    "    if (message.type === \"question\") await send(message.from, \"I heard you\", { type: \"answer\", reply_to: message.id });",
    "  }",
    "}",
  ],
  curl: ({ origin, client, token }) => {
    const auth = token ? ` -H 'Authorization: Bearer ${token}'` : "";
    const base = `${origin}/api/v1`;
    return [
      "# Say something to everybody",
      `curl -sS${auth} -H 'Content-Type: application/json' \\`,
      `  -d '{"from": "${client}", "to": "all", "text": "${client} is here"}' '${base}/send'`,
      "",
      "# The newest messages",
      `curl -sS${auth} '${base}/messages?limit=10'`,
      "",
      `# First what waited for ${client}, then everything new, until Ctrl+C`,
      `curl -sSN${auth} '${base}/subscribe?client=${client}'`,
    ];
  },
  mcp: ({ origin, token }) => [
    JSON.stringify({ mcpServers: { inglenook: { type: "http", url: `${origin}/mcp`, ...(token && { headers: { Authorization: `Bearer ${token}` } }) } } }, null, 2),
  ],
  mcp_stdio: () => [JSON.stringify({ mcpServers: { inglenook: { command: "inglenook", args: ["mcp"] } } }, null, 2)],
};

/** A text as a literal that Python and JavaScript both read. */
function quoted(text) {
  return JSON.stringify(text);
}
