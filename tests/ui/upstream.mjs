// A model server of the OpenAI dialect that says what a test tells it to, and waits where the test wants it to.
import http from "node:http";
import { once } from "node:events";

const TITLE_QUESTION = "Write a title of";

/**
 * @typedef {{pieces?: string[], reasoning?: string[], hold?: number, status?: number, message?: string, wait?: number, times?: number, cut?: boolean, call?: {name: string, arguments: any}}} Script
 *   `hold`: after so many pieces it waits until `release()`; `status`: refuses with it, `wait`: for so many seconds; `times`: so often, then it
 *   answers in the ordinary way; `cut`: breaks off instead of ending; `call`: calls a tool at its end
 */

/** Starts it on a free port. */
export async function startUpstream() {
  const scripts = [];
  const waiting = new Set();
  const asked = [];
  const self = { models: ["ember-chat", "other-chat"], key: null, title: "", asked, address: "", when, release, stop, waiting: () => waiting.size };

  /** What is said to a question that contains `part`; the newest script that fits holds. */
  function when(part, /** @type {Script} */ script) {
    scripts.unshift({ part, left: Infinity, ...script, ...(script.times && { left: script.times }) });
  }

  /** Lets every held answer go on. */
  function release() {
    for (const go of waiting) go();
    waiting.clear();
  }

  function scriptFor(question) {
    if (question.startsWith(TITLE_QUESTION)) return { pieces: [self.title] };
    const fits = scripts.find((script) => script.left > 0 && question.includes(script.part));
    if (fits) fits.left -= 1;
    return fits ?? { pieces: ["You asked: ", question] };
  }

  const server = http.createServer(async (request, response) => {
    let text = "";
    for await (const part of request) text += part;
    const reply = (status, body, headers = {}) => response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
    if (self.key && request.headers.authorization !== `Bearer ${self.key}`) {
      return reply(401, { error: { message: "Incorrect API key provided", code: "invalid_api_key" } });
    }
    if (request.url.endsWith("/models")) return reply(200, { object: "list", data: self.models.map((id) => ({ id, object: "model" })) });
    if (request.url.endsWith("/rerank")) {
      const { documents } = JSON.parse(text);
      return reply(200, { results: documents.map((said, index) => ({ index, relevance_score: -said.length })) });
    }
    if (!request.url.endsWith("/chat/completions")) return reply(404, { error: { message: "no such page" } });
    const body = JSON.parse(text);
    const { content } = body.messages.at(-1);
    const question = typeof content === "string" ? content : content.map((part) => part.text ?? "").join("");
    asked.push({ question, body });
    const script = scriptFor(question);
    if (script.status) return reply(script.status, { error: { message: script.message ?? "it went wrong" } }, script.wait && { "retry-after": script.wait });
    response.writeHead(200, { "content-type": "text/event-stream" });
    return stream(response, script);
  });

  async function stream(response, { pieces = [], reasoning = [], hold = Infinity, cut = false, call = undefined }) {
    const say = (delta, rest = {}) => response.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta, ...rest }] })}\n\n`);
    for (const piece of reasoning) say({ reasoning_content: piece });
    for (const [at, content] of pieces.entries()) {
      if (at === hold) await held(response);
      if (response.destroyed) return;
      say({ content });
      // A turn of the loop, so that the pieces travel apart.
      await new Promise(setImmediate);
    }
    if (pieces.length === hold) await held(response);
    if (cut) return void response.destroy();
    if (call) say({ tool_calls: [{ index: 0, id: "call_1", type: "function", function: { name: call.name, arguments: JSON.stringify(call.arguments) } }] });
    say({}, { finish_reason: call ? "tool_calls" : "stop" });
    response.end('data: {"choices":[],"usage":{"prompt_tokens":24,"completion_tokens":18}}\n\ndata: [DONE]\n\n');
  }

  function held(response) {
    return new Promise((resolve) => {
      waiting.add(resolve);
      response.on("close", resolve);
    });
  }

  function stop() {
    release();
    server.closeAllConnections();
    server.close();
  }

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  self.address = `http://127.0.0.1:${server.address().port}/v1`;
  return self;
}
