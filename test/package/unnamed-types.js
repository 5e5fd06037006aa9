// Types in the signatures of a package that its user cannot name: `unnamed-types FILE…`, one declaration file for each
// entry point, the main one and the core first, whose types the others may refer to. Prints them as JSON. It uses the
// compiler's API, which TypeScript 7 does not have.

import { dirname, relative } from "node:path";
import ts from "typescript";

const entries = process.argv.slice(2);
const options = { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, strict: true };
const program = ts.createProgram(entries, options);
const checker = program.getTypeChecker();
const folder = dirname(dirname(entries[0]));

const exportsOf = (file) => checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(file)));
const resolved = (symbol) => ((symbol.flags & ts.SymbolFlags.Alias) !== 0 ? checker.getAliasedSymbol(symbol) : symbol);

const doors = entries.map((file) => new Set(exportsOf(file).map(resolved)));
const [main, core = new Set()] = doors;
const missing = doors.flatMap((own, index) =>
  unnamed(own, new Set([...main, ...core, ...own])).map((found) => ({
    entry: relative(folder, entries[index]),
    ...found,
  })),
);
process.stdout.write(`${JSON.stringify(missing)}\n`);

function unnamed(from, named) {
  const seen = new Set(from);
  const found = [];
  // A type that is found is followed as well: what it refers to has to be named next.
  for (const symbol of seen) {
    for (const declaration of symbol.declarations ?? []) {
      if (!isOwn(declaration)) continue;
      for (const used of typesIn(declaration)) {
        if (seen.has(used)) continue;
        seen.add(used);
        if (!named.has(used) && isExported(used)) found.push({ type: used.name, of: symbol.name, file: fileOf(used) });
      }
    }
  }
  return found;
}

function isOwn(node) {
  const path = node.getSourceFile().fileName;
  return path.startsWith(`${folder}/`) && !path.slice(folder.length).includes("/node_modules/");
}

/** A type that its own file keeps to itself is a part of the one that refers to it. */
function isExported({ declarations }) {
  return declarations.some((one) => (ts.getCombinedModifierFlags(one) & ts.ModifierFlags.Export) !== 0);
}

function fileOf({ declarations }) {
  return relative(folder, declarations[0].getSourceFile().fileName);
}

function typesIn(declaration) {
  const found = [];
  const visit = (node) => {
    const name = nameIn(node);
    const symbol = name === undefined ? undefined : checker.getSymbolAtLocation(name);
    if (symbol !== undefined) {
      const type = resolved(symbol);
      const isParameter = (type.flags & ts.SymbolFlags.TypeParameter) !== 0;
      if (!isParameter && type.declarations?.some(isOwn)) found.push(type);
    }
    ts.forEachChild(node, visit);
  };
  visit(declaration);
  return found;
}

/** Not of `typeof` and the name of a table: the type that is made of the table has a name of its own. */
function nameIn(node) {
  if (ts.isTypeReferenceNode(node)) return node.typeName;
  if (ts.isExpressionWithTypeArguments(node)) return node.expression;
  return ts.isImportTypeNode(node) ? node.qualifier : undefined;
}
