// What the page uses of marked.
export class Lexer {
  constructor(options?: any);
  tokens: any;
  blockTokens(source: string, tokens?: any[]): any[];
  lex(source: string): any[];
}
export class Marked {
  constructor(...extensions: any[]);
  defaults: any;
  use(...extensions: any[]): this;
  parser(tokens: any[]): string;
}
