// Writes the TypeScript of the first path as JavaScript to the second.

import { readFileSync, writeFileSync } from 'node:fs';
import ts from '../e2e/node_modules/typescript/lib/typescript.js';

const [source, target] = process.argv.slice(2);
const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ES2022 };
writeFileSync(target, ts.transpileModule(readFileSync(source, 'utf8'), { compilerOptions }).outputText);
