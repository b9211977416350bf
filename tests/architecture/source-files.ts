import { builtinModules } from 'node:module';
import { join, relative } from 'node:path';
import { SyntaxKind, type Node, type SourceFile as Parsed } from 'typescript/unstable/ast';
import {
  isAwaitExpression,
  isCallExpression,
  isExportDeclaration,
  isForOfStatement,
  isIdentifier,
  isImportDeclaration,
  isPropertyAccessExpression,
} from 'typescript/unstable/ast/is';
import { createVirtualFileSystem } from 'typescript/unstable/fs';
import { API } from 'typescript/unstable/sync';
import { isTest, ROOT, sourcePaths, withSlashes, type SourceText } from './source-texts.ts';

export interface SourceFile extends SourceText {
  readonly imports: readonly Import[];
  /** Members of `process` that it touches, such as `env`. */
  readonly processMembers: readonly string[];
  /** `require()` of a module with such an await fails, also when it stands behind ten others. */
  readonly awaitsAtTop: boolean;
  readonly functions: readonly FunctionSize[];
}

export interface FunctionSize {
  /** Its first line, as it is written. */
  readonly head: string;
  readonly lines: number;
}

export interface Import {
  /** A path from the root for the project's own files, else the package's name; Node's own are left out. */
  readonly target: string;
  readonly own: boolean;
  /** `import type`: gone at run time, an arrow on the plan all the same. */
  readonly typeOnly: boolean;
  /** `import()`: loaded when it is asked for. */
  readonly dynamic: boolean;
}

const FUNCTIONS: ReadonlySet<SyntaxKind> = new Set([
  SyntaxKind.FunctionDeclaration,
  SyntaxKind.FunctionExpression,
  SyntaxKind.ArrowFunction,
  SyntaxKind.MethodDeclaration,
  SyntaxKind.Constructor,
  SyntaxKind.GetAccessor,
  SyntaxKind.SetAccessor,
]);

/** Every TypeScript file of the project, as the compiler itself reads it, which takes seconds. Its API is young: TypeScript is pinned exactly. */
export function readSourceFiles(root = ROOT): readonly SourceFile[] {
  return parse(new API({ cwd: root }), root, sourcePaths(root));
}

/** The same for files that exist in a test alone. */
export function readTexts(files: Readonly<Record<string, string>>): readonly SourceFile[] {
  const root = '/project/';
  const all = {
    'tsconfig.json': '{"compilerOptions":{"module":"nodenext","allowImportingTsExtensions":true}}',
    ...files,
  };
  const fs = createVirtualFileSystem(
    Object.fromEntries(Object.entries(all).map(([path, text]) => [`${root}${path}`, text])),
  );
  return parse(new API({ cwd: root, fs }), root, Object.keys(files));
}

function parse(api: API, root: string, paths: readonly string[]): readonly SourceFile[] {
  try {
    const config = join(root, 'tsconfig.json');
    const program = api.updateSnapshot({ openProjects: [config] }).getProject(config)?.program;
    return paths.map(path => {
      const parsed = program?.getSourceFile(join(root, path));
      if (parsed === undefined) throw new Error(`tsconfig.json leaves ${path} out: nobody would check it.`);
      return describe(path, root, parsed);
    });
  } finally {
    api.close();
  }
}

function describe(path: string, root: string, parsed: Parsed): SourceFile {
  const processMembers = new Set<string>();
  const awaits = { atTop: false };
  const functions: FunctionSize[] = [];
  look(parsed, node => {
    if (isPropertyAccessExpression(node) && isIdentifier(node.expression) && node.expression.text === 'process') {
      processMembers.add(node.name.text);
    }
    if (isAwaitAtTop(node)) awaits.atTop = true;
    if (FUNCTIONS.has(node.kind)) functions.push(sizeOf(node.getText(parsed)));
  });
  return {
    path,
    text: parsed.text,
    isTest: isTest(path),
    imports: parsed.imports.flatMap(specifier => importOf(specifier, path, root)),
    processMembers: [...processMembers],
    awaitsAtTop: awaits.atTop,
    functions,
  };
}

function sizeOf(text: string): FunctionSize {
  const lines = text.split('\n');
  return { head: lines[0] ?? '', lines: lines.length };
}

function importOf(specifier: Node, path: string, root: string): readonly Import[] {
  const address = 'text' in specifier && typeof specifier.text === 'string' ? specifier.text : '';
  const how = { typeOnly: isTypeOnly(specifier.parent), dynamic: isCallExpression(specifier.parent) };
  if (address.startsWith('.')) {
    return [{ target: withSlashes(relative(root, join(root, path, '..', address))), own: true, ...how }];
  }
  if (address.startsWith('node:') || builtinModules.includes(address)) return [];
  const [scope = '', name = ''] = address.split('/');
  return [{ target: scope.startsWith('@') ? `${scope}/${name}` : scope, own: false, ...how }];
}

function isTypeOnly(declaration: Node): boolean {
  if (isImportDeclaration(declaration)) return declaration.importClause?.phaseModifier === SyntaxKind.TypeKeyword;
  if (isExportDeclaration(declaration)) return declaration.isTypeOnly;
  // `import('x').Y` in a type; a call is the other thing that can stand around a specifier.
  return !isCallExpression(declaration);
}

function isAwaitAtTop(node: Node): boolean {
  if (!isAwaitExpression(node) && !(isForOfStatement(node) && node.awaitModifier !== undefined)) return false;
  for (let around = node.parent; around !== undefined; around = around.parent) {
    if (FUNCTIONS.has(around.kind)) return false;
  }
  return true;
}

function look(node: Node, visit: (node: Node) => void): void {
  visit(node);
  node.forEachChild(child => {
    look(child, visit);
  });
}

/** The room that a file belongs to: `src/queue`, `workers`, `tests`. */
export function roomOf(path: string): string {
  const [first = '', second = ''] = path.split('/');
  if (first !== 'src') return path.includes('/') ? first : 'app';
  return second.endsWith('.ts') ? 'src' : `src/${second}`;
}
