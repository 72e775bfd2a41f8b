/** Well known providers, so that nobody has to look up an address. */

/** @typedef {{id: string, name: string, kind: "openai"|"anthropic"|"ollama", address?: string, local?: boolean}} Preset */

/** @type {Preset[]} */
export const presets = [
  { id: "openai", name: "OpenAI", kind: "openai", address: "api.openai.com/v1" },
  { id: "anthropic", name: "Anthropic", kind: "anthropic", address: "api.anthropic.com" },
  { id: "openrouter", name: "OpenRouter", kind: "openai", address: "openrouter.ai/api/v1" },
  { id: "groq", name: "Groq", kind: "openai", address: "api.groq.com/openai/v1" },
  { id: "mistral", name: "Mistral", kind: "openai", address: "api.mistral.ai/v1" },
  { id: "deepseek", name: "DeepSeek", kind: "openai", address: "api.deepseek.com/v1" },
  { id: "perplexity", name: "Perplexity", kind: "openai", address: "api.perplexity.ai" },
  { id: "ollama", name: "Ollama", kind: "ollama", address: "127.0.0.1:11434", local: true },
  { id: "lmstudio", name: "LM Studio", kind: "openai", address: "127.0.0.1:1234/v1", local: true },
  { id: "llamacpp", name: "llama.cpp", kind: "openai", address: "127.0.0.1:8080/v1", local: true },
  { id: "vllm", name: "vLLM", kind: "openai", address: "127.0.0.1:8000/v1", local: true },
  { id: "other", name: "", kind: "openai" },
];

/** The whole address of a preset. */
export function addressOf(/** @type {Preset} */ preset) {
  if (!preset.address) return "";
  return `${preset.local ? "http" : "https"}://${preset.address}`;
}
