// Modules that are fetched when first needed.
export const katex: any;
export const hljs: any;
export const grammar: any;
