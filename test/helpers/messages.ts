import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const SRC = join(import.meta.dirname, '../../src');

/** Names of errors whose message reaches OpenIM, staff or the person at the terminal. */
const SHOWN =
  /((?<!DOM)Exception|^EmbeddedPostgresError|^ListenError|^ConfigError|^DatabaseUrlError|^DatabaseAccessError|^CommandError|^JournalFullError|^OpenIm\w+)$/;
const LEVELS = ['warn', 'error', 'fatal'];
/** Callbacks that pass fields and a message to the logger. */
const HANDED_ON = ['onRestart'];

/** Returns the texts that an expression can have, with `…` for each part that is known only at run time. Omits texts without a fixed word. */
function textsOf(node: ts.Node | undefined): string[] {
  if (!node) {
    return [];
  }
  if (ts.isStringLiteralLike(node)) {
    return [node.text];
  }
  if (ts.isTemplateExpression(node)) {
    const parts = [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)];
    const text = parts.join('…').replaceAll(/…+/g, '…');
    return /\w{3}/.test(text) ? [text] : [];
  }
  if (ts.isConditionalExpression(node)) {
    return [...textsOf(node.whenTrue), ...textsOf(node.whenFalse)];
  }
  if (ts.isArrayLiteralExpression(node)) {
    return node.elements.flatMap(textsOf);
  }
  if (ts.isObjectLiteralExpression(node)) {
    const message = node.properties.find(({ name }) => name?.getText() === 'message');
    return message && ts.isPropertyAssignment(message) ? textsOf(message.initializer) : [];
  }
  return ts.isParenthesizedExpression(node) ? textsOf(node.expression) : [];
}

const logs = ({ name, expression }: ts.PropertyAccessExpression): boolean =>
  HANDED_ON.includes(name.text) || (LEVELS.includes(name.text) && /(^|\.)logger$/.test(expression.getText()));

/** Returns the message argument of a log call: the second one if the first one holds fields. */
function messageOf({ arguments: [first, second] }: ts.CallExpression): ts.Node | undefined {
  return first && ts.isObjectLiteralExpression(first) ? second : first;
}

function messagesOf(node: ts.Node): string[] {
  if (ts.isNewExpression(node) && SHOWN.test(node.expression.getText())) {
    return textsOf(node.arguments?.[0]);
  }
  if (!ts.isCallExpression(node)) {
    return [];
  }
  const { expression } = node;
  if (ts.isPropertyAccessExpression(expression)) {
    return logs(expression) ? textsOf(messageOf(node)) : [];
  }
  if (expression.kind === ts.SyntaxKind.SuperKeyword) {
    const { name } = ts.findAncestor(node, ts.isClassDeclaration) ?? {};
    return name && SHOWN.test(name.text) ? textsOf(node.arguments[0]) : [];
  }
  // The reason and the problems of an invalid callback (callback-parse.ts).
  return expression.getText() === 'invalid' ? node.arguments.flatMap(textsOf) : [];
}

/** Returns every message of a warning, an error or a refusal in `src`, with its file. */
export function messagesOfSource(): [message: string, file: string][] {
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  return files.flatMap((file) => {
    const source = ts.createSourceFile(
      file,
      readFileSync(join(SRC, file), 'utf8'),
      ts.ScriptTarget.Latest,
      true,
    );
    const found: [string, string][] = [];
    const visit = (node: ts.Node): void => {
      found.push(...messagesOf(node).map((message): [string, string] => [message, file]));
      ts.forEachChild(node, visit);
    };
    visit(source);
    return found;
  });
}
