// Prints what the compiler finds wrong with a client, and the types of its `Routes` in a form that is easy to compare:
// a name of a type, or { list }, { record }, { object: { name: { optional, type } } }, { oneOf }, { literal }.

import ts from '../e2e/node_modules/typescript/lib/typescript.js';

const options = {
  strict: true,
  noUncheckedIndexedAccess: true,
  noUnusedLocals: true,
  noImplicitOverride: true,
  noEmit: true,
  skipLibCheck: true,
  skipDefaultLibCheck: true,
  types: [],
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ES2022,
  lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts', 'lib.dom.asynciterable.d.ts'],
};
const NAMES = {
  [ts.TypeFlags.Any]: 'unknown',
  [ts.TypeFlags.Unknown]: 'unknown',
  [ts.TypeFlags.String]: 'string',
  [ts.TypeFlags.Number]: 'number',
  [ts.TypeFlags.Null]: 'null',
  [ts.TypeFlags.Void]: 'nothing',
};

const program = ts.createProgram([process.argv[2]], options);
const checker = program.getTypeChecker();
const file = program.getSourceFile(process.argv[2]);

function described(type) {
  if (type.aliasSymbol?.name === 'JSONValue') return 'json';
  if (type.flags in NAMES) return NAMES[type.flags];
  if (type.isStringLiteral()) return { literal: type.value };
  if (type.flags & ts.TypeFlags.BooleanLike && !type.isLiteral()) return 'boolean';
  if (type.isUnion()) return oneOf(type.types);
  if (checker.isArrayType(type)) return { list: described(checker.getTypeArguments(type)[0]) };
  const record = checker.getIndexTypeOfType(type, ts.IndexKind.String);
  return record ? { record: described(record) } : { object: members(type) };
}

function oneOf(types) {
  const all = types.filter((each) => !(each.flags & ts.TypeFlags.Undefined)).map(described).map((each) => JSON.stringify(each));
  const found = [...new Set(all)].sort().map((each) => JSON.parse(each));
  return found.length === 1 ? found[0] : { oneOf: found };
}

function members(type) {
  return Object.fromEntries(checker.getPropertiesOfType(type).map((member) => [member.name, {
    optional: Boolean(member.flags & ts.SymbolFlags.Optional),
    type: described(checker.getTypeOfSymbol(member)),
  }]));
}

const routes = checker.getExportsOfModule(checker.getSymbolAtLocation(file)).find((each) => each.name === 'Routes');
const problems = ts.getPreEmitDiagnostics(program).map((each) => ts.flattenDiagnosticMessageText(each.messageText, '\n'));
const found = members(checker.getDeclaredTypeOfSymbol(routes));
process.stdout.write(JSON.stringify({
  problems,
  routes: Object.fromEntries(Object.entries(found).map(([route, { type }]) => [
    route,
    Object.fromEntries(Object.entries(type.object).map(([part, member]) => [part, member.type])),
  ])),
}));
